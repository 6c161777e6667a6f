//! What does a broken hook do to the others? Nothing, unless a gate asked it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use super::scene::{Log, Yield, counts, entry, finish, ready, table, table_with, vetoes, waits};
use crate::hook::fault::FaultCause;
use crate::hook::mode::{Each, Faults, Gate, Veto};
use crate::hook::policy::FaultPolicy;
use crate::hook::spec::BoxError;
use crate::hook::verdict::Verdict;

async fn errs(_: &Log) -> Result<(), &'static str> {
    Err("wrong")
}

async fn errs_later(log: &Log) -> Result<Verdict, String> {
    waits(log).await;
    Err("later".to_owned())
}

async fn panics(_: &Log) {
    panic!("at once");
}

async fn panics_later(log: &Log) {
    waits(log).await;
    panic!("later {}", 1);
}

fn panics_before(_: &Log) -> Yield {
    panic!("before there is a future");
}

/// Panics when it is polled, and again when it is dropped.
struct Twice;

impl Future for Twice {
    type Output = ();
    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        panic!("polled");
    }
}

impl Drop for Twice {
    fn drop(&mut self) {
        panic!("and dropped");
    }
}

fn panics_twice(_: &Log) -> Twice {
    Twice
}

/// Is ready, and panics when it is dropped.
struct ReadyBomb;

impl Future for ReadyBomb {
    type Output = ();
    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
}

impl Drop for ReadyBomb {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

fn panics_in_drop(_: &Log) -> ReadyBomb {
    ReadyBomb
}

/// An error that cannot be told.
struct Worse;

impl From<Worse> for BoxError {
    fn from(_: Worse) -> Self {
        panic!("while it was converted");
    }
}

async fn errs_worse(_: &Log) -> Result<(), Worse> {
    Err(Worse)
}

#[test]
fn the_others_are_called_and_each_fault_is_counted() {
    let log = Log::default();
    let table = table([
        entry(errs),
        entry(errs_later),
        entry(panics),
        entry(panics_later),
        entry(panics_before),
        entry(panics_twice),
        entry(panics_in_drop),
        entry(errs_worse),
        entry(ready),
    ]);
    let mut told = Vec::new();
    finish(table.call(&log, Each(|plugin: &str, _: Verdict| told.push(plugin.to_owned()))));
    assert_eq!(told, ["8"]);
    let (error, panic) = ([1, 1, 0, 0], [1, 0, 1, 0]);
    assert_eq!(counts(&table), [error, error, panic, panic, panic, panic, panic, panic, [1, 0, 0, 0]]);
}

#[test]
#[cfg_attr(miri, ignore = "leaks on purpose: a payload that panics when it is dropped is not dropped")]
fn a_payload_that_panics_when_it_is_dropped_is_not() {
    async fn panics_with_a_bomb(_: &Log) {
        struct Payload;
        impl Drop for Payload {
            fn drop(&mut self) {
                panic!("dropped");
            }
        }
        std::panic::panic_any(Payload);
    }
    let table = table([entry(panics_with_a_bomb)]);
    finish(table.call(&Log::default(), Veto::default()));
    assert_eq!(counts(&table), [[1, 0, 1, 0]]);
}

#[test]
fn a_gate_ends_at_the_first_fault_and_says_which() {
    let log = Log::default();
    let table = table([entry(ready), entry(panics_later), entry(vetoes)]);
    let fault = finish(table.call(&log, Gate::new(Veto::default()))).0.unwrap_err();
    assert_eq!(fault.to_string(), "plugin `1`, hook `on_test` (f.rs:1:1) panicked: later 1");
    assert!(matches!(fault.cause(), FaultCause::Panic(_)));
    assert_eq!(counts(&table), [[1, 0, 0, 0], [1, 0, 1, 0], [0, 0, 0, 0]]);
}

#[test]
fn a_gate_passes_over_faults_of_isolated_plugins() {
    let log = Log::default();
    let table = table_with([entry(panics), entry(errs), entry(vetoes)], FaultPolicy::Isolate, None);
    let said = finish(table.call(&log, Gate::new(Veto::default()))).0.unwrap().unwrap();
    assert_eq!(&*said.plugin, "2");
}

#[test]
fn a_fault_that_has_consequences_is_given_beside_what_the_others_say() {
    for (policy, is_given) in
        [(FaultPolicy::FailJob, true), (FaultPolicy::Halt, true), (FaultPolicy::ByHook, false)]
    {
        let log = Log::default();
        let table = table_with([entry(panics), entry(errs), entry(vetoes)], policy, None);
        let (said, fault) = finish(table.call(&log, Faults::new(Veto::default()))).0;
        assert_eq!(&*said.unwrap().plugin, "2", "the others are called");
        assert_eq!(fault.map(|it| it.plugin() == "0" && it.policy() == policy), is_given.then_some(true));
    }
}

#[test]
fn a_panic_of_the_callers_closure_is_the_callers() {
    let (log, table) = (Log::default(), table([entry(waits), entry(ready)]));
    let mode = Each(|_: &str, _: Verdict| panic!("the caller"));
    let dispatch = table.call(&log, mode);
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| finish(dispatch)));
    assert!(caught.is_err());
    assert_eq!(log.lines().last().unwrap(), "waits dropped");
}

async fn hangs(log: &Log) {
    log.add("hangs");
    std::future::pending::<()>().await;
}

async fn sleeps(log: &Log) {
    tokio::time::sleep(Duration::from_millis(30)).await;
    log.add("slept");
}

#[test]
fn a_hook_that_waits_too_long_is_dropped_and_the_next_is_called() {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let log = Log::default();
    let limit = Duration::from_millis(50);
    let table = table_with(
        [entry(hangs), entry(sleeps), entry(waits), entry(hangs), entry(ready)],
        FaultPolicy::ByHook,
        Some(limit),
    );
    let begun = runtime.block_on(async {
        let begun = tokio::time::Instant::now();
        table.call(&log, Veto::default()).await;
        begun.elapsed()
    });
    assert_eq!(log.lines(), ["hangs", "slept", "wa", "waits", "waits dropped", "hangs", "ready"]);
    assert_eq!(counts(&table).iter().map(|it| it[3]).collect::<Vec<_>>(), [1, 0, 0, 1, 0]);
    assert!((130..140).contains(&begun.as_millis()), "{begun:?}");
}
