//! What became of the jobs in a work directory? For those who look on: nothing is locked, made or changed.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf, absolute};
use std::sync::Arc;

use crate::job::JobFiles;

use super::error::{JournalError, WorkDirError};
use super::frame::HEAD;
use super::holder::Holder;
use super::journal::is_there;
use super::reader::Reader;
use super::record::Record;

mod told;

pub use told::{JobState, JobView, RunView};

/// A work directory, as its journal tells of it: while a run writes there, or afterwards.
///
/// Of each job it holds where its records are, and reads them again when they are asked for: there may be a million.
#[derive(Debug)]
pub struct WorkDirView {
    workdir: Arc<Path>,
    journal: PathBuf,
    reader: Reader<File>,
    /// Where the records end that are taken in. A torn one may follow, which is being written or never was whole.
    next: u64,
    jobs: Vec<Marks>,
    runs: Vec<Seen>,
}

#[derive(Debug)]
struct Seen {
    /// Where its record is.
    at: u64,
    run: RunView,
    holder: Holder<'static>,
}

/// What is held of a job: its state, and where its last records of each kind are; 0 where there is none.
#[derive(Debug, Clone, Default)]
struct Marks {
    state: JobState,
    /// Whether it has this end only because its run was stopped.
    stopped: bool,
    attempts: u32,
    fed: u64,
    environment: u64,
    submitted: u64,
    started: u64,
    told: u64,
}

impl WorkDirView {
    /// Reads the journal of a work directory.
    ///
    /// # Errors
    ///
    /// No run was made there, or its journal cannot be read.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, WorkDirError> {
        let given = path.as_ref();
        let workdir = absolute(given).map_err(|error| WorkDirError::Io { path: given.to_owned(), error })?;
        let journal = workdir.join("journal");
        if !workdir.is_dir() || !is_there(&journal, false)? {
            return Err(WorkDirError::NoRun { path: given.to_owned() });
        }
        let reader = Self::reader(given, &journal)?;
        let (jobs, runs) = (Vec::new(), Vec::new());
        let mut view = Self { workdir: workdir.into(), journal, reader, next: 0, jobs, runs };
        view.read()?;
        Ok(view)
    }

    /// Takes in what was written since. Where another journal has taken the place of this one (`--fresh`), that.
    ///
    /// # Errors
    ///
    /// The journal cannot be read, or was removed ([`WorkDirError::NoRun`]): a new run may be about to make another.
    pub fn refresh(&mut self) -> Result<(), WorkDirError> {
        let reader = Self::reader(&self.workdir, &self.journal)?;
        if reader.salt() == self.reader.salt() && reader.end() >= self.next {
            self.reader = reader;
            self.reader.go_on_at(self.next);
            Ok(self.read()?)
        } else {
            *self = Self::open(&self.workdir)?;
            Ok(())
        }
    }

    /// A journal that has gone since somebody looked is no other case than one that was never there.
    fn reader(workdir: &Path, journal: &Path) -> Result<Reader<File>, WorkDirError> {
        let file = File::open(journal).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => WorkDirError::NoRun { path: workdir.to_owned() },
            _ => JournalError::Io { path: journal.to_owned(), error }.into(),
        })?;
        Ok(Reader::new(file, journal)?)
    }

    fn read(&mut self) -> Result<(), JournalError> {
        // As in `Past::read`: a larger index is nonsense, for which nothing is allocated.
        let most = (self.reader.end() / HEAD as u64) as usize;
        loop {
            match self.reader.next() {
                Ok(Some(part)) => {
                    let Some(record) = part.record else { continue };
                    take(&mut self.jobs, &mut self.runs, &record, part.at, most);
                }
                Ok(None) => break,
                // A new run cuts what is torn off the end, which may be now.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => break,
                Err(error) => return Err(JournalError::Io { path: self.journal.clone(), error }),
            }
        }
        self.next = self.next.max(self.reader.sound());
        for Seen { run, holder, .. } in &mut self.runs {
            run.alive = if run.done.is_some() { Some(false) } else { holder.is_alive() };
        }
        // Only one run at a time uses a directory.
        if let Some((_last, earlier)) = self.runs.split_last_mut() {
            earlier.iter_mut().for_each(|it| it.run.alive = Some(false));
        }
        Ok(())
    }

    /// How many jobs there are: their indices are below this.
    #[must_use]
    pub fn len(&self) -> usize {
        self.jobs.len()
    }

    /// Whether there is no job.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// The runs, the last at the end.
    pub fn runs(&self) -> impl ExactSizeIterator<Item = &RunView> {
        self.runs.iter().map(|it| &it.run)
    }

    /// Whether a run goes on here, or may, as far as can be seen.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.runs.last().is_none_or(|it| it.run.done.is_none() && it.run.alive != Some(false))
    }

    /// How far each job came, by index.
    pub fn states(&self) -> impl ExactSizeIterator<Item = JobState> {
        let live = self.is_live();
        self.jobs.iter().map(move |it| it.state(live))
    }

    /// How far a job came; `None`: there is none of this index.
    #[must_use]
    pub fn state(&self, index: usize) -> Option<JobState> {
        self.jobs.get(index).map(|it| it.state(self.is_live()))
    }

    /// Where a job's files are.
    #[must_use]
    pub fn files(&self, index: usize) -> JobFiles {
        JobFiles::new(Arc::clone(&self.workdir), index)
    }

    /// All that is known of a job; `None`: there is none of this index.
    ///
    /// # Errors
    ///
    /// The journal cannot be read.
    pub fn job(&mut self, index: usize) -> Result<Option<JobView>, JournalError> {
        let (Some(marks), Some(state)) = (self.jobs.get(index).cloned(), self.state(index)) else {
            return Ok(None);
        };
        let runs_again = marks.stopped || state == JobState::Unfinished;
        let mut job = JobView::new(index, state, marks.attempts, runs_again);
        for at in [marks.fed, marks.environment, marks.submitted, marks.started, marks.told] {
            self.fill(&mut job, at)
                .map_err(|error| JournalError::Io { path: self.journal.clone(), error })?;
        }
        // It may have been known to several runs: its last attempt was in the one before that attempt's record.
        let last = marks.submitted.max(marks.fed);
        let run = self.runs.iter().rev().find(|it| it.at < last).or(self.runs.last());
        job.cwd = match (run.and_then(|it| it.run.cwd.as_ref()), job.cwd) {
            (Some(begun), Some(given)) => Some(begun.join(given)),
            (begun, given) => given.or_else(|| begun.cloned()),
        };
        Ok(Some(job))
    }

    /// How many jobs the next run on the directory runs again unasked: the unfinished, and those that ended only because
    /// their run was stopped.
    #[must_use]
    pub fn run_again(&self) -> usize {
        let live = self.is_live();
        self.jobs.iter().filter(|it| it.stopped || it.state(live) == JobState::Unfinished).count()
    }

    fn fill(&mut self, job: &mut JobView, at: u64) -> io::Result<()> {
        if at == 0 {
            return Ok(());
        }
        self.reader.go_on_at(at);
        match self.reader.next()? {
            Some(part) if part.at == at => {
                if let Some(record) = part.record {
                    job.take(record);
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// Takes a record in. One that makes no sense is passed over, as one that cannot be read is.
fn take(jobs: &mut Vec<Marks>, runs: &mut Vec<Seen>, record: &Record<'_>, at: u64, most: usize) {
    let index = match record {
        Record::Run { id, version, scheduler, holder, when } => {
            jobs.iter_mut().for_each(Marks::run_again);
            let holder = holder.clone().into_owned();
            let (id, version, scheduler) = (id.to_string(), version.to_string(), scheduler.to_string());
            let (host, pid) = (holder.host.to_string(), holder.pid);
            let (cwd, began, done, alive) = (None, *when, None, None);
            let run = RunView { id, version, scheduler, host, pid, cwd, began, done, alive };
            runs.push(Seen { at, run, holder });
            return;
        }
        Record::RunIn { cwd } => {
            if let Some(seen) = runs.last_mut().filter(|_| !cwd.0.is_empty()) {
                seen.run.cwd = Some(OsStr::from_bytes(cwd.0).into());
            }
            return;
        }
        Record::Done { when } => {
            if let Some(seen) = runs.last_mut() {
                seen.run.done = Some(*when);
            }
            return;
        }
        other => match other.index() {
            Some(index) => index,
            None => return,
        },
    };
    if index >= most {
        return;
    }
    if index >= jobs.len() {
        jobs.resize_with(index + 1, Marks::default);
    }
    if let Some(job) = jobs.get_mut(index) {
        job.take(record, at);
    }
}

impl Marks {
    fn state(&self, live: bool) -> JobState {
        if live || self.state.is_over() { self.state } else { JobState::Unfinished }
    }

    fn take(&mut self, record: &Record<'_>, at: u64) {
        match *record {
            Record::Run { .. }
            | Record::RunIn { .. }
            | Record::Rules { .. }
            | Record::Retry { .. }
            | Record::GaveUp { .. }
            | Record::Stopped { .. }
            | Record::Compacted { .. }
            | Record::Done { .. } => {}
            // The job may be another now, under the same name.
            Record::Fed { .. } => (self.fed, self.environment) = (at, 0),
            Record::Environment { .. } => self.environment = at,
            Record::Submitting { attempt, .. } => {
                self.state = JobState::Submitted;
                self.attempts = attempt.saturating_add(1);
                self.stopped = false;
                (self.submitted, self.started, self.told) = (0, 0, 0);
            }
            Record::Submitted { .. } => {
                (self.state, self.submitted) = (JobState::Submitted, at);
            }
            Record::Started { .. } => (self.state, self.started) = (JobState::Running, at),
            Record::Failed { .. } => (self.state, self.told) = (JobState::Retrying, at),
            Record::Unstarted { .. } => {
                (self.state, self.stopped, self.told) = (self.state_when_stopped(), true, at);
            }
            Record::Ended { status, .. } => {
                if let Some(state) = JobState::ended(status) {
                    (self.state, self.stopped, self.told) = (state, false, at);
                }
            }
        }
    }

    /// What was stopped while the scheduler had it was killed; before, or between two attempts, cancelled.
    fn state_when_stopped(&self) -> JobState {
        match self.state {
            JobState::Running => JobState::Killed,
            JobState::Submitted if self.submitted > 0 => JobState::Killed,
            _ => JobState::Cancelled,
        }
    }

    /// A new run takes up what the last one left.
    fn run_again(&mut self) {
        if self.stopped {
            // Why it was stopped is no news of a job that waits for its turn.
            (self.stopped, self.told) = (false, 0);
            self.state = JobState::Queued;
        } else if !self.state.is_over() {
            self.state = JobState::Queued;
        }
    }
}

#[cfg(test)]
mod tests;
