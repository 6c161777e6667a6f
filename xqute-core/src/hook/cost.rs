//! What do the plugins cost? Calls, faults and time, counted without slowing the calls down.
//!
//! A locked add costs more than a hook does, so each dispatch is counted once, for all implementations of the hook
//! together, and in a cell that one thread alone writes; the few threads beyond those cells share one with a locked
//! add. A dispatch that ends early says after whom, and the calls of each implementation follow from that exactly.
//!
//! Reading the clock costs ten times as much as a hook: the first [`TIMED_FIRST`] dispatches of a thread are timed,
//! then one in [`TIMED_ONE_IN`], which counts for as many.
//!
//! A call that waits is counted while it does, in such cells too: one that does not costs nothing for that.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};
use std::time::{Duration, Instant};

use super::fault::FaultCause;
use super::table::Source;

/// So many dispatches of a hook by one thread are each timed.
pub const TIMED_FIRST: u64 = 64;
/// After those, one in so many is timed.
pub const TIMED_ONE_IN: u64 = 1024;

/// The cells of a counter: each but the last belongs to one thread.
const CELLS: usize = 16;
const SHARED: usize = CELLS - 1;
const UNSET: usize = usize::MAX;

/// The cells that living threads own, one bit each. All that is process-wide here is which thread has which number.
static OWNED: AtomicU32 = AtomicU32::new(0);

thread_local! {
    static CELL: Cell<usize> = const { Cell::new(UNSET) };
    static LEASE: Lease = Lease::take();
}

/// A thread's cell, given back when the thread ends.
struct Lease(usize);

impl Lease {
    fn take() -> Self {
        let free = |owned: u32| {
            let cell = owned.trailing_ones() as usize;
            (cell < SHARED).then_some(owned | (1 << cell))
        };
        match OWNED.fetch_update(Acquire, Relaxed, free) {
            Ok(owned) => Self(owned.trailing_ones() as usize),
            Err(_) => Self(SHARED),
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        CELL.set(SHARED);
        if self.0 != SHARED {
            // Release: the next owner of the cell must see what this thread counted.
            OWNED.fetch_and(!(1 << self.0), Release);
        }
    }
}

#[repr(align(64))]
#[derive(Debug, Default)]
struct Padded(AtomicU64);

/// How often something happened, exact, without a locked add for the first fifteen threads.
#[derive(Debug, Default)]
struct Count([Padded; CELLS]);

impl Count {
    /// Counts one; returns how many this thread's cell had before.
    #[inline]
    fn tick(&self) -> u64 {
        self.add(1)
    }

    /// Counts one back, maybe on another thread than the one that counted it.
    #[inline]
    fn untick(&self) {
        self.add(u64::MAX);
    }

    /// Adds, around the end of the numbers.
    #[inline]
    fn add(&self, number: u64) -> u64 {
        let cell = CELL.get();
        if cell < SHARED {
            let count = &self.0[cell].0;
            let before = count.load(Relaxed);
            count.store(before.wrapping_add(number), Relaxed);
            return before;
        }
        self.add_slowly(number)
    }

    #[cold]
    fn add_slowly(&self, number: u64) -> u64 {
        if CELL.get() == UNSET {
            // A thread that is ending has no lease to take: it shares.
            CELL.set(LEASE.try_with(|lease| lease.0).unwrap_or(SHARED));
            return self.add(number);
        }
        self.0[SHARED].0.fetch_add(number, Relaxed)
    }

    fn sum(&self) -> u64 {
        self.0.iter().fold(0, |sum, cell| sum.wrapping_add(cell.0.load(Relaxed)))
    }
}

/// What one hook's implementations have cost in a run.
#[derive(Debug)]
pub(crate) struct TableCost {
    dispatches: Count,
    slots: Box<[SlotCost]>,
}

#[derive(Debug)]
struct SlotCost {
    source: Source,
    /// Dispatches that ended with this implementation although there are more.
    stops: AtomicU64,
    /// Dispatches that passed it over, because its plugin is called no more.
    skips: AtomicU64,
    /// Calls that wait now.
    waiting: Count,
    nanos: AtomicU64,
    errors: AtomicU64,
    panics: AtomicU64,
    timeouts: AtomicU64,
}

/// A dispatch that is being timed: since when, and for how many it counts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timed {
    since: Instant,
    weight: u64,
}

impl TableCost {
    pub(super) fn new(sources: impl Iterator<Item = Source>) -> Self {
        let slot = |source| SlotCost {
            source,
            stops: AtomicU64::new(0),
            skips: AtomicU64::new(0),
            waiting: Count::default(),
            nanos: AtomicU64::new(0),
            errors: AtomicU64::new(0),
            panics: AtomicU64::new(0),
            timeouts: AtomicU64::new(0),
        };
        Self { dispatches: Count::default(), slots: sources.map(slot).collect() }
    }

    /// Counts a dispatch. If it is to be timed: for how many it counts.
    #[inline]
    pub(super) fn begin(&self) -> Option<u64> {
        let before = self.dispatches.tick();
        if before < TIMED_FIRST {
            return Some(1);
        }
        before.is_multiple_of(TIMED_ONE_IN).then_some(TIMED_ONE_IN)
    }

    /// The dispatch ended with slot `at`, whether or not there are more.
    #[cold]
    pub(super) fn stop(&self, at: usize) {
        self.slots[at].stops.fetch_add(1, Relaxed);
    }

    /// Slot `at` was passed over.
    #[cold]
    pub(super) fn skip(&self, at: usize) {
        self.slots[at].skips.fetch_add(1, Relaxed);
    }

    /// A call of slot `at` begins to wait: one that never does costs nothing here.
    #[inline]
    pub(super) fn waits(&self, at: usize) {
        self.slots[at].waiting.tick();
    }

    /// It waits no more.
    #[inline]
    pub(super) fn has_waited(&self, at: usize) {
        self.slots[at].waiting.untick();
    }

    /// Slot `at` returned. The time of the next counts from now.
    #[cold]
    pub(super) fn took(&self, at: usize, timed: &mut Timed) {
        let now = Instant::now();
        let nanos = u64::try_from((now - timed.since).as_nanos()).unwrap_or(u64::MAX);
        self.slots[at].nanos.fetch_add(nanos.saturating_mul(timed.weight), Relaxed);
        timed.since = now;
    }

    /// Slot `at` had no result.
    #[cold]
    pub(super) fn fault(&self, at: usize, cause: &FaultCause) {
        let slot = &self.slots[at];
        let count = match cause {
            FaultCause::Error(_) => &slot.errors,
            FaultCause::Panic(_) => &slot.panics,
            FaultCause::TimedOut(_) => &slot.timeouts,
        };
        count.fetch_add(1, Relaxed);
    }

    /// What each implementation has cost so far, in the order of their calls.
    pub(crate) fn read(&self) -> Vec<HookCost> {
        let mut calls = self.dispatches.sum();
        let read = |slot: &SlotCost| {
            let cost = HookCost {
                plugin: Arc::clone(&slot.source.plugin),
                hook: slot.source.meta.hook,
                calls: calls.saturating_sub(slot.skips.load(Relaxed)),
                // Its end may be read without its beginning.
                waiting: slot.waiting.sum().cast_signed().max(0).cast_unsigned(),
                errors: slot.errors.load(Relaxed),
                panics: slot.panics.load(Relaxed),
                timeouts: slot.timeouts.load(Relaxed),
                time: Duration::from_nanos(slot.nanos.load(Relaxed)),
            };
            calls = calls.saturating_sub(slot.stops.load(Relaxed));
            cost
        };
        self.slots.iter().map(read).collect()
    }
}

impl Timed {
    /// From now on, for `weight` dispatches.
    #[cold]
    pub(super) fn start(weight: u64) -> Self {
        Self { since: Instant::now(), weight }
    }
}

/// What one implementation of a hook has cost in a run.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HookCost {
    /// The plugin.
    pub plugin: Arc<str>,
    /// The hook.
    pub hook: &'static str,
    /// How often it was called. Exact when nothing is being called.
    pub calls: u64,
    /// How many of them wait now: they await something. One that blocks its thread is not among them.
    pub waiting: u64,
    /// How many calls returned an error.
    pub errors: u64,
    /// How many calls panicked.
    pub panics: u64,
    /// How many calls were still waiting after their limit.
    pub timeouts: u64,
    /// The time from call to return, waits included: measured for a thread's first [`TIMED_FIRST`] dispatches of the
    /// hook, then estimated from one in [`TIMED_ONE_IN`].
    pub time: Duration,
}

/// What a plugin has cost in a run: all of its hooks together.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PluginCost {
    /// The plugin.
    pub plugin: Arc<str>,
    /// How often its hooks were called.
    pub calls: u64,
    /// How many of those had no result.
    pub faults: u64,
    /// The time from call to return, waits included, as [`HookCost::time`]. Hooks of several jobs run at once: it may be more than the
    /// run has taken.
    pub time: Duration,
}

impl PluginCost {
    /// Of each plugin, the one that took longest first.
    pub(super) fn of(hooks: &[HookCost]) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for hook in hooks {
            let at = all.iter().position(|it| it.plugin == hook.plugin).unwrap_or_else(|| {
                all.push(Self {
                    plugin: Arc::clone(&hook.plugin),
                    calls: 0,
                    faults: 0,
                    time: Duration::ZERO,
                });
                all.len() - 1
            });
            all[at].calls += hook.calls;
            all[at].faults += hook.faults();
            all[at].time += hook.time;
        }
        all.sort_by(|a, b| b.time.cmp(&a.time).then_with(|| a.plugin.cmp(&b.plugin)));
        all
    }
}

impl HookCost {
    /// The calls that had no result.
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.errors + self.panics + self.timeouts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_many_threads_add_up() {
        let count = Count::default();
        std::thread::scope(|scope| {
            for _ in 0..40 {
                scope.spawn(|| (0..1000).for_each(|_| _ = count.tick()));
            }
        });
        assert_eq!(count.sum(), 40_000);
    }

    #[test]
    fn what_ends_on_another_thread_is_counted_back() {
        let count = Count::default();
        std::thread::scope(|scope| {
            (0..40).for_each(|_| drop(scope.spawn(|| (0..1000).for_each(|_| _ = count.tick()))));
            (0..40).for_each(|_| drop(scope.spawn(|| (0..1000).for_each(|_| count.untick()))));
        });
        assert_eq!(count.sum(), 0);
    }

    #[test]
    fn a_thread_that_follows_goes_on_in_the_cell_it_inherits() {
        let count = Count::default();
        for _ in 0..100 {
            std::thread::scope(|scope| scope.spawn(|| count.tick()).join().unwrap());
        }
        assert_eq!(count.sum(), 100);
    }
}
