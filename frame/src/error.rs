//! What can go wrong with a pipeline as a whole?

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use thiserror::Error;
use xqute::{Fault, FeedError};

/// A pipeline that cannot be, or cannot go on. A job that fails is none: the summary tells it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FrameError {
    /// A process whose results can have no directory.
    #[error("the process name `{0}` cannot be the name of a directory: give it one without `/`")]
    Name(String),
    /// Two processes of one name.
    #[error("there are two processes `{0}`: give one of them another name")]
    SameName(String),
    /// A process that does nothing.
    #[error("the process `{0}` has no inputs, and so no jobs: give it some, or leave it out")]
    NoInputs(String),
    /// A process whose jobs could never be told to be done.
    #[error(
        "the process `{0}` has no outputs, so that nothing tells whether it is done: name what it writes"
    )]
    NoOutputs(String),
    /// An output that is not in its process's directory: an absolute path, or one with `..`.
    #[error("the output `{0}` is not in its process's directory: name a file in it, as `{{stem}}.txt`")]
    Outside(String),
    /// A job that would lose what it reads.
    #[error("{} is an input and an output of one job, and outputs are removed before it runs: give one of them another name", .0.display())]
    OutputIsInput(PathBuf),
    /// Two jobs that would write over each other.
    #[error("two jobs write {}: put `{{stem}}` into the names of outputs, and give inputs different names", .0.display())]
    SameOutput(PathBuf),
    /// The directory of the pipeline cannot be used.
    #[error("cannot make the directory {}: {error}", path.display())]
    Directory {
        /// Which.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The run does without the plugin that the framework is.
    #[error(
        "the plugin `frame` is off in this run: without it nothing is cached or verified; select it, too"
    )]
    Off,
    /// A plugin kept the pipeline from going on.
    #[error("the pipeline cannot go on: {0}")]
    Hook(#[from] Arc<Fault>),
    /// What xqute says.
    #[error(transparent)]
    Xqute(#[from] xqute::Error),
}

impl FrameError {
    /// Whether the run is being stopped: its summary tells why.
    pub(crate) fn is_stop(&self) -> bool {
        matches!(self, Self::Xqute(xqute::Error::Feed(FeedError::Stopping)))
    }
}
