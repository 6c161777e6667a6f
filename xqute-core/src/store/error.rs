//! Why can a work directory or its journal not be used?

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// A work directory that cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WorkDirError {
    /// The system refuses.
    #[error("cannot use the work directory {path}: {error}")]
    Io {
        /// The directory, or what is in it.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// There is a file where a directory has to be.
    #[error(
        "cannot use the work directory {path}: {file} is a file, no directory: choose another (`workdir`, -w DIR)"
    )]
    NotDirectory {
        /// The work directory.
        path: PathBuf,
        /// The file: the same, or on the way to it.
        file: PathBuf,
    },
    /// Nothing can be written there.
    #[error(
        "cannot use the work directory {path}: {directory} is not writable: choose another (`workdir`, -w DIR)"
    )]
    NotWritable {
        /// The work directory.
        path: PathBuf,
        /// The same, or the one in which it would have been made.
        directory: PathBuf,
    },
    /// Something in it has the name of a job's directory, and is none.
    #[error(
        "{path} is named as a job's directory is, and is none: choose another work directory (`workdir`, -w DIR)"
    )]
    Foreign {
        /// The thing.
        path: PathBuf,
    },
    /// A run is using it.
    #[error(
        "the work directory {path} is in use by {who}: wait for its end, or choose another (`workdir`, -w DIR)"
    )]
    InUse {
        /// The directory.
        path: PathBuf,
        /// Which process of which machine, as far as that is known.
        who: String,
    },
    /// Jobs are in it, and no journal says what became of them.
    #[error(
        "the work directory {path} holds the jobs of another run and no journal of them: choose another (`workdir`, -w DIR), or have them removed first (`fresh`, --fresh)"
    )]
    Used {
        /// The directory.
        path: PathBuf,
    },
    /// Nothing is to be seen in it.
    #[error("no run was made in {path}: there is no journal in it; name the directory of a run (-w DIR)")]
    NoRun {
        /// The directory.
        path: PathBuf,
    },
    /// Its journal cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// A journal that cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The system refuses.
    #[error("cannot use the journal {path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// A newer xqute wrote it.
    #[error(
        "the journal {path} has format {found}, and this xqute knows formats up to {known}: use a newer xqute, choose another work directory (`workdir`, -w DIR), or have the old jobs removed first (`fresh`, --fresh)"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The newest format that is known here.
        known: u32,
    },
    /// Something has its name, and is none.
    #[error(
        "{path} is no journal of xqute, or its first bytes are damaged: choose another work directory (`workdir`, -w DIR), or move it away"
    )]
    Foreign {
        /// The thing.
        path: PathBuf,
    },
}
