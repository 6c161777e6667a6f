//! What can a hook answer? Proceed, veto, skip; or a piece of script.

use std::borrow::Cow;
use std::time::Duration;

use crate::job::SkipAs;

/// The answer of a hook that may veto.
///
/// A hook may also return `()` (proceed), `bool` (`false` vetoes), `Option<bool>` (`Some(false)` vetoes), or a
/// `Result` of any of them.
///
/// ```
/// # use xqute_core as xqute;
/// use xqute::Verdict;
/// assert!(Verdict::veto("disk is full").is_veto());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[must_use = "a verdict that nobody reads decides nothing"]
pub enum Verdict {
    /// No objection.
    #[default]
    Proceed,
    /// Do not; with the reason, for people.
    Veto(Cow<'static, str>),
}

impl Verdict {
    /// A veto with its reason.
    pub fn veto(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::Veto(reason.into())
    }

    /// Whether this is a veto.
    #[must_use]
    pub fn is_veto(&self) -> bool {
        matches!(self, Self::Veto(_))
    }

    /// `false` is a veto without a reason of its own.
    pub(super) fn from_bool(go: bool) -> Self {
        if go { Self::Proceed } else { Self::veto(NO_REASON) }
    }
}

/// The reason of a hook that returned `false`.
pub const NO_REASON: &str = "no reason given";

/// The answer of `on_job_submitting`.
///
/// A hook may also return whatever a [`Verdict`] converts from, or a [`Verdict`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[must_use = "an answer that nobody reads decides nothing"]
pub enum Submit {
    /// Submit the job.
    #[default]
    Proceed,
    /// Do not submit it; the job is cancelled, for this reason.
    Veto(Cow<'static, str>),
    /// Do not submit it, for this reason: its outcome is known already (a cached result).
    Skip(SkipAs, Cow<'static, str>),
    /// Not now, for this reason: ask again after so long. Made by [`later`](Self::later), which says more.
    Later(Duration, Cow<'static, str>),
}

impl Submit {
    /// A veto with its reason: the job is cancelled.
    pub fn veto(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::Veto(reason.into())
    }

    /// The job counts as succeeded without running, for this reason.
    pub fn skip(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::Skip(SkipAs::Succeeded, reason.into())
    }

    /// Not now, for this reason: the job is held, and asked about again after so long, 10 ms at least. Meanwhile it takes no slot, others go before
    /// it, and it can be killed; when it is asked about again, it goes before those that were fed after it. There is no limit to
    /// how often that may be.
    ///
    /// The reason is what `xqute status` and `explain` tell of the job. It is written to the journal when it is another than the
    /// last time: say the same as long as it is the same, without figures that change from second to second.
    ///
    /// At most 4 x forks + 1,024 jobs are held at once: [`feed`](crate::Xqute::feed) waits then.
    ///
    /// ```
    /// # use xqute_core as xqute;
    /// use std::time::Duration;
    /// use xqute::Submit;
    /// let answer = |free: u32| match free {
    ///     0 => Submit::later(Duration::from_secs(30), "no licence is free"),
    ///     _ => Submit::Proceed,
    /// };
    /// assert_eq!(answer(1), Submit::Proceed);
    /// assert_eq!(answer(0), Submit::Later(Duration::from_secs(30), "no licence is free".into()));
    /// ```
    pub fn later(wait: Duration, reason: impl Into<Cow<'static, str>>) -> Self {
        Self::Later(wait, reason.into())
    }
}

impl From<Verdict> for Submit {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Proceed => Self::Proceed,
            Verdict::Veto(reason) => Self::Veto(reason),
        }
    }
}

/// A piece of script from an `on_jobcmd_*` hook, or nothing.
///
/// A hook returns `String`, `&'static str`, or `Option` of either.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Text(Option<Cow<'static, str>>);

impl Text {
    /// No text.
    pub const NONE: Self = Self(None);

    /// The text, where there is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(Some(text.into()))
    }
}

impl From<&'static str> for Text {
    fn from(text: &'static str) -> Self {
        Self(Some(text.into()))
    }
}

impl From<Cow<'static, str>> for Text {
    fn from(text: Cow<'static, str>) -> Self {
        Self(Some(text))
    }
}
