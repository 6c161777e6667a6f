//! How did a run go?

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::cost::HookCost;
use super::fault::Fault;

/// How many jobs ended in which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Counts {
    /// Ran and exited with 0.
    pub succeeded: usize,
    /// Counted as succeeded without having run, because a plugin said so.
    pub skipped: usize,
    /// Failed.
    pub failed: usize,
    /// Never submitted.
    pub cancelled: usize,
}

impl Counts {
    /// All jobs that ended.
    #[must_use]
    pub fn total(&self) -> usize {
        self.succeeded + self.skipped + self.failed + self.cancelled
    }
}

/// How a run went: what [`Xqute::run_until_complete`](crate::Xqute::run_until_complete) returns and `on_run_done` sees.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Summary {
    /// The jobs, by outcome.
    pub counts: Counts,
    /// From the first job fed to the last hook returned; without `on_run_done` where that is asked.
    pub elapsed: Duration,
    /// The first hundred calls of hooks that had no result, oldest first.
    pub faults: Vec<Arc<Fault>>,
    /// What each hook of each plugin has cost, faults beyond the first hundred counted too.
    pub costs: Vec<HookCost>,
}

impl Summary {
    /// Whether every job counts as done.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.counts.failed == 0 && self.counts.cancelled == 0
    }

    /// The calls of hooks that had no result.
    #[must_use]
    pub fn fault_count(&self) -> u64 {
        self.costs.iter().map(HookCost::faults).sum()
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts { succeeded, skipped, failed, cancelled } = self.counts;
        let total = self.counts.total();
        write!(f, "{total} job{}: {succeeded} succeeded", if total == 1 { "" } else { "s" })?;
        for (count, word) in [(skipped, "skipped"), (failed, "failed"), (cancelled, "cancelled")] {
            if count > 0 {
                write!(f, ", {count} {word}")?;
            }
        }
        write!(f, ", in {:.1} s", self.elapsed.as_secs_f64())?;
        for cost in self.costs.iter().filter(|cost| cost.faults() > 0) {
            let HookCost { plugin, hook, calls, errors, panics, timeouts, .. } = cost;
            write!(f, "\nplugin `{plugin}`, hook `{hook}`: of {calls} calls")?;
            let kinds = [(*errors, "returned an error"), (*panics, "panicked"), (*timeouts, "timed out")];
            let told: Vec<String> = kinds
                .iter()
                .filter(|(count, _)| *count > 0)
                .map(|(count, kind)| format!("{count} {kind}"))
                .collect();
            write!(f, " {}", told.join(", "))?;
        }
        if let Some(first) = self.faults.first() {
            write!(f, "\nfirst: {first}")?;
        }
        Ok(())
    }
}
