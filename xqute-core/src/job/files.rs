//! What are a job's files called? No other file of the project spells these names.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// In a work directory, where plugins have their own directories;
pub(crate) const PLUGIN_DIRECTORIES: &str = "plugins";
/// in it, what tells that xqute has made it, and may remove it;
pub(crate) const PLUGINS_MARK: &str = ".made-by-xqute";
/// what it is called while a fresh run that may come to nothing begins.
pub(crate) const PLUGINS_ASIDE: &str = "plugins.old";
/// In a work directory, what the supervisor of this machine's jobs writes down of their starts and ends.
pub(crate) const LOCAL_LOG: &str = "local.log";
/// Locked for as long as somebody may start jobs of the work directory on this machine.
pub(crate) const LOCAL_LOCK: &str = "local.lock";
/// Where that supervisor is spoken to.
pub(crate) const LOCAL_SOCKET: &str = "local.sock";
/// Where jobs of this machine have their output that have no directory of their own: see `bundle`.
pub(crate) const LOCAL_OUTPUT: &str = "local.output";
/// In it, where each job's output is,
pub(crate) const OUTPUT_INDEX: &str = "index";
/// where that of its earlier attempts is,
pub(crate) const OUTPUT_EARLIER: &str = "earlier";
/// and the output.
pub(crate) const OUTPUT_DATA: &str = "data";
/// The directory of one supervisor, behind which its number follows: what jobs write that run.
const OUTPUT_SLOTS: &str = "slots.";
/// In it, which job has which files.
pub(crate) const SLOTS_WHO: &str = "who";

/// The name of the `number`th supervisor's directory in [`LOCAL_OUTPUT`].
pub(crate) fn slots_name(number: u64) -> String {
    format!("{OUTPUT_SLOTS}{number}")
}

/// The number that such a name has.
pub(crate) fn slots_number(name: &OsStr) -> Option<u64> {
    name.to_str()?.strip_prefix(OUTPUT_SLOTS)?.parse().ok()
}

/// What a slot's files are called, for standard output and standard error.
pub(crate) fn slot_names(slot: usize) -> [String; 2] {
    [format!("{slot}.out"), format!("{slot}.err")]
}

/// The file in [`LOCAL_OUTPUT`] of an output that is too large to be copied.
pub(crate) fn large_name(run: u64, index: u64, attempt: u32, is_stdout: bool) -> String {
    let stream = if is_stdout { "out" } else { "err" };
    format!("{index}.{run:016x}.{attempt}.{stream}")
}

/// Whether an entry of [`LOCAL_OUTPUT`] has the name of one that xqute makes.
pub(crate) fn is_output_name(name: &OsStr) -> bool {
    let is_large = || {
        let parts: Vec<&str> = name.to_str().map(|it| it.split('.').collect()).unwrap_or_default();
        let [index, run, attempt, stream] = parts.as_slice() else { return false };
        index.parse::<u64>().is_ok()
            && run.len() == 16
            && attempt.parse::<u32>().is_ok()
            && ["out", "err"].contains(stream)
    };
    [OUTPUT_INDEX, OUTPUT_EARLIER, OUTPUT_DATA].iter().any(|it| name == *it)
        || slots_number(name).is_some()
        || is_large()
}

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

    /// The job's number.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
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
