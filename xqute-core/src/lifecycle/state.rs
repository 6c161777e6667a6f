//! Where can a job be, what can happen to it, and what can follow?

use std::sync::Arc;
use std::time::Duration;

use super::retry::Tried;
use crate::job::{Failure, KillReason, Moment, Outcome, RetryPolicy, Status};

/// Where a job is. How it ended is apart, in its [`Outcome`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Known; not in the queue yet: it may wait for other jobs.
    Init,
    /// Waits for a slot.
    Queued,
    /// An attempt failed; waits before it is queued again.
    Waiting,
    /// Has a slot; the gate of submission is asked.
    Gating,
    /// The gate of submission is to be asked again later.
    Held,
    /// The scheduler is asked to take it; once it has, it is to be killed like this.
    Submitting { kill: Option<Stop> },
    /// The scheduler is to be asked again later.
    Postponed,
    /// The scheduler has it.
    Submitted,
    /// It runs.
    Running,
    /// Hooks are asked whether it may be killed.
    Asking { why: Why, started: bool },
    /// It was told to end; `forced`: with SIGKILL.
    Killing { why: Why, started: bool, forced: bool },
    /// It exited with 0, which is being judged.
    Verifying,
    /// It has ended, like this.
    Ended(Status),
}

impl State {
    /// Whether it takes one of the run's slots.
    pub(crate) fn holds_slot(self) -> bool {
        matches!(self, Self::Gating | Self::Submitting { .. } | Self::Postponed) || self.is_live()
    }

    /// Whether the scheduler has it.
    pub(crate) fn is_live(self) -> bool {
        matches!(self, Self::Submitted | Self::Running | Self::Asking { .. } | Self::Killing { .. })
    }

    /// Whether the start of what the scheduler has was told.
    pub(super) fn is_seen(self) -> bool {
        !matches!(
            self,
            Self::Submitted | Self::Asking { started: false, .. } | Self::Killing { started: false, .. }
        )
    }

    /// Whether it was seen to run, and has not been told to end.
    pub(crate) fn is_running(self) -> bool {
        matches!(self, Self::Running | Self::Asking { started: true, .. })
    }
}

/// Why a job is killed. What is stronger comes later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Why {
    /// Others need its memory: it is tried again, for free.
    Memory,
    /// It ran for too long: a failed attempt.
    TimedOut,
    /// A hook of it was broken whose plugin's faults fail jobs: it has failed.
    Fault,
    /// The run wants it.
    Reason(KillReason),
}

/// That a job is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stop {
    pub(crate) how: How,
    pub(crate) why: KillReason,
}

/// How far a kill goes at once. What is stronger comes later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum How {
    /// Hooks are asked, then as `Term`.
    Ask,
    /// SIGTERM; after the grace SIGKILL.
    Term,
    /// SIGKILL.
    Kill,
}

/// What happens to a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    /// It is put into the queue.
    Enqueue,
    /// An attempt that an earlier run submitted goes on in this one; `started`: it runs; `kill`: it was told to end, for this.
    Adopted { started: bool, kill: Option<Why> },
    /// How the attempt of an earlier run ended is not known, for this reason.
    Unknown(Arc<str>),
    /// A slot is free and the job is next.
    Turn,
    /// The gate of submission is open.
    Allowed,
    /// The gate ends it: a veto, or it need not run. Or, before it is queued, a job that it waits for does.
    Decided(Outcome),
    /// The gate is to be asked again later.
    Later,
    /// The gate is broken, like this.
    Broken(Failure),
    /// The scheduler took it.
    Submitted,
    /// The scheduler did not, for now.
    Postponed,
    /// It was taken back from the scheduler before it started.
    Withdrawn,
    /// The scheduler is to be asked again.
    Resubmit,
    /// The scheduler did not, for good.
    Rejected(Failure),
    /// It was seen running.
    Started,
    /// It was seen ended: by itself, or with this failure.
    Exited(Result<(), Failure>),
    /// The verdict about its exit with 0.
    Judged(Result<(), Failure>),
    /// It is to end.
    Stop(Stop),
    /// Its time is up.
    TimeUp,
    /// Others need its memory.
    Preempt,
    /// Hooks let it be killed.
    KillAllowed,
    /// Hooks do not.
    KillVetoed,
    /// It has had its time since it was told to end.
    GraceOver,
    /// The wait before its next attempt is over, or before the gate is asked again.
    Due,
    /// A hook of it was broken, which fails it: [`Rules::fault`].
    Faulted,
}

impl Event {
    /// Whether the scheduler does not have the job that it was given.
    pub(super) fn gives_back(&self) -> bool {
        matches!(self, Self::Postponed | Self::Withdrawn | Self::Rejected(_))
    }

    /// Whether it answers a question, or is a timer's: the job may have moved on.
    pub(super) fn may_be_late(&self) -> bool {
        matches!(self, Self::TimeUp | Self::Preempt | Self::KillAllowed | Self::KillVetoed | Self::GraceOver)
    }
}

/// What follows from a step, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Call the hooks of this moment.
    Tell(Moment),
    /// Ask the gate of submission; its answer is an event.
    AskGate,
    /// Ask whether it may be killed; the answer is an event.
    AskKill,
    /// Ask whether its result is good; the answer is an event.
    AskVerify,
    /// Hand the job to the scheduler.
    Submit,
    /// Ask the scheduler again after a while.
    Postpone,
    /// Send SIGTERM, and start its grace.
    Term,
    /// Send SIGKILL, and give it a last time.
    Kill,
    /// Start its timeout, if it has one.
    StartTimeout,
}

/// What a step ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ends {
    Nothing,
    /// An attempt, which is followed by another after a wait.
    Attempt(Failure, Duration),
    /// The job.
    Job(Outcome),
}

/// What holds for a job, and what was before.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules<'a> {
    /// When it is tried again; `None`: the run is being stopped, and nothing is.
    pub(crate) retry: Option<&'a RetryPolicy>,
    pub(crate) tried: Tried,
    /// How long an attempt may run.
    pub(crate) timeout: Option<Duration>,
    /// Random, for the jitter of waits.
    pub(crate) dice: u32,
    /// The broken hook that fails it, whatever else becomes of it, if there is one.
    pub(crate) fault: Option<&'a Arc<str>>,
}
