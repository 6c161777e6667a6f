//! Whose command runs now? A few at once, and of jobs that wait for that, who asked first: without a slot, where it can wait.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, SemaphorePermit};

/// After this, who is in the line is asked about again. It is short, so that commands follow each other closely.
pub(super) const SOON: Duration = Duration::from_secs(1);
/// Who was not asked about for so long asks no more: it was killed, or the run stands still.
const GONE: Duration = Duration::from_secs(10);

/// The commands that may run at once.
#[derive(Debug)]
pub(super) struct Turns {
    permits: Semaphore,
    /// Of those for jobs that do not wait without a slot: these have theirs in any case.
    at_once: Semaphore,
    /// Jobs that wait for one, and when each was asked about last. The engine holds back a bounded number of jobs.
    line: Mutex<VecDeque<(usize, Instant)>>,
}

impl Turns {
    /// So many at once of either kind. Of those that wait, one less than there are slots, where that is more than none: a job without a
    /// rule finds one.
    pub(super) fn new(most: usize, forks: usize) -> Self {
        let waiting = most.min(forks.saturating_sub(1)).max(1);
        Self { permits: Semaphore::new(waiting), at_once: Semaphore::new(most), line: Mutex::default() }
    }

    /// For one that cannot wait otherwise.
    pub(super) async fn wait(&self) -> Option<SemaphorePermit<'_>> {
        // Nobody closes it.
        self.at_once.acquire().await.ok()
    }

    /// `None`: others are before this job, which has its place in the line.
    pub(super) fn take(&self, index: usize) -> Option<SemaphorePermit<'_>> {
        let now = Instant::now();
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        line.retain(|(other, asked)| *other == index || now.duration_since(*asked) < GONE);
        let place = line.iter().position(|(other, _)| *other == index).unwrap_or_else(|| {
            line.push_back((index, now));
            line.len() - 1
        });
        let permit =
            if place < self.permits.available_permits() { self.permits.try_acquire().ok() } else { None };
        match &permit {
            Some(_) => drop(line.remove(place)),
            None => line[place].1 = now,
        }
        permit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asked_first_is_next_and_nobody_is_waited_for() {
        let turns = Turns::new(4, 3);
        let (first, second) = (turns.take(7), turns.take(8));
        assert!(first.is_some() && second.is_some(), "of three slots one is for others");
        assert!(turns.take(9).is_none() && turns.take(3).is_none());
        drop(first);
        assert!(turns.take(3).is_none() && turns.take(7).is_none(), "9 has asked before");
        assert!(turns.take(9).is_some_and(|_| true));
        assert!(turns.take(3).is_some_and(|_| true), "the next, as 9 has ended");
    }

    #[test]
    fn one_that_asks_no_more_holds_nobody_up() {
        let turns = Turns::new(4, 1);
        let running = turns.take(0);
        assert!(turns.take(1).is_none() && turns.take(2).is_none());
        drop(running);
        let old = Instant::now().checked_sub(GONE).unwrap();
        turns.line.lock().unwrap()[0].1 = old;
        assert!(turns.take(2).is_some(), "1 has gone");
    }
}
