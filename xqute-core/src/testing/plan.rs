//! What becomes of a pretended job?

use std::time::Duration;

use crate::job::{Failure, Signal, Usage};

/// What becomes of an attempt of a job that is not really run: whether it is taken, when it starts, how long it runs, how it ends.
///
/// ```
/// # use xqute_core as xqute;
/// use std::time::Duration;
/// use xqute::{Failure, testing::Plan};
/// let slow = Plan::exits(0).after(Duration::from_secs(60)).prints("done\n");
/// let full = Plan::fails(Failure::OutOfMemory).queued_for(Duration::from_secs(5));
/// # let _ = (slow, full);
/// ```
#[derive(Debug, Clone)]
#[must_use = "a plan does nothing until a job is fed with it"]
pub struct Plan {
    /// Why it is not taken, if it is not.
    pub(super) refusal: Option<String>,
    pub(super) queued: Duration,
    pub(super) until: Until,
    pub(super) end: Result<(), Failure>,
    pub(super) usage: Option<Usage>,
    pub(super) stdout: String,
    pub(super) ignores_term: bool,
}

/// Until when an attempt runs.
#[derive(Debug, Clone, Copy)]
pub(super) enum Until {
    /// For so long.
    After(Duration),
    /// Hooks are told of this poll.
    Poll(u64),
    /// It is killed.
    Killed,
}

/// One plan for every attempt.
impl From<Plan> for Vec<Plan> {
    fn from(plan: Plan) -> Self {
        vec![plan]
    }
}

/// How it ends.
impl Plan {
    /// It exits with this code: 0 is success.
    pub fn exits(code: i32) -> Self {
        Self::ends(if code == 0 { Ok(()) } else { Err(Failure::ExitCode(code)) })
    }

    /// A signal ends it that the run did not send.
    pub fn signalled(signal: Signal) -> Self {
        Self::fails(Failure::Signal(signal))
    }

    /// It fails so.
    pub fn fails(failure: Failure) -> Self {
        Self::ends(Err(failure))
    }

    /// The scheduler loses it: it ends, and nobody can tell how.
    pub fn lost() -> Self {
        Self::fails(Failure::Lost("the scheduler does not know it any more".into()))
    }

    /// It runs until it is killed.
    pub fn endless() -> Self {
        Self { until: Until::Killed, ..Self::exits(0) }
    }

    /// The scheduler does not take it, for this reason.
    pub fn refused(why: impl Into<String>) -> Self {
        Self { refusal: Some(why.into()), ..Self::exits(0) }
    }

    fn ends(end: Result<(), Failure>) -> Self {
        let (queued, until) = (Duration::ZERO, Until::After(Duration::ZERO));
        Self { refusal: None, queued, until, end, usage: None, stdout: String::new(), ignores_term: false }
    }
}

/// When, and what else.
impl Plan {
    /// How long it runs, in virtual time. Default: it has ended when it is first looked at.
    pub fn after(self, runs: Duration) -> Self {
        Self { until: Until::After(runs), ..self }
    }

    /// It ends when `on_job_polling` is called with this `counter`: the first poll is 0. Where no plugin polls, it never ends.
    pub fn at_poll(self, counter: u64) -> Self {
        Self { until: Until::Poll(counter), ..self }
    }

    /// How long the scheduler has it before it starts, in virtual time. Default: it runs as soon as it is submitted.
    pub fn queued_for(self, wait: Duration) -> Self {
        Self { queued: wait, ..self }
    }

    /// What it has used, as its scheduler tells at its end. Default: that is not known.
    pub fn uses(self, usage: Usage) -> Self {
        Self { usage: Some(usage), ..self }
    }

    /// Its standard output, which is in its file as soon as it is submitted. Default: an empty file.
    pub fn prints(self, stdout: impl Into<String>) -> Self {
        Self { stdout: stdout.into(), ..self }
    }

    /// SIGTERM does not end it: only SIGKILL, after the run's grace. Default: SIGTERM ends it at once.
    pub fn ignores_sigterm(self) -> Self {
        Self { ignores_term: true, ..self }
    }
}
