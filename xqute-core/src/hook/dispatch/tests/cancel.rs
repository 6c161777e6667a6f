//! What is left when a dispatch is dropped half-way? Nothing, and the counts say who was called.

use super::scene::{Dropped, Log, Yield, counts, entry, poll, ready, table, waits};
use crate::hook::mode::Veto;

async fn large(log: &Log) {
    let _dropped = Dropped(log, "large dropped");
    let held = [1_u8; 600];
    Yield::default().await;
    log.add(&format!("large {}", held[599]));
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

async fn bomb(_: &Log) {
    let _bomb = Bomb;
    Yield::default().await;
    std::future::pending::<()>().await;
}

#[test]
fn at_every_await() {
    let calls_after = [[0, 0, 0, 0], [1, 1, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 1, 1]];
    let waiting_after = [[0, 0, 0, 0], [0, 1, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]];
    for (polls, expected) in calls_after.into_iter().enumerate() {
        let (log, table) = (Log::default(), table([entry(ready), entry(waits), entry(large), entry(waits)]));
        let mut dispatch = Box::pin(table.call(&log, Veto::default()));
        assert!((0..polls).all(|_| poll(dispatch.as_mut()).is_pending()));
        let waiting = || table.cost.read().iter().map(|it| it.waiting).collect::<Vec<_>>();
        assert_eq!(waiting(), waiting_after[polls], "after {polls} polls");
        drop(dispatch);
        assert_eq!(waiting(), [0; 4]);
        let dropped = |line: &str| log.lines().iter().map(|it| u64::from(it == line)).sum::<u64>();
        assert_eq!(
            counts(&table).iter().map(|it| it[0]).collect::<Vec<_>>(),
            expected,
            "after {polls} polls"
        );
        assert_eq!(dropped("waits dropped"), expected[1] + expected[3]);
        assert_eq!(dropped("large dropped"), expected[2]);
    }
}

#[test]
fn a_panic_in_the_drop_is_counted_and_goes_no_further() {
    let (log, table) = (Log::default(), table([entry(bomb), entry(ready)]));
    let mut dispatch = Box::pin(table.call(&log, Veto::default()));
    assert!(poll(dispatch.as_mut()).is_pending());
    drop(dispatch);
    assert_eq!(counts(&table), [[1, 0, 1, 0], [0, 0, 0, 0]]);
}

#[test]
fn a_dispatch_that_was_never_polled_called_nobody() {
    let (log, table) = (Log::default(), table([entry(ready)]));
    drop(table.call(&log, Veto::default()));
    assert_eq!(counts(&table), [[0, 0, 0, 0]]);
}

#[test]
#[cfg_attr(miri, ignore = "leaks on purpose")]
fn a_leaked_dispatch_harms_no_other() {
    let (log, table) = (Log::default(), table([entry(waits)]));
    let mut leaked = Box::pin(table.call(&log, Veto::default()));
    assert!(poll(leaked.as_mut()).is_pending());
    std::mem::forget(leaked);
    assert_eq!(super::scene::finish(table.call(&log, Veto::default())).1, 3);
}
