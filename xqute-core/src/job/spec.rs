//! What does a user ask for? A command, and what goes with it.

use std::any::{Any, TypeId};
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use super::after::{JobRef, Need};
use super::argv::{Argv, ArgvError};
use super::declared::Declared;
use super::digest::Digest;
use super::retry::RetryPolicy;

/// A job that cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SpecError {
    /// Its command is none.
    #[error(transparent)]
    Argv(#[from] ArgvError),
    /// A variable that no program can be given.
    #[error(
        "the environment variable {name:?} of a job is none: its name is empty or has a `=`, or there is a NUL byte in it"
    )]
    Env {
        /// Its name. Its value may be a secret.
        name: OsString,
    },
    /// A limit that no job could keep.
    #[error("a `timeout` of 0 would kill the job as it starts: leave it out for none")]
    Timeout,
    /// A directory that cannot be one.
    #[error("the working directory {0:?} of a job has a NUL byte in it")]
    Cwd(PathBuf),
    /// An input or output that cannot be a file.
    #[error("an input or output of a job cannot be a file: {0:?} is empty, or has a NUL byte in it")]
    File(PathBuf),
}

/// What a user asks for: a command, and what goes with it.
///
/// Whatever is a list of words can be fed as it is; a mistake in it is told when it is fed. A job's standard input is
/// empty (`/dev/null`), its environment is the program's and what [`env`](Self::env) adds.
///
/// ```
/// # use xqute_core as xqute;
/// use std::time::Duration;
/// use xqute::{JobSpec, RetryPolicy};
/// let spec = JobSpec::new(["sha256sum", "Cargo.toml"]).name("sums");
/// let same = JobSpec::parse("sha256sum Cargo.toml").name("sums");
/// assert_eq!(spec.argv(), same.argv());
/// let careful = spec.env("LC_ALL", "C").timeout(Duration::from_secs(60)).retry(RetryPolicy::new(2));
/// # let _ = careful;
/// ```
#[derive(Clone)]
pub struct JobSpec {
    argv: Result<Argv, ArgvError>,
    name: Option<Arc<str>>,
    /// What few jobs have.
    rest: Option<Box<Rest>>,
}

#[derive(Clone, Default)]
struct Rest {
    tags: Vec<Arc<str>>,
    env: Vec<(OsString, OsString)>,
    cwd: Option<PathBuf>,
    retry: Option<RetryPolicy>,
    timeout: Option<Duration>,
    after: Vec<(JobRef, Need)>,
    declared: Declared,
    data: Vec<Arc<dyn Any + Send + Sync>>,
    /// What tells it from others, where that was read instead of made: its variables need not be known then.
    known: Option<Digest>,
}

impl JobSpec {
    /// A job that runs these words: a program and its arguments.
    pub fn new<W: Into<OsString>>(words: impl IntoIterator<Item = W>) -> Self {
        Self::of(Argv::new(words))
    }

    /// A job from one line, split into words as a POSIX shell splits one. Nothing is expanded.
    pub fn parse(line: impl AsRef<OsStr>) -> Self {
        Self::of(Argv::parse(line))
    }

    fn of(argv: Result<Argv, ArgvError>) -> Self {
        Self { argv, name: None, rest: None }
    }

    fn rest(&mut self) -> &mut Rest {
        self.rest.get_or_insert_default()
    }

    /// Names the job. In a work directory that is used again, a job of the same name at the same index is the same job.
    #[must_use]
    pub fn name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Puts a word to the job, by which hooks and people find it among others. A job may have several.
    #[must_use]
    pub fn tag(mut self, tag: impl Into<Arc<str>>) -> Self {
        self.rest().tags.push(tag.into());
        self
    }

    /// Adds a variable to the job's environment; a later one of the same name replaces it. It is handed over at exec, and
    /// written into no file.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        let (name, value) = (name.into(), value.into());
        let env = &mut self.rest().env;
        env.retain(|(it, _)| *it != name);
        env.push((name, value));
        self.rest().known = None;
        self
    }

    /// The directory that the job runs in. Default: the program's own.
    #[must_use]
    pub fn cwd(mut self, directory: impl Into<PathBuf>) -> Self {
        self.rest().cwd = Some(directory.into());
        self.rest().known = None;
        self
    }

    /// When the job is tried again, whatever the run's strategy. Default: what the run says.
    #[must_use]
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.rest().retry = Some(policy);
        self
    }

    /// How long an attempt may run before it is killed and counts as failed. Default: what the run says.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.rest().timeout = Some(limit);
        self
    }

    /// The job starts when these have succeeded: the job of an index, or all that were given a name or tag before this one is
    /// fed. If one of them ends otherwise, the job is cancelled, and what waits for it too. May be said several times.
    #[must_use]
    pub fn after(mut self, jobs: impl Into<JobRef>) -> Self {
        self.rest().after.push((jobs.into(), Need::Success));
        self
    }

    /// The job starts when these have ended, however: as [`after`](Self::after) otherwise.
    #[must_use]
    pub fn after_any(mut self, jobs: impl Into<JobRef>) -> Self {
        self.rest().after.push((jobs.into(), Need::End));
        self
    }

    /// Attaches a value that hooks find with [`Job::data`](super::Job::data): one of each type; a later one replaces it.
    #[must_use]
    pub fn data<T: Any + Send + Sync>(mut self, value: T) -> Self {
        let data = &mut self.rest().data;
        data.retain(|it| (**it).type_id() != TypeId::of::<T>());
        data.push(Arc::new(value));
        self
    }

    /// The command.
    ///
    /// # Errors
    ///
    /// What was given is no command.
    pub fn argv(&self) -> Result<&Argv, &ArgvError> {
        self.argv.as_ref()
    }

    /// Whether it can be a job.
    pub(crate) fn check(&self) -> Result<(), SpecError> {
        self.argv()?;
        if self.given_timeout().is_some_and(|limit| limit.is_zero()) {
            return Err(SpecError::Timeout);
        }
        let nul = |text: &OsStr| text.as_bytes().contains(&0);
        for (name, value) in self.given_env() {
            if name.is_empty() || name.as_bytes().contains(&b'=') || nul(name) || nul(value) {
                return Err(SpecError::Env { name: name.clone() });
            }
        }
        match self.given_cwd() {
            Some(cwd) if nul(cwd.as_os_str()) => Err(SpecError::Cwd(cwd.to_owned())),
            _ => self.declared().map_or(Ok(()), Declared::check),
        }
    }

    /// What tells it from other jobs. `here`: where it runs if it was given no directory.
    pub(crate) fn digest(&self, here: Option<&Path>) -> Result<Digest, &ArgvError> {
        if let Some(known) = self.known() {
            return Ok(known);
        }
        // In whatever order they were given.
        let mut env: Vec<_> = self.given_env().iter().map(|(name, value)| (&**name, &**value)).collect();
        env.sort_unstable();
        Ok(Digest::new(self.argv()?, env.into_iter(), self.given_cwd().or(here)))
    }

    /// It is the job that was told from others by this.
    pub(crate) fn known_as(mut self, digest: Digest) -> Self {
        self.rest().known = Some(digest);
        self
    }

    pub(crate) fn known(&self) -> Option<Digest> {
        self.rest.as_ref()?.known
    }

    /// Whether it was given more than a command, a name, a directory and variables: what no digest has in it.
    pub(crate) fn has_more(&self) -> bool {
        let is_more = |it: &Rest| {
            !it.tags.is_empty()
                || it.retry.is_some()
                || it.timeout.is_some()
                || !it.after.is_empty()
                || !it.declared.is_empty()
        };
        self.rest.as_deref().is_some_and(is_more)
    }

    pub(super) fn declared(&self) -> Option<&Declared> {
        self.rest.as_ref().map(|it| &it.declared)
    }

    pub(super) fn declared_mut(&mut self) -> &mut Declared {
        &mut self.rest().declared
    }

    pub(crate) fn given_name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    pub(crate) fn given_tags(&self) -> &[Arc<str>] {
        self.rest.as_ref().map_or(&[], |it| &it.tags)
    }

    /// By which others find it: its name and its tags.
    pub(crate) fn words(&self) -> impl Iterator<Item = Arc<str>> {
        self.name.iter().chain(self.given_tags()).cloned()
    }

    pub(crate) fn given_after(&self) -> &[(JobRef, Need)] {
        self.rest.as_ref().map_or(&[], |it| &it.after)
    }

    /// The same where the jobs that it waits for have new places in their list.
    pub(super) fn renumbered(mut self, places: &[usize]) -> Self {
        for (job, _) in self.rest.iter_mut().flat_map(|it| &mut it.after) {
            if let JobRef::Index(index) = job {
                *index = places[*index];
            }
        }
        self
    }

    pub(crate) fn given_env(&self) -> &[(OsString, OsString)] {
        self.rest.as_ref().map_or(&[], |it| &it.env)
    }

    pub(crate) fn given_cwd(&self) -> Option<&Path> {
        self.rest.as_ref()?.cwd.as_deref()
    }

    pub(crate) fn given_retry(&self) -> Option<&RetryPolicy> {
        self.rest.as_ref()?.retry.as_ref()
    }

    pub(crate) fn given_timeout(&self) -> Option<Duration> {
        self.rest.as_ref()?.timeout
    }

    pub(crate) fn has_data(&self) -> bool {
        self.rest.as_ref().is_some_and(|it| !it.data.is_empty())
    }

    pub(crate) fn find_data<T: Any>(&self) -> Option<&T> {
        self.rest.as_ref()?.data.iter().find_map(|it| it.downcast_ref())
    }
}

impl From<&ArgvError> for SpecError {
    fn from(error: &ArgvError) -> Self {
        Self::Argv(error.clone())
    }
}

/// Without the environment and the data, which may hold secrets.
impl fmt::Debug for JobSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobSpec").field("argv", &self.argv).field("name", &self.name).finish_non_exhaustive()
    }
}

impl<W: Into<OsString>, const N: usize> From<[W; N]> for JobSpec {
    fn from(words: [W; N]) -> Self {
        Self::new(words)
    }
}

impl<W: Into<OsString>> From<Vec<W>> for JobSpec {
    fn from(words: Vec<W>) -> Self {
        Self::new(words)
    }
}

impl<W: Into<OsString> + Clone> From<&[W]> for JobSpec {
    fn from(words: &[W]) -> Self {
        Self::new(words.iter().cloned())
    }
}

impl From<Argv> for JobSpec {
    fn from(argv: Argv) -> Self {
        Self::of(Ok(argv))
    }
}
