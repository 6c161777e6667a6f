//! What does a user ask for? A command, and what goes with it.

use std::any::{Any, TypeId};
use std::ffi::OsString;
use std::fmt;
use std::sync::Arc;

use super::argv::{Argv, ArgvError};

/// What a user asks for: a command, and what goes with it.
///
/// Whatever is a list of words can be fed as it is; a mistake in it is told when it is fed.
///
/// ```
/// # use xqute_core as xqute;
/// use xqute::JobSpec;
/// let spec = JobSpec::new(["sha256sum", "Cargo.toml"]).name("sums");
/// let same = JobSpec::parse("sha256sum Cargo.toml").name("sums");
/// assert_eq!(spec.argv(), same.argv());
/// ```
#[derive(Clone)]
pub struct JobSpec {
    argv: Result<Argv, ArgvError>,
    name: Option<Arc<str>>,
    data: Vec<Arc<dyn Any + Send + Sync>>,
}

impl JobSpec {
    /// A job that runs these words: a program and its arguments.
    pub fn new<W: Into<OsString>>(words: impl IntoIterator<Item = W>) -> Self {
        Self::of(Argv::new(words))
    }

    /// A job from one line, split into words as a POSIX shell splits one. Nothing is expanded.
    pub fn parse(line: impl AsRef<std::ffi::OsStr>) -> Self {
        Self::of(Argv::parse(line))
    }

    fn of(argv: Result<Argv, ArgvError>) -> Self {
        Self { argv, name: None, data: Vec::new() }
    }

    /// Names the job, for people.
    #[must_use]
    pub fn name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Attaches a value that hooks find with [`Job::data`](super::Job::data): one of each type; a later one replaces it.
    #[must_use]
    pub fn data<T: Any + Send + Sync>(mut self, value: T) -> Self {
        self.data.retain(|it| (**it).type_id() != TypeId::of::<T>());
        self.data.push(Arc::new(value));
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

    pub(crate) fn given_name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    pub(crate) fn has_data(&self) -> bool {
        !self.data.is_empty()
    }

    pub(crate) fn find_data<T: Any>(&self) -> Option<&T> {
        self.data.iter().find_map(|it| it.downcast_ref())
    }
}

/// Without the data, which may hold anything.
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
