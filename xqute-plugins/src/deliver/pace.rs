//! When may the next message be written, and when is the next attempt due?

use std::collections::VecDeque;
use std::time::{Duration, Instant};

const HOUR: Duration = Duration::from_secs(3600);
/// The wait after the first failed attempt; it doubles
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// up to this.
const LONGEST_WAIT: Duration = Duration::from_secs(300);
/// No receiver is waited for longer than this, whatever it says.
const LONGEST_ASKED: Duration = Duration::from_secs(24 * 3600);
/// After so many failed attempts in a row the end of a run waits no longer.
const LAST_ATTEMPT: u32 = 4;

/// The limit of messages an hour.
#[derive(Debug)]
pub(super) struct Hourly {
    most: usize,
    last: VecDeque<Instant>,
}

impl Hourly {
    pub(super) fn new(most: u32) -> Self {
        Self { most: usize::try_from(most).unwrap_or(usize::MAX), last: VecDeque::new() }
    }

    /// From when on another one is allowed; `None`: never.
    pub(super) fn next(&mut self, now: Instant) -> Option<Instant> {
        while self.last.front().is_some_and(|it| now.duration_since(*it) >= HOUR) {
            self.last.pop_front();
        }
        match self.most {
            0 => None,
            most if self.last.len() < most => Some(now),
            _ => self.last.front().map(|it| *it + HOUR),
        }
    }

    /// One was written.
    pub(super) fn count(&mut self, now: Instant) {
        self.last.push_back(now);
    }
}

/// The waits between attempts.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    /// So many failed since one succeeded.
    failed: u32,
    next: Option<Instant>,
    /// Whether the receiver said when.
    was_asked: bool,
}

impl Attempts {
    pub(super) fn succeeded(&mut self) {
        *self = Self::default();
    }

    pub(super) fn failed(&mut self, now: Instant, asked: Option<Duration>) {
        let wait = FIRST_WAIT.saturating_mul(1 << self.failed.min(16)).min(LONGEST_WAIT);
        self.failed = self.failed.saturating_add(1);
        self.next = Some(now + wait.max(asked.unwrap_or_default().min(LONGEST_ASKED)));
        self.was_asked = asked.is_some();
    }

    /// From when on the next is allowed; `None`: now.
    pub(super) fn next(&self) -> Option<Instant> {
        self.next
    }

    /// Whether the end of the run, which waits until then, need not wait for another.
    pub(super) fn are_hopeless(&self, until: Instant) -> bool {
        self.failed >= LAST_ATTEMPT || self.next.is_some_and(|it| it >= until)
    }

    /// The run has ended: a receiver that is down is tried once more at once, unless it said when.
    pub(super) fn hurry(&mut self) {
        self.failed = self.failed.min(LAST_ATTEMPT - 1);
        if !self.was_asked {
            self.next = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(begin: Instant, at: Option<Instant>) -> Option<u128> {
        at.map(|it| it.duration_since(begin).as_millis())
    }

    #[test]
    fn no_hour_has_more_than_the_limit() {
        let begin = Instant::now();
        let at = |minutes: u64| begin + Duration::from_secs(60 * minutes);
        let mut hourly = Hourly::new(2);
        for minute in [0, 10] {
            assert_eq!(hourly.next(at(minute)), Some(at(minute)));
            hourly.count(at(minute));
        }
        assert_eq!(hourly.next(at(20)), Some(at(60)));
        assert_eq!(hourly.next(at(60)), Some(at(60)));
        hourly.count(at(60));
        assert_eq!(hourly.next(at(61)), Some(at(70)));
        assert_eq!(Hourly::new(0).next(begin), None);
    }

    #[test]
    fn waits_double_unless_the_receiver_says_more() {
        let begin = Instant::now();
        let mut attempts = Attempts::default();
        let mut waits = Vec::new();
        for _ in 0..12 {
            attempts.failed(begin, None);
            waits.extend(after(begin, attempts.next()));
        }
        assert_eq!(waits[..4], [500, 1000, 2000, 4000]);
        assert_eq!(waits[11], 300_000);
        attempts.succeeded();
        attempts.failed(begin, Some(Duration::from_secs(7)));
        assert_eq!(after(begin, attempts.next()), Some(7000));
        attempts.failed(begin, Some(Duration::MAX));
        assert_eq!(after(begin, attempts.next()), Some(24 * 3600 * 1000));
    }

    #[test]
    fn the_end_of_a_run_asks_who_is_down_once_more_and_waits_for_who_said_when() {
        let begin = Instant::now();
        let until = begin + Duration::from_secs(10);
        let mut down = Attempts::default();
        (0..9).for_each(|_| down.failed(begin, None));
        down.hurry();
        assert!(down.next().is_none() && !down.are_hopeless(until));
        down.failed(begin, None);
        assert!(down.are_hopeless(until));
        for (seconds, hopeless) in [(3, false), (30, true)] {
            let mut busy = Attempts::default();
            busy.failed(begin, Some(Duration::from_secs(seconds)));
            busy.hurry();
            assert!(busy.next().is_some());
            assert_eq!(busy.are_hopeless(until), hopeless, "{seconds}");
        }
    }
}
