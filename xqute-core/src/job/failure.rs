//! Why did an attempt fail? Retry policies match on it.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::signal::Signal;

/// Why an attempt of a job failed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// Its command exited with this code, not 0.
    ExitCode(i32),
    /// A signal ended its command, and the run did not send it.
    Signal(Signal),
    /// It ran for longer than it may, and was killed.
    TimedOut(Duration),
    /// It was killed because it used more memory than it may.
    OutOfMemory,
    /// The scheduler did not take it: its own words.
    SubmitRejected(Arc<str>),
    /// The scheduler took it, and lost it before it ran.
    LostBeforeStart(Arc<str>),
    /// It ended, and nobody can tell how.
    Lost(Arc<str>),
    /// Nobody watched when it ended, because the program or what watches its jobs had died; or an earlier run had told it to end.
    /// It may have done its work: another attempt follows, whatever [`RetryPolicy::only`](crate::RetryPolicy::only) says and
    /// also where no job is tried again, unless [`RetryPolicy::except`](crate::RetryPolicy::except) has it. Costs no attempt.
    Unknown(Arc<str>),
    /// The machine that it ran on failed. Costs no attempt.
    NodeFailed(Arc<str>),
    /// The scheduler took its place away, or the run, which needed its memory
    /// ([`min_free_memory`](crate::XquteBuilder::min_free_memory)). Costs no attempt.
    Preempted,
    /// It exited with 0, and a plugin found its result wanting.
    Verify {
        /// The plugin.
        plugin: Arc<str>,
        /// Its reason.
        reason: Cow<'static, str>,
    },
    /// A hook that decides about jobs was broken: what it did.
    Hook(Arc<str>),
}

impl Failure {
    /// Whether it says nothing about the job, which then may try again for free.
    #[must_use]
    pub fn costs_no_attempt(&self) -> bool {
        matches!(self, Self::Unknown(_) | Self::NodeFailed(_) | Self::Preempted)
    }

    /// The exit code as a shell would tell it in `$?`: 128 and the number for a signal; `None` where nothing exited.
    #[must_use]
    pub fn rc(&self) -> Option<i32> {
        match self {
            Self::ExitCode(code) => Some(*code),
            Self::Signal(signal) => Some(128 + signal.0),
            Self::Verify { .. } => Some(0),
            _ => None,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ExitCode(code) => write!(f, "exit code {code}"),
            Self::Signal(signal) => write!(f, "killed by {signal}"),
            Self::TimedOut(limit) => write!(f, "timed out after {limit:?}"),
            Self::OutOfMemory => f.write_str("out of memory"),
            Self::SubmitRejected(why) => write!(f, "could not be started: {why}"),
            Self::LostBeforeStart(why) => write!(f, "lost before it started: {why}"),
            Self::Lost(why) => write!(f, "its end was not seen: {why}"),
            Self::Unknown(why) => write!(f, "its own end is not known: {why}"),
            Self::NodeFailed(why) => write!(f, "its machine failed: {why}"),
            Self::Preempted => f.write_str("preempted"),
            Self::Verify { plugin, reason } => write!(f, "rejected by plugin `{plugin}`: {reason}"),
            Self::Hook(what) => f.write_str(what),
        }
    }
}
