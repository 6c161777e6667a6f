//! Where can a job be, what can happen to it, and what can follow?

use std::sync::Arc;

use crate::job::{Cancelled, Failure, Outcome, Status};

/// Where a job is. How it ended is apart, in its [`Outcome`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Known; not in the queue yet.
    Init,
    /// Waits for a slot.
    Queued,
    /// Has a slot; the gate of submission is asked, then the scheduler.
    Submitting,
    /// The scheduler has it.
    Submitted,
    /// It runs.
    Running,
    /// It has ended, like this.
    Ended(Status),
}

impl State {
    /// What people see.
    pub(crate) fn status(self) -> Status {
        match self {
            Self::Init => Status::Init,
            Self::Queued | Self::Submitting => Status::Queued,
            Self::Submitted => Status::Submitted,
            Self::Running => Status::Running,
            Self::Ended(status) => status,
        }
    }
}

/// What happens to a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    /// It is put into the queue.
    Enqueue,
    /// A slot is free and the job is next.
    Turn,
    /// The gate of submission is open.
    Allowed,
    /// The gate is shut, by a veto.
    Vetoed(Cancelled),
    /// The gate says that it need not run.
    Skipped(Outcome),
    /// The gate is broken.
    GateBroken(Arc<str>),
    /// The scheduler took it.
    Submitted,
    /// The scheduler did not.
    Rejected(Failure),
    /// It was seen running.
    Started,
    /// It was seen ended: by itself, or with this failure.
    Exited(Result<(), Failure>),
    /// Nobody wants it any more, and the scheduler does not have it.
    Dropped,
}

/// A moment that hooks are called for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Point {
    Init,
    Queued,
    Submitting,
    Submitted,
    Started,
    Succeeded,
    Failed,
    Cancelled,
}

impl Point {
    /// The status that hooks of this moment see, whatever has happened since: `None` where the job has ended.
    pub(crate) fn status(self) -> Option<Status> {
        match self {
            Self::Init => Some(Status::Init),
            Self::Queued | Self::Submitting => Some(Status::Queued),
            Self::Submitted => Some(Status::Submitted),
            Self::Started => Some(Status::Running),
            Self::Succeeded | Self::Failed | Self::Cancelled => None,
        }
    }
}

/// What follows from a step, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Call the hooks of this moment.
    Tell(Point),
    /// Ask the gate of submission; its answer is an event.
    AskGate,
    /// Hand the job to the scheduler.
    Submit,
    /// Its slot is free.
    FreeSlot,
}
