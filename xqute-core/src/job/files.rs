//! What are a job's files called? No other file of the project spells these names.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// In a work directory, what the supervisor of this machine's jobs writes down of their starts and ends.
pub(crate) const LOCAL_LOG: &str = "local.log";
/// Locked for as long as somebody may start jobs of the work directory on this machine.
pub(crate) const LOCAL_LOCK: &str = "local.lock";
/// Where that supervisor is spoken to.
pub(crate) const LOCAL_SOCKET: &str = "local.sock";

/// The paths of one job in a work directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobFiles {
    workdir: Arc<Path>,
    index: usize,
}

impl JobFiles {
    /// Those of job `index` in `workdir`.
    #[must_use]
    pub fn new(workdir: Arc<Path>, index: usize) -> Self {
        Self { workdir, index }
    }

    /// The job's directory: `<workdir>/<index>`.
    #[must_use]
    pub fn metadir(&self) -> PathBuf {
        self.workdir.join(self.index.to_string())
    }

    /// What the job writes to its standard output: `job.stdout`.
    #[must_use]
    pub fn stdout(&self) -> PathBuf {
        self.metadir().join("job.stdout")
    }

    /// What the job writes to its standard error: `job.stderr`.
    #[must_use]
    pub fn stderr(&self) -> PathBuf {
        self.metadir().join("job.stderr")
    }

    /// The exit code of its last attempt, as a line: `job.rc`.
    #[must_use]
    pub fn rc(&self) -> PathBuf {
        self.metadir().join("job.rc")
    }

    /// The number of its [`Status`](super::Status), as a line: `job.status`. A direct job has it from its end on, a
    /// wrapped one from its start.
    #[must_use]
    pub fn status(&self) -> PathBuf {
        self.metadir().join("job.status")
    }

    /// What the scheduler calls its last attempt, as a line: `job.jid`.
    #[must_use]
    pub fn jid(&self) -> PathBuf {
        self.metadir().join("job.jid")
    }

    /// The script that a wrapped job runs in: `job.wrapped.<scheduler>`.
    #[must_use]
    pub fn script(&self, scheduler: &str) -> PathBuf {
        self.metadir().join(format!("job.wrapped.{scheduler}"))
    }

    /// What the script itself writes, and the fragments of plugins in it: `job.wrapped.log`.
    #[must_use]
    pub fn script_log(&self) -> PathBuf {
        self.metadir().join("job.wrapped.log")
    }

    /// Where the files of earlier attempts are, a directory each, from 0: `job.retry`.
    #[must_use]
    pub fn retries(&self) -> PathBuf {
        self.metadir().join("job.retry")
    }

    /// A file's name while it is written; then it is renamed into place, so that no reader sees half of it.
    pub(crate) fn unfinished(path: &Path) -> PathBuf {
        let mut name = path.as_os_str().to_owned();
        name.push(".new");
        name.into()
    }

    /// The work directory.
    #[must_use]
    pub fn workdir(&self) -> &Path {
        &self.workdir
    }

    /// Whether a file has the name of one of a job's: `job.…`.
    #[must_use]
    pub fn is_file_name(name: &OsStr) -> bool {
        name.as_encoded_bytes().starts_with(b"job.")
    }

    /// Whether an entry of a work directory has the name of a job's directory.
    #[must_use]
    pub fn is_metadir_name(name: &OsStr) -> bool {
        name.to_str().is_some_and(|name| {
            name.bytes().all(|it| it.is_ascii_digit())
                && name.parse::<usize>().is_ok_and(|it| it.to_string() == name)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_index_is_a_jobs_directory() {
        let is = |name: &str| JobFiles::is_metadir_name(name.as_ref());
        assert!(is("0") && is("42"));
        assert!(!is("") && !is("007") && !is("1a") && !is("-1") && !is("journal"));
    }
}
