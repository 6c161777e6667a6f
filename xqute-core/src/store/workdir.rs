//! Where does a run keep its files? In a directory that is its own.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf, absolute};
use std::sync::Arc;

use thiserror::Error;

use crate::job::JobFiles;

/// A work directory that cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WorkDirError {
    /// The system refuses.
    #[error("cannot use the work directory {path}: {source}")]
    Io {
        /// The directory, or what is in it.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
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
    /// It was not there before.
    made: bool,
}

impl WorkDir {
    /// Makes it, with mode 0700, where it is not there. `fresh` removes the jobs of another run; else they are an error.
    pub(crate) fn open(path: &Path, fresh: bool) -> Result<Self, WorkDirError> {
        let path = absolute(path).map_err(|source| WorkDirError::Io { path: path.to_owned(), source })?;
        let made = make(&path).map_err(|source| WorkDirError::Io { path: path.clone(), source })?;
        for job in jobs(&path)? {
            if !fresh {
                return Err(WorkDirError::Used { path });
            }
            fs::remove_dir_all(&job).map_err(|source| WorkDirError::Io { path: job, source })?;
        }
        Ok(Self { path: path.into(), made })
    }

    pub(crate) fn path(&self) -> &Arc<Path> {
        &self.path
    }

    /// Nothing came of the run: takes the directory away, if it was made for it and nothing is in it.
    pub(crate) fn abandon(self) {
        if self.made {
            // Not empty: somebody wanted to keep something.
            let _ = fs::remove_dir(&self.path);
        }
    }
}

/// Makes a directory, and those above it. Says whether it was not there.
fn make(path: &Path) -> io::Result<bool> {
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(false),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            DirBuilder::new().mode(0o700).recursive(true).create(path).map(|()| true)
        }
        Err(error) => Err(error),
    }
}

/// The jobs' directories in it.
fn jobs(path: &Path) -> Result<Vec<PathBuf>, WorkDirError> {
    let failed = |source| WorkDirError::Io { path: path.to_owned(), source };
    let mut found = Vec::new();
    for entry in fs::read_dir(path).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if JobFiles::is_metadir_name(&entry.file_name()) {
            found.push(entry.path());
        }
    }
    Ok(found)
}

/// Makes a job's directory.
pub(crate) fn make_metadir(files: &JobFiles) -> io::Result<()> {
    let path = files.metadir();
    let made = DirBuilder::new().mode(0o700).create(&path);
    made.map_err(|error| io::Error::new(error.kind(), format!("cannot make {}: {error}", path.display())))
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
        assert!(!path.exists());
    }

    #[test]
    fn the_jobs_of_another_run_stay_unless_they_may_go() {
        let dir = tempfile::tempdir().unwrap();
        make_metadir(&JobFiles::new(dir.path().into(), 0)).unwrap();
        fs::write(dir.path().join("notes"), "mine").unwrap();
        assert!(matches!(WorkDir::open(dir.path(), false), Err(WorkDirError::Used { .. })));
        assert!(dir.path().join("0").exists());
        WorkDir::open(dir.path(), true).unwrap().abandon();
        assert!(!dir.path().join("0").exists());
        assert!(dir.path().join("notes").exists());
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
