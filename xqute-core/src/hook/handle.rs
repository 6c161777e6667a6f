//! What may a hook do to its run? Feed it; through a door that the engine opens.

use std::fmt;
use std::sync::Arc;

use thiserror::Error;

use crate::job::{ArgvError, JobSpec};

/// A job that was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FeedError {
    /// It is no command.
    #[error(transparent)]
    Command(#[from] ArgvError),
    /// The run takes no more jobs: `run_until_complete` was called and the last job has ended, or the run was dropped.
    #[error("the run is over and takes no more jobs: feed it before its last job ends")]
    Closed,
    /// As many jobs wait as the run holds; a hook does not wait for room, because the room may wait for the hook.
    #[error(
        "the run holds as many waiting jobs as it may: feed fewer jobs from a hook, or feed from outside"
    )]
    Full,
}

/// What the engine lets hooks do.
pub(crate) trait Control: Send + Sync {
    /// Takes a job, if there is room at once.
    fn try_feed(&self, spec: JobSpec) -> Result<usize, FeedError>;
}

/// A run, as its hooks may act on it.
#[derive(Clone)]
pub struct Handle(pub(crate) Arc<dyn Control>);

impl Handle {
    /// Feeds a job from a hook. Never waits. Returns the job's index.
    ///
    /// # Errors
    ///
    /// [`FeedError::Full`] where it would have to wait; else as [`Xqute::feed`](crate::Xqute::feed).
    pub fn feed(&self, job: impl Into<JobSpec>) -> Result<usize, FeedError> {
        self.0.try_feed(job.into())
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handle(..)")
    }
}
