//! How did a job end? In exactly one way.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use super::failure::Failure;
use super::status::Status;

/// As what a skipped job counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SkipAs {
    /// It counts as done: its result is there already.
    Succeeded,
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It ran, exited with 0, and no plugin objected.
    Succeeded,
    /// It counts as succeeded without having run: the plugin that said so, and its reason.
    Skipped {
        /// The plugin.
        plugin: Arc<str>,
        /// Its reason.
        reason: Cow<'static, str>,
    },
    /// It failed, and is not tried again.
    Failed(Failure),
    /// The run killed it.
    Killed(KillReason),
    /// It never ran, or not again.
    Cancelled(Cancelled),
}

impl Outcome {
    /// Whether the job counts as done: it succeeded, or was skipped as succeeded.
    #[must_use]
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Succeeded | Self::Skipped { .. })
    }

    /// Whether a plugin said that the job need not run.
    #[must_use]
    pub fn is_skipped(&self) -> bool {
        matches!(self, Self::Skipped { .. })
    }

    /// Why it failed, if it did.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Failed(failure) => Some(failure),
            _ => None,
        }
    }

    /// The status of a job that ended so.
    #[must_use]
    pub fn status(&self) -> Status {
        match self {
            Self::Succeeded | Self::Skipped { .. } => Status::Finished,
            Self::Failed(_) => Status::Failed,
            Self::Killed(_) => Status::Killed,
            Self::Cancelled(_) => Status::Cancelled,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Succeeded => f.write_str("succeeded"),
            Self::Skipped { plugin, reason } => write!(f, "skipped by plugin `{plugin}`: {reason}"),
            // It may be no failure.
            Self::Failed(failure @ Failure::Unknown(_)) => failure.fmt(f),
            Self::Failed(failure) => write!(f, "failed: {failure}"),
            Self::Killed(reason) => write!(f, "killed: {reason}"),
            Self::Cancelled(cancelled) => write!(f, "cancelled: {cancelled}"),
        }
    }
}

/// Why the run killed a job. A job that is killed because its time is up has failed: [`Failure::TimedOut`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum KillReason {
    /// Somebody asked for it: [`Xqute::kill`](crate::Xqute::kill), or a hook.
    User,
    /// The run was halted at once, because of how other jobs ended.
    Halted,
    /// The run was cancelled: by the program or by a signal.
    RunCancelled,
    /// The last handle of the run was dropped.
    RunDropped,
}

impl fmt::Display for KillReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::User => "as was asked",
            Self::Halted => "the run was halted",
            Self::RunCancelled => "the run was cancelled",
            Self::RunDropped => "the run was dropped",
        })
    }
}

/// Why a job never ran, or not again.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cancelled {
    /// A plugin vetoed its submission, for this reason.
    Veto {
        /// The plugin.
        plugin: Arc<str>,
        /// Its reason.
        reason: Cow<'static, str>,
    },
    /// It waited for a job that did not succeed.
    Dependency {
        /// The index of that job.
        job: usize,
    },
    /// It was to be killed before the scheduler had it.
    Stopped(KillReason),
}

impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Veto { plugin, reason } => write!(f, "vetoed by plugin `{plugin}`: {reason}"),
            Self::Dependency { job } => write!(f, "it waited for job {job}, which did not succeed"),
            Self::Stopped(reason) => reason.fmt(f),
        }
    }
}
