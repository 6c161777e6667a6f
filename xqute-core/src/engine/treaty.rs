//! What do the dispatcher and the rest say to one another? Every message, in one place.

use std::sync::Arc;
use std::time::Duration;

use crate::backend::{Jid, Kill};
use crate::hook::{Fault, Said, Stopped, Submit, Summary};
use crate::job::{Asked, Digest, Job, JobSpec, Moment, Need, Signal};
use crate::script::Fragments;

use super::error::RunError;

/// A job that was fed.
#[derive(Debug)]
pub(super) struct Fed {
    pub(super) index: usize,
    pub(super) spec: JobSpec,
    pub(super) digest: Digest,
    pub(super) before: Before,
    /// The jobs that it waits for, each once.
    pub(super) after: Vec<(usize, Need)>,
}

/// What an earlier run on the same work directory made of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    /// Nothing.
    New,
    /// It was written down, and is to run (again).
    Known,
    /// It is done.
    Done,
    /// It ended otherwise, and is not to run again.
    Failed,
    /// It is none of those that this run is about: it stays as it is.
    Aside,
}

/// What users and hook calls tell the dispatcher.
#[derive(Debug)]
pub(super) enum Message {
    /// No more jobs are to come from outside. The list had so many, if that was its end.
    StopFeeding { list: Option<usize> },
    /// The hooks of a job's notices have returned.
    Returned(Returned),
    /// `on_shutdown` has returned: whether the run may be stopped.
    ShutdownAnswered { go: bool, signal: Option<Signal> },
    /// Kill this job.
    Kill(usize),
    /// Cancel the run.
    Cancel,
    /// The program was sent a signal that the run listens to.
    Signal(Signal),
    /// The last handle of the run is gone.
    Abandoned,
}

/// What the hooks of a job said.
#[derive(Debug)]
pub(super) struct Returned {
    pub(super) index: usize,
    /// To the questions among them, in their order.
    pub(super) answers: Vec<Answer>,
    /// Empty, for the notices of another call: these come by the million.
    pub(super) spare: Vec<Notice>,
}

/// An answer of hooks that decide.
#[derive(Debug)]
pub(super) enum Answer {
    Gate(Result<Gate, Broken>),
    /// A veto, where there is one.
    Kill(Option<Veto>),
    Verify(Result<Option<Veto>, Broken>),
    /// To no question: a hook was broken, which has consequences for its job or the run.
    Fault(Arc<Fault>),
}

/// Why a job is not to be killed, or its result is not good.
pub(super) type Veto = Said<std::borrow::Cow<'static, str>>;

/// What the gate of submission says.
#[derive(Debug)]
pub(super) enum Gate {
    /// Go on, with this script around the command.
    Open(Fragments),
    /// What the first plugin said that does not proceed.
    Shut(Said<Submit>),
}

/// Why hooks that decide have no answer.
#[derive(Debug)]
pub(super) enum Broken {
    /// A hook is broken.
    Fault(Arc<Fault>),
    /// The runtime that hooks run on has shut down.
    NoRuntime,
}

impl Broken {
    /// The fault, where it is one.
    pub(super) fn fault(&self) -> Option<Arc<Fault>> {
        match self {
            Self::Fault(fault) => Some(Arc::clone(fault)),
            Self::NoRuntime => None,
        }
    }
}

/// A moment of a job's life, for its hooks: a snapshot.
#[derive(Debug, Clone)]
pub(super) struct Notice {
    pub(super) moment: Moment,
    pub(super) job: Job,
}

/// What a job's timer is about. A job has one of each at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Timer {
    /// How long it may run.
    Timeout,
    /// How long it may take to end.
    Grace,
    /// The wait before its next attempt.
    Backoff,
    /// The wait before the scheduler is asked again.
    Resubmit,
    /// The wait before the gate of submission is asked again.
    Later,
}

/// What the dispatcher wants done, in this order, after what it wrote down is in the journal.
#[derive(Debug)]
pub(super) enum Order {
    /// Hand a job to the scheduler.
    Submit(usize),
    /// Call the hooks of these moments of one job, one after the other, and say when they have returned.
    Call(usize, Vec<Notice>),
    /// Tell a moment to whoever reads events.
    Publish(Box<Notice>),
    /// Call `on_shutdown`.
    AskShutdown(Option<Signal>),
    /// Write the small files of a job.
    Write(usize, SmallFile),
    /// Drop what was asked for a job that has ended.
    Discard(Arc<Asked>),
    /// Take back from the scheduler what it has not started.
    Withdraw,
    /// Kill a job that the scheduler has.
    Kill(Jid, Kill),
    /// Start or stop a job's timer.
    Timer(usize, Timer, Option<Duration>),
    /// Let no more jobs in.
    CloseFeed,
}

/// A file of a job that says one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SmallFile {
    Jid(Jid),
    /// Exit code and status of an attempt that has ended.
    End {
        rc: Option<i32>,
        status: crate::job::Status,
    },
    /// How a job ended that has not run: only where it has a directory, because it could not be started, or an earlier run
    /// had made one.
    Status(crate::job::Status),
}

/// How far a run is being stopped. What is stronger comes later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// Nothing more starts; what runs goes on to its end.
    Soon,
    /// What runs is killed, unless a hook vetoes it.
    Ask,
    /// What runs is killed.
    Term,
    /// What runs is killed with SIGKILL, and not waited for.
    Leave,
}

/// How the engine's thread ends.
#[derive(Debug, Clone)]
pub(super) enum Ended {
    /// Every job has ended, or will never start.
    Summary(Arc<Summary>),
    /// The run could not go on.
    Failed(Arc<RunError>),
    /// Nobody wants to know.
    Abandoned,
}

/// Why a run is being stopped, as its summary tells it.
pub(super) type Why = Stopped;
