//! When may the next job start, though there is room for it? Not sooner than asked, and not while the machine is busy.

use std::fmt;
use std::fs;
use std::io;
use std::time::Duration;

use tokio::time::Instant;

/// After a start the machine is looked at so much later: by then the job shows.
const SETTLED: Duration = Duration::from_millis(100);
/// A machine that was too busy is looked at again so much later.
const AGAIN: Duration = Duration::from_secs(1);

/// What holds starts back.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Throttle {
    /// From one start to the next.
    pub(super) delay: Option<Duration>,
    /// No start while so many threads run or wait for a disk.
    pub(super) load: Option<f64>,
    /// No start while less memory is available, in bytes. Where it is less than half of that, a job makes room.
    pub(super) memory: Option<u64>,
}

impl Throttle {
    /// Whether each start waits for something.
    pub(super) fn is_set(&self) -> bool {
        self.delay.is_some() || self.looks()
    }

    /// Whether the machine is looked at, before the first start too.
    pub(super) fn looks(&self) -> bool {
        self.load.is_some() || self.memory.is_some()
    }

    fn allows(&self) -> bool {
        self.load.is_none_or(|most| told("/proc/stat", busy).is_none_or(|now| now < most))
            && self.memory.is_none_or(|least| told("/proc/meminfo", available).is_none_or(|now| now >= least))
    }
}

/// The options of the command line, one after the other.
impl fmt::Display for Throttle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            self.delay.map(|it| format!("--delay {it:?}")),
            self.load.map(|it| format!("--load {it}")),
            self.memory.map(|it| format!("--memfree {it}")),
        ];
        f.write_str(&parts.into_iter().flatten().collect::<Vec<_>>().join(" "))
    }
}

/// When the next start is to be allowed.
#[derive(Debug)]
pub(super) struct Pace {
    throttle: Throttle,
    due: Option<Instant>,
    begun: bool,
    /// When the memory is looked at again, for those that run.
    look: Option<Instant>,
}

impl Pace {
    pub(super) fn new(throttle: Throttle) -> Self {
        let look = throttle.memory.and_then(|_| Instant::now().checked_add(AGAIN));
        Self { throttle, due: None, begun: false, look }
    }

    /// Starts are held back from now on, if they were not.
    pub(super) fn hold(&mut self, now: Instant) {
        if self.due.is_some() {
            return;
        }
        let settled = if self.throttle.looks() { SETTLED } else { Duration::ZERO };
        // Before the first start there is nothing to wait for.
        let wait =
            if self.begun { self.throttle.delay.unwrap_or_default().max(settled) } else { Duration::ZERO };
        self.begun = true;
        self.due = now.checked_add(wait);
    }

    /// Nothing is held back: who was about to start did not.
    pub(super) fn rest(&mut self) {
        self.due = None;
    }

    /// When it is to be asked again.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// When those that run are to be looked at.
    pub(super) fn look(&self) -> Option<Instant> {
        self.look
    }

    /// Whether one of those that run has to make room, now: at half of what a start needs, as with GNU parallel.
    pub(super) fn is_short(&mut self, now: Instant) -> bool {
        let (Some(look), Some(least)) = (self.look, self.throttle.memory) else { return false };
        if now < look {
            return false;
        }
        self.look = now.checked_add(AGAIN);
        told("/proc/meminfo", available).is_some_and(|now| now < least / 2)
    }

    /// Whether the next start is allowed, now.
    pub(super) fn allows(&mut self, now: Instant) -> bool {
        if self.due.is_none_or(|due| now < due) {
            return false;
        }
        let allows = self.throttle.allows();
        self.due = if allows { None } else { now.checked_add(AGAIN) };
        allows
    }
}

/// What a file of the system says. One that cannot be read holds nothing back for ever.
fn told<T>(path: &str, read: fn(&str) -> Option<T>) -> Option<T> {
    let text = fs::read_to_string(path).and_then(|text| read(&text).ok_or(io::ErrorKind::InvalidData.into()));
    text.inspect_err(|error| tracing::warn!("{path} does not tell how busy this machine is: {error}")).ok()
}

/// How many threads run or wait for a disk, but for the one that asks.
fn busy(stat: &str) -> Option<f64> {
    let running = f64::from(u32::try_from(number(stat, "procs_running ")?).ok()?);
    let blocked = f64::from(u32::try_from(number(stat, "procs_blocked ")?).ok()?);
    Some((running - 1.0).max(0.0) + blocked)
}

/// In bytes.
fn available(meminfo: &str) -> Option<u64> {
    number(meminfo, "MemAvailable:")?.checked_mul(1024)
}

fn number(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_the_system_are_read() {
        assert_eq!(busy("cpu 1 2\nprocs_running 4\nprocs_blocked 2\n"), Some(5.0));
        assert_eq!(busy("cpu 1 2\n"), None);
        assert_eq!(available("MemTotal: 9 kB\nMemAvailable:    2048 kB\n"), Some(2 << 20));
        assert!(told("/proc/stat", busy).is_some() && told("/proc/meminfo", available) > Some(0));
        assert_eq!(told("/proc/none", busy), None);
    }

    #[test]
    fn what_holds_back_is_told_as_it_is_typed() {
        let delay = Some(Duration::from_millis(500));
        assert_eq!(
            Throttle { delay, load: Some(1.5), memory: Some(7) }.to_string(),
            "--delay 500ms --load 1.5 --memfree 7"
        );
        assert_eq!(Throttle::default().to_string(), "");
    }

    #[test]
    fn starts_keep_their_distance() {
        let mut pace = Pace::new(Throttle { delay: Some(Duration::from_secs(3)), ..Throttle::default() });
        let (begun, second) = (Instant::now(), Duration::from_secs(1));
        pace.hold(begun);
        assert!(pace.allows(begun), "the first one waits for nothing");
        pace.hold(begun);
        pace.hold(begun + second);
        assert!(!pace.allows(begun + second) && pace.due() == Some(begun + 3 * second));
        assert!(pace.allows(begun + 3 * second) && pace.due().is_none());
    }

    #[test]
    fn memory_is_looked_at_once_a_second_and_half_of_it_is_short() {
        let begun = Instant::now();
        for (memory, short) in [(Some(u64::MAX), true), (Some(2), false), (None, false)] {
            let mut pace = Pace::new(Throttle { memory, ..Throttle::default() });
            assert!(!pace.is_short(begun), "not before a second is over");
            assert_eq!(pace.is_short(begun + 2 * AGAIN), short, "{memory:?}");
            assert!(!pace.is_short(begun + 2 * AGAIN), "and once a second");
            assert_eq!(pace.look(), memory.map(|_| begun + 3 * AGAIN));
        }
    }

    #[test]
    fn a_busy_machine_is_looked_at_again() {
        let full = Throttle { memory: Some(u64::MAX), ..Throttle::default() };
        let (mut pace, begun) = (Pace::new(full), Instant::now());
        pace.hold(begun);
        assert!(!pace.allows(begun) && pace.due() == Some(begun + AGAIN));
        let mut pace = Pace::new(Throttle { load: Some(f64::INFINITY), memory: Some(1), delay: None });
        pace.hold(begun);
        assert!(pace.allows(begun));
        pace.hold(begun);
        assert_eq!(pace.due(), Some(begun + SETTLED));
    }
}
