//! What may a hook do to its run? Feed, kill and cancel; through a door that the engine opens.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use thiserror::Error;

use super::progress::Progress;
use crate::job::{JobRef, JobSpec, SpecError};

/// A job that was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FeedError {
    /// It is no job: its command is none, or what goes with it.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// It waits for a job that has not been fed.
    #[error(
        "it is to wait for {job}, and of the {fed} jobs that were fed before it none is that: feed those first that others wait for (`in_order` sorts a list)"
    )]
    UnknownJob {
        /// What it waits for.
        job: JobRef,
        /// How many jobs there are.
        fed: usize,
    },
    /// The run takes no more jobs: `run_until_complete` was called and the last job has ended, or the run was dropped.
    #[error("the run is over and takes no more jobs: feed it before its last job ends")]
    Closed,
    /// The run is being built: `on_init` cannot feed it.
    #[error("the run is not built yet: feed it after `build()`, or from a hook about a job")]
    NotBuilt,
    /// The run is being stopped: halted, cancelled, or by a signal. What was fed before is told in the summary.
    #[error("the run is being stopped and takes no more jobs")]
    Stopping,
    /// The work directory holds another list of jobs.
    #[error(
        "job {index} is another than in the work directory {}: {}; choose another work directory (`workdir`, -w DIR), or have its jobs removed first (`fresh`, --fresh)",
        workdir.display(),
        difference(before, now)
    )]
    Different {
        /// The first job that is another.
        index: usize,
        /// Its command, as the work directory has it.
        before: String,
        /// Its command now.
        now: String,
        /// The work directory.
        workdir: PathBuf,
    },
    /// As many jobs wait as the run holds; a hook does not wait for room, because the room may wait for the hook.
    #[error(
        "the run holds as many waiting jobs as it may: feed fewer jobs from a hook, or feed from outside"
    )]
    Full,
}

/// What a job was and is. Where its command is the same, the rest is not shown: it may be a secret.
fn difference(before: &str, now: &str) -> String {
    if before == now {
        format!("its command is still `{now}`, and its environment or its working directory is another")
    } else {
        format!("it was `{before}` and is `{now}`")
    }
}

/// There is no job of this index.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("there is no job {index} to kill: {fed} were fed, numbered from 0")]
pub struct NoSuchJob {
    /// What was asked for.
    pub index: usize,
    /// How many jobs there are.
    pub fed: usize,
}

/// What the engine lets hooks do.
pub(crate) trait Control: Send + Sync {
    /// Takes a job, if there is room at once.
    fn try_feed(&self, spec: JobSpec) -> Result<usize, FeedError>;
    /// Kills a job.
    fn kill(&self, index: usize) -> Result<(), NoSuchJob>;
    /// Cancels the run.
    fn cancel(&self);
    /// Takes no more jobs from outside.
    fn stop_feeding(&self);
    /// How far the run is.
    fn progress(&self) -> Progress;
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

    /// Has a job killed, as [`Xqute::kill`](crate::Xqute::kill) does.
    ///
    /// # Errors
    ///
    /// No job of this index was fed.
    pub fn kill(&self, index: usize) -> Result<(), NoSuchJob> {
        self.0.kill(index)
    }

    /// Cancels the run, as [`Xqute::cancel`](crate::Xqute::cancel) does.
    pub fn cancel(&self) {
        self.0.cancel();
    }

    /// Says that no more jobs come from outside, as [`Xqute::stop_feeding`](crate::Xqute::stop_feeding) does. Hooks may go on.
    pub fn stop_feeding(&self) {
        self.0.stop_feeding();
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handle(..)")
    }
}
