//! Is each future awaited where it was made, whatever its size, and whoever polls?

use super::scene::{Dropped, Log, Spec, Yield, entry, finish, poll, ready, table, vetoes, waits};
use crate::hook::dispatch::Dispatch;
use crate::hook::mode::{All, Each, First, Mode, Veto};
use crate::hook::table::Source;
use crate::hook::verdict::Verdict;

async fn large(log: &Log) {
    let _dropped = Dropped(log, "large dropped");
    let mut held = [7_u8; 1000];
    Yield::default().await;
    held[999] += 1;
    log.add(&format!("large {}", held.iter().map(|it| usize::from(*it)).sum::<usize>()));
}

#[repr(align(128))]
struct Aligned(u8);

async fn aligned(log: &Log) {
    let held = Aligned(5);
    Yield::default().await;
    log.add(&format!("aligned {} {}", held.0, (&raw const held).addr() % 128));
}

/// A future without a size.
struct Nothing;

impl Future for Nothing {
    type Output = ();
    fn poll(self: std::pin::Pin<&mut Self>, _: &mut std::task::Context<'_>) -> std::task::Poll<()> {
        std::task::Poll::Ready(())
    }
}

fn nothing(_: &Log) -> Nothing {
    Nothing
}

#[test]
fn futures_of_all_kinds_are_awaited_one_after_the_other() {
    let log = Log::default();
    let table =
        table([entry(ready), entry(waits), entry(large), entry(nothing), entry(aligned), entry(ready)]);
    let ((), polls) = finish(table.call(&log, Each(|plugin: &str, _: Verdict| log.add(plugin))));
    assert_eq!(polls, 5);
    let told = [
        "ready",
        "0",
        "wa",
        "waits",
        "waits dropped",
        "1",
        "large 7001",
        "large dropped",
        "2",
        "3",
        "aligned 5 0",
        "4",
        "ready",
        "5",
    ];
    assert_eq!(log.lines(), told);
}

#[test]
fn the_first_that_does_not_abstain_is_the_last_that_is_called() {
    let log = Log::default();
    let table = table([entry(waits), entry(vetoes), entry(ready)]);
    let said = finish(table.call(&log, First::default())).0.unwrap();
    assert_eq!((&*said.plugin, said.value), ("1", Verdict::veto("no")));
    let said = finish(table.call(&log, Veto::default())).0.unwrap();
    assert_eq!((&*said.plugin, &*said.value), ("1", "no"));
    assert!(!log.lines().contains(&"ready".to_owned()));
}

#[test]
fn nobody_is_nobody() {
    let log = Log::default();
    assert_eq!(finish(table([]).call(&log, Veto::default())), (None, 1));
}

#[test]
fn threads_may_take_turns() {
    let log = Log::default();
    let table = table([entry(waits), entry(large), entry(aligned)]);
    let mut dispatch = Box::pin(table.call(&log, Each(|_: &str, _: Verdict| ())));
    let polls = std::iter::from_fn(|| {
        let pending =
            std::thread::scope(|scope| scope.spawn(|| poll(dispatch.as_mut()).is_pending()).join().unwrap());
        pending.then_some(())
    });
    assert_eq!(polls.count(), 4);
}

#[test]
fn many_may_call_at_once() {
    let table = table([entry(waits), entry(vetoes), entry(ready)]);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..20).for_each(|_| drop(finish(table.call(&Log::default(), Veto::default())))));
        }
    });
    assert_eq!(super::scene::counts(&table), [[80, 0, 0, 0], [80, 0, 0, 0], [0, 0, 0, 0]]);
}

#[test]
#[should_panic(expected = "polled after it was ready")]
fn what_is_ready_is_not_polled_again() {
    let (log, table) = (Log::default(), table([entry(ready)]));
    let mut dispatch = Box::pin(table.call(&log, Veto::default()));
    assert!(poll(dispatch.as_mut()).is_ready());
    let _ = poll(dispatch.as_mut());
}

struct NotSend(std::marker::PhantomData<*const ()>);

impl Mode<Verdict> for NotSend {
    type Out = ();
    fn take(&mut self, _: &Source, _: Verdict) -> std::ops::ControlFlow<()> {
        std::ops::ControlFlow::Continue(())
    }
    fn finish(self) {}
}

/// Whether a type is `Send`, asked without requiring it: the inherent constant is found first, where it exists.
macro_rules! is_send {
    ($ty:ty) => {{
        #[allow(dead_code, reason = "found or not, that is the question")]
        trait Not {
            const SEND: bool = false;
        }
        impl<T> Not for T {}
        struct Is<T>(std::marker::PhantomData<T>);
        #[allow(dead_code, reason = "found or not, that is the question")]
        impl<T: Send> Is<T> {
            const SEND: bool = true;
        }
        Is::<$ty>::SEND
    }};
}

#[test]
fn a_dispatch_is_send_as_far_as_its_parts_are() {
    assert!(is_send!(Dispatch<'static, Spec, All>));
    assert!(!is_send!(Dispatch<'static, Spec, NotSend>));
}
