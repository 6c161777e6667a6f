//! When is something to happen? A queue of the timers of jobs.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use tokio::time::Instant;

use super::treaty::Timer;

/// A job's timer.
type Key = (usize, Timer);

/// The timers that run.
#[derive(Debug, Default)]
pub(super) struct Timers {
    queue: BTreeSet<(Instant, Key)>,
    /// When each is due, so that it can be stopped.
    due: HashMap<Key, Instant>,
}

impl Timers {
    /// Starts a timer, anew if it runs; `None` stops it.
    pub(super) fn set(&mut self, index: usize, timer: Timer, after: Option<Duration>, now: Instant) {
        let key = (index, timer);
        if let Some(due) = self.due.remove(&key) {
            self.queue.remove(&(due, key));
        }
        // What lies beyond the clock's end never comes.
        if let Some(due) = after.and_then(|after| now.checked_add(after)) {
            self.due.insert(key, due);
            self.queue.insert((due, key));
        }
    }

    /// When the next is due.
    pub(super) fn next(&self) -> Option<Instant> {
        self.queue.first().map(|(due, _)| *due)
    }

    /// Takes one that is due.
    pub(super) fn pop(&mut self, now: Instant) -> Option<Key> {
        let (due, key) = *self.queue.first()?;
        if due > now {
            return None;
        }
        self.queue.pop_first();
        self.due.remove(&key);
        Some(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_come_in_their_order_and_a_stopped_one_never() {
        let (mut timers, begun) = (Timers::default(), Instant::now());
        let at = |seconds| begun + Duration::from_secs(seconds);
        let mut set = |index, timer, seconds: Option<u64>| {
            timers.set(index, timer, seconds.map(Duration::from_secs), begun);
        };
        set(0, Timer::Grace, Some(3));
        set(1, Timer::Grace, Some(2));
        set(0, Timer::Timeout, Some(1));
        set(0, Timer::Grace, Some(4));
        set(1, Timer::Grace, None);
        set(2, Timer::Timeout, Some(u64::MAX));
        assert_eq!((timers.next(), timers.pop(begun)), (Some(at(1)), None));
        assert_eq!(timers.pop(at(9)), Some((0, Timer::Timeout)));
        assert_eq!(timers.pop(at(9)), Some((0, Timer::Grace)));
        assert_eq!((timers.pop(at(9)), timers.next(), timers.due.len()), (None, None, 0));
    }
}
