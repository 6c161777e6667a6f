//! Has a job been run before, on the same work directory? And is it to run again?

use std::path::PathBuf;
use std::sync::Weak;

use super::treaty::Before;
use crate::hook::FeedError;
use crate::job::{Digest, JobSpec, SpecError, Status};
use crate::store::{Past, PastState, Sameness, WorkDir};

/// What earlier runs on a work directory have left.
#[derive(Debug, Default)]
pub(super) struct History {
    past: Past,
    /// Weak: it is the run that holds it.
    workdir: Weak<WorkDir>,
    /// Whether jobs that ended otherwise than done are run again.
    retry_failed: bool,
    /// Where the program runs, and jobs that were given no directory: elsewhere they are other jobs.
    here: Option<PathBuf>,
}

impl History {
    pub(super) fn new(past: Past, workdir: Weak<WorkDir>, retry_failed: bool) -> Self {
        let here = std::env::current_dir().ok();
        Self { past, workdir, retry_failed, here }
    }

    /// What tells a job from others, and what became of it.
    pub(super) fn look(&self, index: usize, spec: &JobSpec) -> Result<(Digest, Before), FeedError> {
        let digest = spec.digest(self.here.as_deref()).map_err(SpecError::from)?;
        match self.past.compare(index, digest, spec.given_name()) {
            Sameness::New => Ok((digest, Before::New)),
            Sameness::Different => Err(self.differs(index, spec)),
            Sameness::Same => Ok((digest, self.before(index, digest))),
        }
    }

    fn before(&self, index: usize, digest: Digest) -> Before {
        match self.past.get(index).map(|job| job.state) {
            Some(PastState::Ended(Status::Finished)) => Before::Done,
            Some(PastState::Ended(_)) if !self.retry_failed => Before::Failed,
            // Its command has changed under its name.
            _ if !self.past.has(index, digest) => Before::New,
            _ => Before::Known,
        }
    }

    fn differs(&self, index: usize, spec: &JobSpec) -> FeedError {
        let workdir = self.workdir.upgrade();
        let command = |past| workdir.as_ref().and_then(|workdir| workdir.past_command(past));
        FeedError::Different {
            index,
            before: self.past.get(index).and_then(command).unwrap_or_else(|| "another".to_owned()),
            now: spec.argv().map(ToString::to_string).unwrap_or_default(),
            workdir: workdir.map(|workdir| workdir.path().to_path_buf()).unwrap_or_default(),
        }
    }
}
