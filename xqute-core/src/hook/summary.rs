//! How did a run go?

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::cost::{HookCost, PluginCost};
use super::fault::Fault;
use crate::job::Signal;

/// How many jobs ended in which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Counts {
    /// Ran and exited with 0.
    pub succeeded: usize,
    /// Counted as succeeded without having run, because a plugin said so.
    pub skipped: usize,
    /// Failed for good.
    pub failed: usize,
    /// Killed by the run.
    pub killed: usize,
    /// Never ran, or not again.
    pub cancelled: usize,
    /// Succeeded in an earlier run on the same work directory: not run again.
    pub done_before: usize,
    /// Ended otherwise in an earlier run: not run again, because nobody asked for it.
    pub failed_before: usize,
}

impl Counts {
    /// All jobs that ended, now or before.
    #[must_use]
    pub fn total(&self) -> usize {
        self.ended() + self.done_before + self.failed_before
    }

    /// The jobs that ended in this run.
    #[must_use]
    pub fn ended(&self) -> usize {
        self.succeeded + self.skipped + self.failed + self.killed + self.cancelled
    }
}

/// Why a run was stopped before its jobs had ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stopped {
    /// So many jobs ended so that it was given up.
    Halted,
    /// The program or a hook cancelled it.
    Cancelled,
    /// The program was sent this signal.
    Signal(Signal),
    /// A hook was broken, and its plugin's faults stop the run: [`FaultPolicy::Halt`](crate::FaultPolicy::Halt).
    Broken,
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Halted => f.write_str("halted"),
            Self::Cancelled => f.write_str("cancelled"),
            Self::Broken => f.write_str("halted by a broken plugin"),
            Self::Signal(signal) => write!(f, "stopped by {signal}"),
        }
    }
}

/// How a run went: what [`Xqute::run_until_complete`](crate::Xqute::run_until_complete) returns and `on_run_done` sees.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Summary {
    /// The jobs, by outcome.
    pub counts: Counts,
    /// How often a scheduler took a job: retries count again, skipped and cancelled jobs do not.
    pub attempts: u64,
    /// The CPU time of all attempts whose scheduler knows it.
    pub cpu: Duration,
    /// Why the run was stopped, if it was.
    pub stopped: Option<Stopped>,
    /// How many bytes of the journal that the work directory had could not be read: jobs whose end they told were run
    /// again. Where they are is logged.
    pub journal_damage: u64,
    /// How many jobs an earlier run had begun and this one took up: they went on, or had ended meanwhile.
    pub adopted: usize,
    /// How many attempts had an end that is not known, so that another followed: [`Failure::Unknown`](crate::Failure::Unknown).
    pub unknown: usize,
    /// Which was the first of them, and why.
    pub first_unknown: Option<String>,
    /// How many jobs of an earlier run still run that were not fed again, or not before this one was stopped. They are left
    /// alone, for a later run to adopt.
    pub still_running: usize,
    /// What people should know of how the backend works here ([`Backend::note`](crate::backend::Backend::note)), then what plugins have
    /// [noted](crate::Run::note), a line each.
    pub notes: Vec<String>,
    /// From the start of the run to the last hook returned; without `on_run_done` where that is asked.
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
        let Counts { failed, killed, cancelled, failed_before, .. } = self.counts;
        failed + killed + cancelled + failed_before == 0
    }

    /// What each plugin has cost, the one that took longest first.
    #[must_use]
    pub fn plugin_costs(&self) -> Vec<PluginCost> {
        PluginCost::of(&self.costs)
    }

    /// The calls of hooks that had no result.
    #[must_use]
    pub fn fault_count(&self) -> u64 {
        self.costs.iter().map(HookCost::faults).sum()
    }
}

impl Summary {
    fn tell_adopted(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let jobs = |count: usize| format!("{count} job{}", if count == 1 { "" } else { "s" });
        if self.adopted > 0 {
            write!(f, "\n{} adopted, which an earlier run had begun", jobs(self.adopted))?;
        }
        if self.unknown > 0 {
            let times =
                if self.unknown == 1 { "1 time".to_owned() } else { format!("{} times", self.unknown) };
            write!(f, "\n{times} a job ran again that may have done its work, because its end is not known")?;
            self.first_unknown.iter().try_for_each(|first| write!(f, "; the first: {first}"))?;
        }
        if self.still_running > 0 {
            write!(
                f,
                "\n{} of an earlier run still run, and are left alone: they were not fed",
                jobs(self.still_running)
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { succeeded, skipped, failed, killed, cancelled, done_before, failed_before } = *self;
        write!(f, "{succeeded} succeeded")?;
        let others = [
            (skipped, "skipped"),
            (failed, "failed"),
            (killed, "killed"),
            (cancelled, "cancelled"),
            (done_before, "done before"),
            (failed_before, "failed before and not run again (`retry_failed`, --retry-failed runs them)"),
        ];
        others
            .iter()
            .filter(|(count, _)| *count > 0)
            .try_for_each(|(count, word)| write!(f, ", {count} {word}"))
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = self.counts.total();
        if let Some(stopped) = self.stopped {
            write!(f, "{stopped}: ")?;
        }
        write!(f, "{total} job{}: {}", if total == 1 { "" } else { "s" }, self.counts)?;
        let Counts { succeeded, failed, killed, .. } = self.counts;
        if self.attempts > (succeeded + failed + killed) as u64 {
            write!(f, ", {} attempt{}", self.attempts, if self.attempts == 1 { "" } else { "s" })?;
        }
        write!(f, ", in {:.1} s", self.elapsed.as_secs_f64())?;
        if self.journal_damage > 0 {
            let damage = self.journal_damage;
            write!(
                f,
                "\n{damage} bytes of the work directory's journal were damaged: jobs whose end they told ran again"
            )?;
        }
        self.tell_adopted(f)?;
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
        self.notes.iter().try_for_each(|note| write!(f, "\n{note}"))
    }
}
