//! Has a job been run before, on the same work directory? And is it to run again?

use std::collections::BTreeSet;
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
    /// Whether jobs that are done are.
    rerun_done: bool,
    /// The only jobs that the run is about, if it is not about all.
    only: Option<BTreeSet<usize>>,
    /// Where the program runs, and jobs that were given no directory: elsewhere they are other jobs.
    here: Option<PathBuf>,
}

impl History {
    pub(super) fn new(past: Past, workdir: Weak<WorkDir>, retry_failed: bool) -> Self {
        let here = std::env::current_dir().ok();
        Self { past, workdir, retry_failed, rerun_done: false, only: None, here }
    }

    /// Whether jobs that are done are run again.
    pub(super) fn rerun_done(self, rerun_done: bool) -> Self {
        Self { rerun_done, ..self }
    }

    /// The run is about these jobs alone.
    pub(super) fn only(self, jobs: Option<BTreeSet<usize>>) -> Self {
        Self { only: jobs, ..self }
    }

    pub(super) fn past(&self) -> &Past {
        &self.past
    }

    /// Whether a job of an earlier run would be run, if it was fed again.
    pub(super) fn is_left(&self, index: usize) -> bool {
        match self.past.get(index).map(|job| job.state) {
            Some(PastState::Ended(end)) => self.reruns(end),
            _ => true,
        }
    }

    /// Whether a job that ended so is run again.
    fn reruns(&self, end: Status) -> bool {
        if end == Status::Finished { self.rerun_done } else { self.retry_failed }
    }

    /// What tells a job from others, and what became of it.
    pub(super) fn look(&self, index: usize, spec: &JobSpec) -> Result<(Digest, Before), FeedError> {
        let digest = spec.digest(self.here.as_deref()).map_err(SpecError::from)?;
        if self.only.as_ref().is_some_and(|only| !only.contains(&index)) {
            return Ok((digest, Before::Aside));
        }
        match self.past.compare(index, digest, spec.given_name()) {
            Sameness::New => Ok((digest, Before::New)),
            Sameness::Different => Err(self.differs(index, spec)),
            Sameness::Same => Ok((digest, self.before(index, digest, spec))),
        }
    }

    fn before(&self, index: usize, digest: Digest, spec: &JobSpec) -> Before {
        let had_more = || self.past.get(index).is_some_and(|it| it.has_more);
        match self.past.get(index).map(|job| job.state) {
            Some(PastState::Ended(end)) if !self.reruns(end) => match end {
                Status::Finished => Before::Done,
                _ => Before::Failed,
            },
            // Its command has changed under its name.
            _ if !self.past.has(index, digest) => Before::New,
            // What no digest tells may be another now.
            _ if spec.known().is_none() && (spec.has_more() || had_more()) => Before::New,
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
