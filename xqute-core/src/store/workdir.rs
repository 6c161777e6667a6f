//! Where does a run keep its files? In a directory that is its own.

use std::fs::{self, DirBuilder, DirEntry, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf, absolute};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{Access, FlockOperation, access, flock};
use rustix::io::Errno;

use crate::job::{JobFiles, LOCAL_OUTPUT, is_output_name};

use super::aside;
use super::error::{JournalError, WorkDirError};
use super::frame::HEADER;
use super::holder::Holder;
use super::journal::{Journal, Opened, is_there, sync_directory};
use super::past::{Past, PastJob, PastRun, command};
use super::reader::Reader;
use super::utc::utc;

/// A run's directory.
#[derive(Debug)]
pub(crate) struct WorkDir {
    path: Arc<Path>,
    /// The directory, locked: no other run uses it as long as this lives. Jobs do not inherit it.
    _lock: Lock,
    /// The directories made for it, the innermost first.
    made: Vec<PathBuf>,
    /// Whether what is in it is to go.
    fresh: bool,
    /// Then these are the jobs' directories, and that of their output.
    stale: Vec<PathBuf>,
    /// Whether the journal was made for this run.
    new_journal: bool,
}

impl WorkDir {
    /// Makes it, with mode 0700, where it is not there. The jobs in it are this run's past, of which its journal tells;
    /// `fresh`: they have to go, and [`clear`](Self::clear) removes them.
    pub(crate) fn open(path: &Path, fresh: bool) -> Result<Self, WorkDirError> {
        let path = absolute(path).map_err(|error| WorkDirError::Io { path: path.to_owned(), error })?;
        let made = missing(&path);
        make(&path).map_err(|error| refused(&path, error))?;
        let lock = lock(&path)?;
        aside::put_back(&path).map_err(|error| WorkDirError::Io { path: path.clone(), error })?;
        let has_past = is_there(&journal_path(&path), fresh)?;
        let stale = jobs(&path, fresh || !has_past)?;
        if !stale.is_empty() && !fresh && !has_past {
            return Err(WorkDirError::Used { path });
        }
        Ok(Self { path: path.into(), _lock: lock, made, fresh, stale, new_journal: false })
    }

    /// Keeps plugins that start from finding what is to go.
    pub(crate) fn hide(&self) -> Result<(), WorkDirError> {
        let failed = |error| WorkDirError::Io { path: self.path.to_path_buf(), error };
        if self.fresh { aside::put(&self.path).map_err(failed) } else { Ok(()) }
    }

    /// Removes what is to go, the journal first: none may tell of output that is gone.
    pub(crate) fn clear(&mut self) -> Result<(), WorkDirError> {
        if std::mem::take(&mut self.fresh) {
            self.remove_journal()?;
            let failed = |error| WorkDirError::Io { path: self.path.to_path_buf(), error };
            aside::remove(&self.path).map_err(failed)?;
        }
        self.stale
            .drain(..)
            .try_for_each(|path| fs::remove_dir_all(&path).map_err(|error| WorkDirError::Io { path, error }))
    }

    fn remove_journal(&self) -> Result<(), JournalError> {
        let path = journal_path(&self.path);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(JournalError::Io { path, error }),
            _ => {
                sync_directory(&self.path);
                Ok(())
            }
        }
    }

    /// Opens the journal, or makes it. Where something [is to go](Self::clear), that has to be gone.
    pub(crate) fn journal(&mut self, durable: bool) -> Result<Opened, JournalError> {
        debug_assert!(!self.fresh, "the past is to go, and is still there");
        let path = journal_path(&self.path);
        self.new_journal = !path.exists();
        let parents = self.made.iter().filter_map(|it| it.parent()).map(Path::to_owned).collect();
        Journal::open(&path, durable, parents)
    }

    /// What earlier runs left, where that can be read.
    pub(crate) fn past(&self) -> Option<Past> {
        past(&self.path)
    }

    /// The command of a past job as a line for people, where it can be read.
    pub(crate) fn past_command(&self, job: &PastJob) -> Option<String> {
        command(&journal_path(&self.path), job)
    }

    pub(crate) fn path(&self) -> &Arc<Path> {
        &self.path
    }

    /// Nothing came of the run: takes away what was made for it, as far as nothing is in it.
    pub(crate) fn abandon(self) {
        if let Err(error) = aside::put_back(&self.path) {
            tracing::warn!("the files of plugins in {} cannot be put back: {error}", self.path.display());
        }
        aside::remove_empty(&self.path);
        let journal = journal_path(&self.path);
        let is_empty = || fs::metadata(&journal).is_ok_and(|it| it.len() <= HEADER as u64);
        if self.new_journal && is_empty() && fs::remove_file(&journal).is_err() {
            return;
        }
        for path in self.made {
            if fs::remove_dir(path).is_err() {
                // Not empty: somebody wanted to keep something.
                return;
            }
        }
    }
}

pub(super) fn journal_path(workdir: &Path) -> PathBuf {
    workdir.join("journal")
}

fn make(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).recursive(true).create(path)?;
    Ok(access(path, Access::WRITE_OK | Access::EXEC_OK)?)
}

/// Why a directory cannot be made or written to.
fn refused(path: &Path, error: io::Error) -> WorkDirError {
    let path = path.to_owned();
    let there = path.ancestors().find(|it| it.exists()).unwrap_or(&path).to_owned();
    match error.kind() {
        _ if !there.is_dir() => WorkDirError::NotDirectory { path, file: there },
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            WorkDirError::NotWritable { path, directory: there }
        }
        _ => WorkDirError::Io { path, error },
    }
}

/// How long the processes of a program that was killed may take to let go of its lock.
const LETTING_GO: Duration = Duration::from_secs(2);
/// Between two looks at that.
const PAUSE: Duration = Duration::from_millis(5);

/// A directory that is locked for as long as this lives.
#[derive(Debug)]
pub(super) struct Lock(File);

/// To close the file is not enough: until it runs its program, a process that another thread starts at that time has it
/// too.
impl Drop for Lock {
    fn drop(&mut self) {
        if let Err(errno) = flock(&self.0, FlockOperation::Unlock) {
            tracing::warn!("cannot unlock a work directory: {errno}");
        }
    }
}

pub(super) fn lock(path: &Path) -> Result<Lock, WorkDirError> {
    let refused = |error| WorkDirError::Io { path: path.to_owned(), error };
    let directory = File::open(path).map_err(refused)?;
    let deadline = Instant::now() + LETTING_GO;
    loop {
        match flock(&directory, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(Lock(directory)),
            Err(Errno::WOULDBLOCK) if is_let_go(path) && Instant::now() < deadline => thread::sleep(PAUSE),
            Err(Errno::WOULDBLOCK) => {
                return Err(WorkDirError::InUse { path: path.to_owned(), who: user(path) });
            }
            Err(errno) => return Err(refused(errno.into())),
        }
    }
}

/// Whether who used it was killed. What it was about to start has the lock, too, until that is a program of its own.
fn is_let_go(workdir: &Path) -> bool {
    past(workdir).as_ref().and_then(|it| it.runs().last()).is_some_and(|it| it.holder.is_gone())
}

fn past(workdir: &Path) -> Option<Past> {
    let path = journal_path(workdir);
    let mut reader = Reader::new(File::open(&path).ok()?, &path).ok()?;
    Some(Past::read(&mut reader).ok()?.0)
}

/// Who uses a work directory, as its journal tells. That may still be about a run that has ended.
fn user(workdir: &Path) -> String {
    match past(workdir).as_ref().and_then(|it| it.runs().last()) {
        Some(PastRun { holder, .. }) if holder.is_gone() => "another run".to_owned(),
        Some(PastRun { holder: Holder { pid, host, .. }, when, done, .. }) => {
            let process = format!("process {pid} on host {host} since {}", utc(*when));
            // Which of them nobody can tell: one that only begins is not in the journal yet.
            if *done { format!("another run, or the one that has ended of {process}") } else { process }
        }
        None => "another run".to_owned(),
    }
}

/// The directories on the way to `path` that are not there, the innermost first.
fn missing(path: &Path) -> Vec<PathBuf> {
    path.ancestors().take_while(|it| !it.exists()).map(Path::to_owned).collect()
}

/// The jobs' directories in it. Whatever else is named so is an error: it is not the run's to touch. `thorough`: each is
/// looked into, since it may have to go; there may be a million.
fn jobs(path: &Path, thorough: bool) -> Result<Vec<PathBuf>, WorkDirError> {
    let failed = |error| WorkDirError::Io { path: path.to_owned(), error };
    let mut found = Vec::new();
    for entry in fs::read_dir(path).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if !JobFiles::is_metadir_name(&entry.file_name()) {
            continue;
        }
        if !is_metadir(&entry, thorough).map_err(failed)? {
            return Err(WorkDirError::Foreign { path: entry.path() });
        }
        if thorough {
            found.push(entry.path());
        }
    }
    if thorough {
        found.extend(output(path)?);
    }
    Ok(found)
}

/// Where the output of jobs is that have no directory, if it is there.
fn output(workdir: &Path) -> Result<Option<PathBuf>, WorkDirError> {
    let path = workdir.join(LOCAL_OUTPUT);
    let entries = match fs::read_dir(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        entries => entries,
    };
    let failed = |error| WorkDirError::Io { path: path.clone(), error };
    for entry in entries.map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if !is_output_name(&entry.file_name()) {
            return Err(WorkDirError::Foreign { path: entry.path() });
        }
    }
    Ok(Some(path))
}

/// Whether it is a directory; `thorough`: with a job's files and nothing else.
fn is_metadir(entry: &DirEntry, thorough: bool) -> io::Result<bool> {
    if !entry.file_type()?.is_dir() {
        return Ok(false);
    }
    if thorough {
        for file in fs::read_dir(entry.path())? {
            if !JobFiles::is_file_name(&file?.file_name()) {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests;
