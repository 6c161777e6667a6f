//! Where does a run keep its files? In a directory that is its own.

use std::fs::{self, DirBuilder, DirEntry, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf, absolute};
use std::sync::Arc;

use rustix::fs::{Access, FlockOperation, access, flock};
use rustix::io::Errno;
use thiserror::Error;

use crate::job::JobFiles;

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
        "the work directory {path} is in use by another run: wait for its end, or choose another (`workdir`, -w DIR)"
    )]
    InUse {
        /// The directory.
        path: PathBuf,
    },
    /// Another run's jobs are in it.
    #[error(
        "the work directory {path} holds the jobs of another run: choose another (`workdir`, -w DIR), or have them removed first (`fresh`, --fresh)"
    )]
    Used {
        /// The directory.
        path: PathBuf,
    },
}

/// A run's directory.
#[derive(Debug)]
pub(crate) struct WorkDir {
    path: Arc<Path>,
    /// The directory, locked: no other run uses it as long as this lives. Jobs do not inherit it.
    _lock: File,
    /// The directories made for it, the innermost first.
    made: Vec<PathBuf>,
    /// Those of another run's jobs, which are to go.
    stale: Vec<PathBuf>,
}

impl WorkDir {
    /// Makes it, with mode 0700, where it is not there. The jobs of another run are an error, or `fresh`: then
    /// [`clear`](Self::clear) removes them.
    pub(crate) fn open(path: &Path, fresh: bool) -> Result<Self, WorkDirError> {
        let path = absolute(path).map_err(|error| WorkDirError::Io { path: path.to_owned(), error })?;
        let made = missing(&path);
        let refused = |error| WorkDirError::Io { path: path.clone(), error };
        DirBuilder::new().mode(0o700).recursive(true).create(&path).map_err(refused)?;
        access(&path, Access::WRITE_OK | Access::EXEC_OK).map_err(|errno| refused(errno.into()))?;
        let lock = lock(&path)?;
        let stale = jobs(&path)?;
        if !stale.is_empty() && !fresh {
            return Err(WorkDirError::Used { path });
        }
        Ok(Self { path: path.into(), _lock: lock, made, stale })
    }

    /// Removes the jobs of another run.
    pub(crate) fn clear(&mut self) -> Result<(), WorkDirError> {
        self.stale
            .drain(..)
            .try_for_each(|path| fs::remove_dir_all(&path).map_err(|error| WorkDirError::Io { path, error }))
    }

    pub(crate) fn path(&self) -> &Arc<Path> {
        &self.path
    }

    /// Nothing came of the run: takes away the directories that were made for it, as far as nothing is in them.
    pub(crate) fn abandon(self) {
        for path in self.made {
            if fs::remove_dir(path).is_err() {
                // Not empty: somebody wanted to keep something.
                return;
            }
        }
    }
}

/// Locks a directory, for as long as the file lives.
fn lock(path: &Path) -> Result<File, WorkDirError> {
    let refused = |error| WorkDirError::Io { path: path.to_owned(), error };
    let directory = File::open(path).map_err(refused)?;
    match flock(&directory, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(directory),
        Err(Errno::WOULDBLOCK) => Err(WorkDirError::InUse { path: path.to_owned() }),
        Err(errno) => Err(refused(errno.into())),
    }
}

/// The directories on the way to `path` that are not there, the innermost first.
fn missing(path: &Path) -> Vec<PathBuf> {
    path.ancestors().take_while(|it| !it.exists()).map(Path::to_owned).collect()
}

/// The jobs' directories in it. Whatever else is named so is an error: it is not the run's to touch.
fn jobs(path: &Path) -> Result<Vec<PathBuf>, WorkDirError> {
    let failed = |error| WorkDirError::Io { path: path.to_owned(), error };
    let mut found = Vec::new();
    for entry in fs::read_dir(path).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if !JobFiles::is_metadir_name(&entry.file_name()) {
            continue;
        }
        if !is_metadir(&entry).map_err(failed)? {
            return Err(WorkDirError::Foreign { path: entry.path() });
        }
        found.push(entry.path());
    }
    Ok(found)
}

/// Whether it is a directory with a job's files and nothing else.
fn is_metadir(entry: &DirEntry) -> io::Result<bool> {
    if !entry.file_type()?.is_dir() {
        return Ok(false);
    }
    for file in fs::read_dir(entry.path())? {
        if !JobFiles::is_file_name(&file?.file_name()) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Makes a job's directory.
pub(crate) fn make_metadir(files: &JobFiles) -> io::Result<()> {
    let path = files.metadir();
    let made = DirBuilder::new().mode(0o700).create(&path);
    made.map_err(|error| {
        let why = match error.kind() {
            io::ErrorKind::AlreadyExists => {
                "it is there: does another run use this work directory?".to_owned()
            }
            _ => error.to_string(),
        };
        io::Error::new(error.kind(), format!("cannot make {}: {why}", path.display()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_directory_is_made_for_its_owner_alone_and_goes_if_nothing_came_of_it() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("a/b");
        let workdir = WorkDir::open(&path, false).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        workdir.abandon();
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
    }

    #[test]
    fn the_jobs_of_another_run_stay_unless_they_may_go() {
        let dir = tempfile::tempdir().unwrap();
        make_metadir(&JobFiles::new(dir.path().into(), 0)).unwrap();
        fs::write(dir.path().join("notes"), "mine").unwrap();
        assert!(matches!(WorkDir::open(dir.path(), false), Err(WorkDirError::Used { .. })));
        assert!(dir.path().join("0").exists());
        let mut workdir = WorkDir::open(dir.path(), true).unwrap();
        assert!(dir.path().join("0").exists(), "a run that is not built yet removes nothing");
        workdir.clear().unwrap();
        workdir.abandon();
        assert!(!dir.path().join("0").exists());
        assert!(dir.path().join("notes").exists());
    }

    #[test]
    fn what_only_has_the_name_of_a_job_is_never_touched() {
        for make in [
            (|path| fs::write(path, "mine")) as fn(PathBuf) -> io::Result<()>,
            |path| fs::create_dir(&path).and_then(|()| fs::write(path.join("thesis"), "mine")),
            |path| std::os::unix::fs::symlink("/", path),
        ] {
            let dir = tempfile::tempdir().unwrap();
            make_metadir(&JobFiles::new(dir.path().into(), 0)).unwrap();
            make(dir.path().join("2024")).unwrap();
            for fresh in [false, true] {
                assert!(matches!(WorkDir::open(dir.path(), fresh), Err(WorkDirError::Foreign { .. })));
            }
            assert!(dir.path().join("0").exists() && dir.path().join("2024").exists());
        }
    }

    #[test]
    fn one_run_at_a_time_uses_a_directory() {
        let dir = tempfile::tempdir().unwrap();
        let first = WorkDir::open(dir.path(), false).unwrap();
        assert!(matches!(WorkDir::open(dir.path(), true), Err(WorkDirError::InUse { .. })));
        drop(first);
        assert!(WorkDir::open(dir.path(), false).is_ok());
    }

    #[test]
    fn a_file_is_no_directory() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        fs::write(&path, "").unwrap();
        let error = WorkDir::open(&path, false).unwrap_err();
        assert!(error.to_string().contains("cannot use the work directory"), "{error}");
    }
}
