//! What do the tests call? A family of one hook, its implementations, and a log of what they did.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::hook::cost::HookCost;
use crate::hook::dispatch::AsyncEntry;
use crate::hook::meta::{CrateId, HookMeta, Place};
use crate::hook::policy::FaultPolicy;
use crate::hook::spec::{AsyncHook, HookSpec, IntoHook};
use crate::hook::table::{Slot, Source, Table};
use crate::hook::verdict::Verdict;

/// The hook: it is given the log, and may veto.
pub(super) enum Spec {}

impl HookSpec for Spec {
    type Args<'a> = &'a Log;
    type Output = Verdict;
    const FAMILY: &'static str = "Tests";
    const NAME: &'static str = "on_test";
}

#[derive(Debug, Default)]
pub(super) struct Log(Mutex<Vec<String>>);

impl Log {
    pub(super) fn add(&self, line: &str) {
        self.0.lock().unwrap().push(line.to_owned());
    }

    pub(super) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

/// Says so when it is dropped.
pub(super) struct Dropped<'a>(pub(super) &'a Log, pub(super) &'static str);

impl Drop for Dropped<'_> {
    fn drop(&mut self) {
        self.0.add(self.1);
    }
}

/// Is pending once, and wakes its task at once.
#[derive(Default)]
pub(super) struct Yield(bool);

impl Future for Yield {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

static META: HookMeta = HookMeta {
    family: "Tests",
    hook: "on_test",
    function: "f",
    is_async: true,
    priority: None,
    before: &[],
    after: &[],
    place: Place {
        krate: CrateId { package: "p", version: "0.0.0", name: "p", binary: None },
        module: "p",
        file: "f.rs",
        line: 1,
        column: 1,
    },
    twin: (1, 1, 0),
};

pub(super) type Entry = AsyncEntry<Spec>;

pub(super) fn entry<F, R, M>(hook: F) -> Entry
where
    F: for<'a> AsyncHook<'a, Spec, R>,
    R: IntoHook<Verdict, M>,
{
    AsyncEntry::new(hook, &META)
}

/// A table of these, of plugins named by their place.
pub(super) fn table(entries: impl IntoIterator<Item = Entry>) -> Table<Entry> {
    table_with(entries, FaultPolicy::ByHook, None)
}

pub(super) fn table_with(
    entries: impl IntoIterator<Item = Entry>,
    policy: FaultPolicy,
    limit: Option<Duration>,
) -> Table<Entry> {
    let slot = |(at, entry): (usize, Entry)| {
        let source = Source { plugin: at.to_string().into(), meta: &META };
        Slot { at, entry, source, policy, watch: None, limit }
    };
    Table::of(entries.into_iter().enumerate().map(slot).collect(), Arc::default())
}

/// Polls once.
pub(super) fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Polls until it is ready; gives the number of polls too.
pub(super) fn finish<F: Future>(future: F) -> (F::Output, usize) {
    let mut future = std::pin::pin!(future);
    for polls in 1.. {
        if let Poll::Ready(result) = poll(future.as_mut()) {
            return (result, polls);
        }
    }
    unreachable!("it is never ready")
}

/// Calls, errors, panics and time-outs of each implementation.
pub(super) fn counts(table: &Table<Entry>) -> Vec<[u64; 4]> {
    let counts = |it: HookCost| [it.calls, it.errors, it.panics, it.timeouts];
    table.cost.read().into_iter().map(counts).collect()
}

pub(super) async fn ready(log: &Log) {
    log.add("ready");
}

/// Waits twice, with borrows of its own and of the arguments across the awaits.
pub(super) async fn waits(log: &Log) {
    let _dropped = Dropped(log, "waits dropped");
    let own = String::from("waits");
    let (begins, borrowed) = (&own[..2], &own);
    Yield::default().await;
    log.add(begins);
    Yield::default().await;
    log.add(borrowed);
}

pub(super) async fn vetoes(log: &Log) -> Verdict {
    log.add("vetoes");
    Verdict::veto("no")
}
