//! When is a run given up because of how its jobs end?

use std::fmt;

use crate::hook::Counts;

/// So many jobs must have ended as counted before a percentage means anything.
pub const HALT_MINIMUM: usize = 3;

/// When to give a run up: how many jobs end how, and what becomes of those that run then. In GNU parallel's words.
///
/// ```
/// # use xqute_core as xqute;
/// use xqute::Halt;
/// let first = Halt::now().failed(1); // the first failure kills the rest
/// let tenth = Halt::soon().failed_percent(10.0); // a tenth fails: start no more
/// # let _ = (first, tenth);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Halt {
    pub(super) now: bool,
    what: What,
    threshold: Threshold,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Failed,
    Succeeded,
    Done,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Threshold {
    Number(usize),
    Percent(f64),
}

/// A [`Halt`] that wants its threshold.
#[derive(Debug, Clone, Copy)]
#[must_use = "a halt is nothing without its threshold"]
pub struct HaltAt {
    now: bool,
}

impl Halt {
    /// At the threshold no more jobs start; those that run go on to their end.
    pub fn soon() -> HaltAt {
        HaltAt { now: false }
    }

    /// At the threshold the jobs that run are killed.
    pub fn now() -> HaltAt {
        HaltAt { now: true }
    }

    /// Whether the run is given up because enough jobs have succeeded: then that is what was wanted.
    #[must_use]
    pub fn is_for_success(&self) -> bool {
        self.what == What::Succeeded
    }

    /// Whether it is about a share of the jobs, of which one has to know how many there are:
    /// [`XquteBuilder::expected_jobs`](crate::XquteBuilder::expected_jobs).
    #[must_use]
    pub fn is_share(&self) -> bool {
        matches!(self.threshold, Threshold::Percent(_))
    }

    /// Whether it is time. `total`: how many jobs there are, as far as is known.
    pub(super) fn reached(&self, counts: &Counts, total: usize) -> bool {
        let bad = counts.failed + counts.killed;
        let good = counts.succeeded + counts.skipped;
        let many = match self.what {
            What::Failed => bad,
            What::Succeeded => good,
            What::Done => bad + good,
        };
        match self.threshold {
            Threshold::Number(number) => many >= number,
            Threshold::Percent(percent) => {
                // Counts of jobs are far below what a double holds exactly.
                #[expect(clippy::cast_precision_loss, reason = "counts are small")]
                let share = many as f64 * 100.0 / total.max(bad + good).max(1) as f64;
                many >= HALT_MINIMUM && share >= percent
            }
        }
    }
}

/// In the words of the command line: `now,fail=10%`.
impl fmt::Display for Halt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.what {
            What::Failed => "fail",
            What::Succeeded => "success",
            What::Done => "done",
        };
        write!(f, "{},{what}=", if self.now { "now" } else { "soon" })?;
        match self.threshold {
            Threshold::Number(number) => number.fmt(f),
            Threshold::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

impl HaltAt {
    fn at(self, what: What, threshold: Threshold) -> Halt {
        Halt { now: self.now, what, threshold }
    }

    /// When so many jobs have failed for good, or were killed.
    #[must_use]
    pub fn failed(self, jobs: usize) -> Halt {
        self.at(What::Failed, Threshold::Number(jobs.max(1)))
    }

    /// When so many percent of all jobs have failed, and at least [`HALT_MINIMUM`]: of those that are
    /// [expected](crate::XquteBuilder::expected_jobs), or that were fed if those are more.
    #[must_use]
    pub fn failed_percent(self, percent: f64) -> Halt {
        self.at(What::Failed, Threshold::Percent(percent))
    }

    /// When so many jobs have succeeded.
    #[must_use]
    pub fn succeeded(self, jobs: usize) -> Halt {
        self.at(What::Succeeded, Threshold::Number(jobs.max(1)))
    }

    /// When so many percent of all jobs have succeeded, and at least [`HALT_MINIMUM`]; see [`failed_percent`](Self::failed_percent).
    #[must_use]
    pub fn succeeded_percent(self, percent: f64) -> Halt {
        self.at(What::Succeeded, Threshold::Percent(percent))
    }

    /// When so many jobs have ended, however.
    #[must_use]
    pub fn done(self, jobs: usize) -> Halt {
        self.at(What::Done, Threshold::Number(jobs.max(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(succeeded: usize, failed: usize) -> Counts {
        Counts { succeeded, failed, ..Counts::default() }
    }

    #[test]
    fn a_number_is_reached_by_the_jobs_that_are_meant() {
        let reached = |halt: Halt| halt.reached(&counts(4, 2), 0);
        assert!(reached(Halt::now().failed(2)) && !reached(Halt::now().failed(3)));
        assert!(reached(Halt::soon().succeeded(4)) && !reached(Halt::soon().succeeded(5)));
        assert!(reached(Halt::soon().done(6)) && !reached(Halt::soon().done(7)));
    }

    #[test]
    fn a_halt_is_told_as_it_is_typed() {
        assert_eq!(Halt::now().failed_percent(10.0).to_string(), "now,fail=10%");
        assert_eq!(Halt::soon().succeeded(3).to_string(), "soon,success=3");
        assert_eq!(Halt::soon().done(1).to_string(), "soon,done=1");
    }

    #[test]
    fn a_percentage_means_nothing_before_three_jobs() {
        let halt = Halt::soon().failed_percent(10.0);
        let at = |succeeded, failed| halt.reached(&counts(succeeded, failed), 0);
        assert!(!at(0, 1) && !at(0, 2) && at(0, 3));
        assert!(at(27, 3) && !at(28, 3), "3 of 30 are a tenth, 3 of 31 are less");
        let of = |total| halt.reached(&counts(0, 3), total);
        assert!(of(30) && !of(31), "however few of them have ended");
    }
}
