//! What does the engine ask of a backend, and what does it promise?

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::job::{Argv, Failure, JobFiles};

/// The scheduler's name for a job.
pub(crate) type Jid = Arc<str>;

/// A future behind an object-safe method.
pub(crate) type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A job to submit. Its directory exists.
#[derive(Debug, Clone)]
pub(crate) struct Submission {
    pub(crate) index: usize,
    pub(crate) argv: Argv,
    pub(crate) files: JobFiles,
}

/// The scheduler has the job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Accepted {
    pub(crate) jid: Jid,
    /// It runs already, and will not be observed to start.
    pub(crate) running: bool,
}

/// The scheduler did not take the job, for this reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rejected(pub(crate) String);

/// What was seen of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Observation {
    pub(crate) jid: Jid,
    /// It ended: by itself with 0, or with this failure.
    pub(crate) exited: Result<(), Failure>,
}

/// A scheduler of jobs.
pub(crate) trait Backend: fmt::Debug + Send + Sync {
    /// Its name.
    fn name(&self) -> &'static str;

    /// Submits jobs: an answer for each, in their order.
    fn submit<'a>(&'a self, jobs: &'a [Submission]) -> Answer<'a, Vec<Result<Accepted, Rejected>>>;

    /// Waits until there is something new to tell of the jobs, and tells it. May be dropped at any time: then the next
    /// call tells.
    fn observe<'a>(&'a self, jids: &'a [Jid]) -> Answer<'a, Vec<Observation>>;

    /// Kills jobs, with everything that they started. Whether one was killed is observed.
    fn kill<'a>(&'a self, jids: &'a [Jid]) -> Answer<'a, ()>;
}
