//! What do the dispatcher and the rest say to one another? Every message, in one place.

use std::sync::Arc;

use crate::hook::{Fault, Said, Submit, Summary};
use crate::job::{Argv, Job, JobSpec};
use crate::lifecycle::Point;

/// A job that was fed.
#[derive(Debug)]
pub(super) struct Fed {
    pub(super) index: usize,
    pub(super) spec: JobSpec,
}

/// What users and hook calls tell the dispatcher.
#[derive(Debug)]
pub(super) enum Message {
    /// No more jobs are to come from outside.
    StopFeeding,
    /// The hooks of a job's notices have returned; the last may have been the gate.
    Returned(Returned),
    /// The last handle of the run is gone.
    Abandoned,
}

/// What the hooks of a job said.
#[derive(Debug)]
pub(super) struct Returned {
    pub(super) index: usize,
    /// Where the gate was among them.
    pub(super) gate: Option<GateAnswer>,
}

/// What the gate of submission says: nothing, or what the first plugin said that does not proceed; or it is broken.
pub(super) type GateAnswer = Result<Option<Said<Submit>>, GateBroken>;

/// Why the gate has no answer.
#[derive(Debug)]
pub(super) enum GateBroken {
    /// A hook is broken.
    Fault(Arc<Fault>),
    /// The runtime that hooks run on has shut down.
    NoRuntime,
}

/// A moment of a job's life, for its hooks: a snapshot.
#[derive(Debug)]
pub(super) struct Notice {
    pub(super) point: Point,
    pub(super) job: Job,
}

/// What was asked for a job.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) spec: Arc<JobSpec>,
    pub(super) argv: Argv,
}

/// What the dispatcher wants done.
#[derive(Debug)]
pub(super) enum Order {
    /// Hand a job to the scheduler.
    Submit(usize),
    /// Call the hooks of these moments of one job, one after the other, and say when they have returned.
    Call(usize, Vec<Notice>),
    /// Drop what was asked for a job that has ended.
    Discard(Asked),
    /// Kill whatever the scheduler still has.
    KillAll,
}

/// How the engine's thread ends: with the run's summary, or without, when the run was dropped.
pub(super) type Ended = Option<Arc<Summary>>;
