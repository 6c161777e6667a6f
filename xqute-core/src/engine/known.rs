//! What is left of the last run, where nobody has its list? Its jobs, read from the journal one after the other.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use super::error::{BuildError, Result, RunError};
use super::history::History;
use crate::job::JobSpec;
use crate::store::{Refed, Specs};

/// The jobs that the last run on a work directory had, as far as they are known. Made by
/// [`Xqute::known_jobs`](crate::Xqute::known_jobs).
///
/// ```no_run
/// # async fn f() -> xqute_core::Result<()> {
/// # use xqute_core as xqute;
/// let xqute = xqute::Xqute::builder().build()?;
/// for job in xqute.known_jobs()? {
///     xqute.feed(job?.spec).await?;
/// }
/// xqute.run_until_complete().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct KnownJobs {
    history: Arc<History>,
    specs: Specs,
    next: usize,
    jobs: usize,
    is_whole: bool,
}

/// A job of an earlier run.
#[derive(Debug)]
#[non_exhaustive]
pub struct KnownJob {
    /// Its number.
    pub index: usize,
    /// What was fed, but for the values of its variables and what was attached to it as data, which are not kept.
    pub spec: JobSpec,
    /// The names of the variables that it was given. If it is to run, [`JobSpec::env`] has to give it the same values: with
    /// others it is another job.
    pub env: Vec<OsString>,
    /// Whether it is run, if it is fed again: it has not succeeded, nor ended otherwise without being wanted again.
    pub is_left: bool,
}

impl KnownJobs {
    pub(super) fn of(history: Arc<History>, workdir: &Path) -> Result<Self> {
        let (jobs, is_whole) = history.past().of_the_last_run();
        let specs = Specs::open(workdir).map_err(BuildError::from)?;
        Ok(Self { history, specs, next: 0, jobs, is_whole })
    }

    /// Whether these are all: the list was fed to its end.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.is_whole
    }

    fn read(&mut self, index: usize) -> Result<KnownJob> {
        match self.specs.read(self.history.past(), index).map_err(BuildError::from)? {
            Some(Refed { spec, env }) => {
                Ok(KnownJob { index, spec, env, is_left: self.history.is_left(index) })
            }
            None => Err(RunError::NotKnown { index }.into()),
        }
    }
}

impl Iterator for KnownJobs {
    type Item = Result<KnownJob>;

    fn next(&mut self) -> Option<Self::Item> {
        let index = self.next;
        if index >= self.jobs {
            return None;
        }
        self.next += 1;
        Some(self.read(index))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.jobs - self.next;
        (left, Some(left))
    }
}

impl ExactSizeIterator for KnownJobs {}
