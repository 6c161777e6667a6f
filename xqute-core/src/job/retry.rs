//! When is a failed job tried again? What a user asks; `lifecycle` decides by it.

use std::time::Duration;

use super::failure::Failure;
use super::signal::Signal;

/// The retries of the strategy `retry`, where none are set: the original's number.
pub const DEFAULT_RETRIES: u32 = 3;
/// The first wait before a retry, where none is set.
pub const DEFAULT_DELAY: Duration = Duration::from_secs(1);
/// The longest wait before a retry, where none is set.
pub const DEFAULT_MAX_DELAY: Duration = Duration::from_secs(300);

/// Whether, how often and after which wait a failed attempt is followed by another.
///
/// The wait doubles from attempt to attempt, up to a longest one; a random half of it is taken off where many jobs fail
/// at once, so that they do not all come back at once (jitter).
///
/// ```
/// # use xqute_core as xqute;
/// use std::time::Duration;
/// use xqute::{FailureKind, RetryPolicy};
/// let policy = RetryPolicy::new(5)
///     .delay(Duration::from_secs(10)) // then 20, 40, …
///     .only([FailureKind::TimedOut, FailureKind::ExitCode(75)]);
/// # let _ = policy;
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryPolicy {
    pub(crate) retries: u32,
    pub(crate) delay: Duration,
    pub(crate) max_delay: Duration,
    pub(crate) jitter: bool,
    only: Option<Vec<FailureKind>>,
    except: Vec<FailureKind>,
}

impl RetryPolicy {
    /// So many attempts after the first, whatever the failure; waits from [`DEFAULT_DELAY`] on, with jitter.
    #[must_use]
    pub const fn new(retries: u32) -> Self {
        Self {
            retries,
            delay: DEFAULT_DELAY,
            max_delay: DEFAULT_MAX_DELAY,
            jitter: true,
            only: None,
            except: Vec::new(),
        }
    }

    /// No second attempt.
    #[must_use]
    pub const fn never() -> Self {
        Self::new(0)
    }

    /// The wait before the second attempt; it doubles for each further one. Zero: no waits.
    #[must_use]
    pub fn delay(mut self, first: Duration) -> Self {
        self.delay = first;
        self
    }

    /// The longest wait. Default: [`DEFAULT_MAX_DELAY`].
    #[must_use]
    pub fn max_delay(mut self, longest: Duration) -> Self {
        self.max_delay = longest;
        self
    }

    /// Whether a random half of each wait is taken off. Default: yes.
    #[must_use]
    pub fn jitter(mut self, jitter: bool) -> Self {
        self.jitter = jitter;
        self
    }

    /// Only after failures of these kinds. Default: after any.
    #[must_use]
    pub fn only(mut self, kinds: impl IntoIterator<Item = FailureKind>) -> Self {
        self.only = Some(kinds.into_iter().collect());
        self
    }

    /// Not after failures of these kinds, whatever [`only`](Self::only) says.
    #[must_use]
    pub fn except(mut self, kinds: impl IntoIterator<Item = FailureKind>) -> Self {
        self.except = kinds.into_iter().collect();
        self
    }

    /// The kinds that it is only for, and those that it is not for.
    pub(crate) fn kinds(&self) -> (Option<&[FailureKind]>, &[FailureKind]) {
        (self.only.as_deref(), &self.except)
    }

    /// Whether a failure is of a kind that is tried again. What may be no failure at all is not told apart by `only`.
    pub(crate) fn covers(&self, failure: &Failure) -> bool {
        let among = |kinds: &[FailureKind]| kinds.iter().any(|kind| kind.is(failure));
        let is_meant = matches!(failure, Failure::Unknown(_)) || self.only.as_deref().is_none_or(among);
        is_meant && !among(&self.except)
    }
}

/// What a [`RetryPolicy`] tells failures apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FailureKind {
    /// This exit code.
    ExitCode(i32),
    /// Any exit code but 0.
    AnyExitCode,
    /// This signal, sent by somebody else than the run.
    Signal(Signal),
    /// Any such signal.
    AnySignal,
    /// [`Failure::TimedOut`].
    TimedOut,
    /// [`Failure::OutOfMemory`].
    OutOfMemory,
    /// [`Failure::SubmitRejected`].
    SubmitRejected,
    /// [`Failure::LostBeforeStart`] or [`Failure::Lost`].
    Lost,
    /// [`Failure::Unknown`].
    Unknown,
    /// [`Failure::NodeFailed`].
    NodeFailed,
    /// [`Failure::Preempted`].
    Preempted,
    /// [`Failure::Verify`].
    Verify,
    /// [`Failure::Hook`].
    Hook,
}

impl FailureKind {
    /// Whether a failure is of this kind.
    #[must_use]
    pub fn is(self, failure: &Failure) -> bool {
        match failure {
            Failure::ExitCode(code) => self == Self::AnyExitCode || self == Self::ExitCode(*code),
            Failure::Signal(signal) => self == Self::AnySignal || self == Self::Signal(*signal),
            Failure::TimedOut(_) => self == Self::TimedOut,
            Failure::OutOfMemory => self == Self::OutOfMemory,
            Failure::SubmitRejected(_) => self == Self::SubmitRejected,
            Failure::LostBeforeStart(_) | Failure::Lost(_) => self == Self::Lost,
            Failure::Unknown(_) => self == Self::Unknown,
            Failure::NodeFailed(_) => self == Self::NodeFailed,
            Failure::Preempted => self == Self::Preempted,
            Failure::Verify { .. } => self == Self::Verify,
            Failure::Hook(_) => self == Self::Hook,
        }
    }
}
