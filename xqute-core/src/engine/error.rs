//! What can go wrong with a run as a whole?

use std::fmt;
use std::sync::Arc;

use thiserror::Error;

use crate::hook::{Fault, FeedError, PluginError};
use crate::store::WorkDirError;

/// A run cannot be built. Nothing has started, and nothing is left behind.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The plugins do not fit together.
    #[error(transparent)]
    Plugins(#[from] PluginError),
    /// The work directory cannot be used.
    #[error(transparent)]
    WorkDir(#[from] WorkDirError),
    /// A plugin could not be started.
    #[error("{0}")]
    Init(Arc<Fault>),
    /// A number that makes no sense.
    #[error("`forks` is 0, so that no job could ever run: give it at least 1")]
    NoForks,
    /// Configuration that cannot be kept.
    #[error("the configuration of plugin `{plugin}` cannot be written down: {error}")]
    Config {
        /// The plugin.
        plugin: String,
        /// Why.
        error: serde_json::Error,
    },
}

/// A run cannot go on.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RunError {
    /// There is nothing that hooks could run on.
    #[error("a run needs a tokio runtime to call hooks on: call this from within one (#[tokio::main])")]
    NoRuntime,
    /// The system has no thread for the engine.
    #[error("cannot start the engine's thread: {0}")]
    Thread(std::io::Error),
    /// The engine stopped where it never should.
    #[error("the engine's thread has died; this is a mistake in xqute")]
    EngineLost,
}

/// Whatever can go wrong, for a `main` that only passes it on: `Debug`, which that shows, says the same as `Display`.
#[derive(Error)]
#[non_exhaustive]
pub enum Error {
    /// A run cannot be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// A job was not taken.
    #[error(transparent)]
    Feed(#[from] FeedError),
    /// A run cannot go on.
    #[error(transparent)]
    Run(#[from] RunError),
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A result with xqute's [`enum@Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;
