//! Which jobs does a job wait for?

use std::fmt;
use std::sync::Arc;

/// Jobs that another waits for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JobRef {
    /// The job of this index.
    Index(usize),
    /// The jobs that have this name or tag.
    Word(Arc<str>),
}

impl From<usize> for JobRef {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

impl From<&str> for JobRef {
    fn from(word: &str) -> Self {
        Self::Word(word.into())
    }
}

impl From<String> for JobRef {
    fn from(word: String) -> Self {
        Self::Word(word.into())
    }
}

impl From<Arc<str>> for JobRef {
    fn from(word: Arc<str>) -> Self {
        Self::Word(word)
    }
}

impl fmt::Display for JobRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index(index) => write!(f, "job {index}"),
            Self::Word(word) => write!(f, "`{word}`"),
        }
    }
}

/// What a job that waits for another wants of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Need {
    /// That it succeeds.
    Success,
    /// That it ends, however.
    End,
}
