//! How did a job end? In exactly one way.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// A signal, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Signal(pub i32);

impl Signal {
    /// `SIGTERM` for 15; for a number without a name of its own the number.
    #[must_use]
    pub fn name(self) -> Cow<'static, str> {
        // The numbers that POSIX and every Linux architecture but MIPS share.
        let name = match self.0 {
            1 => "SIGHUP",
            2 => "SIGINT",
            3 => "SIGQUIT",
            4 => "SIGILL",
            5 => "SIGTRAP",
            6 => "SIGABRT",
            8 => "SIGFPE",
            9 => "SIGKILL",
            11 => "SIGSEGV",
            13 => "SIGPIPE",
            14 => "SIGALRM",
            15 => "SIGTERM",
            number => return format!("signal {number}").into(),
        };
        name.into()
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

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
    /// It ran and exited with 0.
    Succeeded,
    /// It counts as succeeded without having run: the plugin that said so, and its reason.
    Skipped {
        /// The plugin.
        plugin: Arc<str>,
        /// Its reason.
        reason: Cow<'static, str>,
    },
    /// It failed.
    Failed(Failure),
    /// It was never submitted.
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
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Succeeded => f.write_str("succeeded"),
            Self::Skipped { plugin, reason } => write!(f, "skipped by plugin `{plugin}`: {reason}"),
            Self::Failed(failure) => write!(f, "failed: {failure}"),
            Self::Cancelled(cancelled) => write!(f, "cancelled: {cancelled}"),
        }
    }
}

/// Why a job failed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// Its command exited with this code, not 0.
    ExitCode(i32),
    /// A signal ended its command, and the run did not send it.
    Signal(Signal),
    /// The scheduler did not take it: its own words.
    SubmitRejected(Arc<str>),
    /// It ended, and nobody can tell how.
    Lost(Arc<str>),
    /// A hook that decides about jobs was broken: what it did.
    Hook(Arc<str>),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ExitCode(code) => write!(f, "exit code {code}"),
            Self::Signal(signal) => write!(f, "killed by {signal}"),
            Self::SubmitRejected(why) => write!(f, "could not be started: {why}"),
            Self::Lost(why) => write!(f, "its end was not seen: {why}"),
            Self::Hook(what) => f.write_str(what),
        }
    }
}

/// Why a job was never submitted.
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
    /// The run was dropped before the job's turn came.
    RunDropped,
}

impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Veto { plugin, reason } => write!(f, "vetoed by plugin `{plugin}`: {reason}"),
            Self::RunDropped => f.write_str("the run was dropped"),
        }
    }
}
