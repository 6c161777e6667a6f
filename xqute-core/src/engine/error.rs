//! What can go wrong with a run as a whole?

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use thiserror::Error;

use crate::hook::{ConfigError, Fault, FeedError, NoSuchJob, PluginError};
use crate::job::Signal;
use crate::store::{JournalError, WorkDirError};

/// A run cannot be built. Nothing has started, and nothing is left behind.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The plugins do not fit together.
    #[error(transparent)]
    Plugins(#[from] PluginError),
    /// A plugin cannot be configured so.
    #[error(transparent)]
    PluginConfig(#[from] ConfigError),
    /// The work directory cannot be used.
    #[error(transparent)]
    WorkDir(#[from] WorkDirError),
    /// A plugin could not be started.
    #[error("{0}")]
    Init(Arc<Fault>),
    /// A backend whose name cannot be part of file names.
    #[error(
        "the backend's name `{name}` cannot be one: it is letters of a-z, digits and hyphens, and not `log`"
    )]
    BackendName {
        /// The name.
        name: String,
    },
    /// The journal of the work directory cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A number that makes no sense.
    #[error("`forks` is 0, so that no job could ever run: give it at least 1")]
    NoForks,
    /// A number that makes no sense.
    #[error("a `timeout` of 0 would kill every job as it starts: leave it out for none")]
    NoTimeout,
    /// A number that makes no sense.
    #[error("`poll_interval` is 0: give it at least a millisecond")]
    NoPollInterval,
    /// Output that the backend cannot keep so.
    #[error(
        "the scheduler `{scheduler}` cannot keep the output of jobs as `{output}`: that is for jobs of this machine (`local`), and `bundle` for programs that call `xqute::supervise()`; leave `output` out, or say `files`"
    )]
    Output {
        /// What was asked for.
        output: &'static str,
        /// The backend's name.
        scheduler: String,
    },
    /// The work directory cannot be written.
    #[error("cannot begin a run in the work directory {}: {error}", path.display())]
    Begin {
        /// The directory.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// A fresh start, and jobs of an earlier run still run there.
    #[error(
        "{jobs} job{} of an earlier run still run{} in {}: wait for the end of what runs, or run the same list again without `fresh` (--fresh), or choose another work directory (`workdir`, -w DIR)",
        if *jobs == 1 { "" } else { "s" }, if *jobs == 1 { "s" } else { "" }, path.display()
    )]
    StillRunning {
        /// The directory.
        path: PathBuf,
        /// How many.
        jobs: usize,
    },
    /// A fresh start, and whether jobs of an earlier run still run there cannot be told.
    #[error(
        "whether jobs of an earlier run still run in {} cannot be told: {why}; try again later, or choose another work directory (`workdir`, -w DIR)",
        path.display()
    )]
    CannotAsk {
        /// The directory.
        path: PathBuf,
        /// Why not.
        why: String,
    },
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
    #[error("cannot start the engine: {0}")]
    Thread(std::io::Error),
    /// The run's files cannot be written. What ran has ended; what has not started can run later, on the same directory.
    #[error(
        "the run was stopped: {0}; free space or mend the directory, then run again on the same work directory"
    )]
    Storage(String),
    /// A job of an earlier run cannot be fed again.
    #[error(
        "what job {index} of the earlier run was cannot be read in the journal: feed it anew (run the same list again)"
    )]
    NotKnown {
        /// Its number.
        index: usize,
    },
    /// A third signal, and the run was left at once: its jobs were sent SIGKILL, and not waited for.
    #[error("the run was left at once{}: its jobs were sent SIGKILL, and not waited for", by(*.0))]
    Interrupted(Option<Signal>),
    /// The engine stopped where it never should.
    #[error("the engine's thread has died: a backend, or xqute itself, has panicked (its message is above)")]
    EngineLost,
}

fn by(signal: Option<Signal>) -> String {
    signal.map(|signal| format!(" upon {signal}")).unwrap_or_default()
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
    /// A run has ended so for whoever asked before.
    #[error(transparent)]
    Ended(Arc<RunError>),
    /// There is no job to be killed.
    #[error(transparent)]
    NoSuchJob(#[from] NoSuchJob),
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A result with xqute's [`enum@Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;
