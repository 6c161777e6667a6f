//! What became of the jobs in a work directory? For those who look on: nothing is locked, made or changed.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf, absolute};
use std::sync::Arc;
use std::time::Duration;

use crate::job::{JobFiles, PeakMemory, Status, Usage};

use super::error::{JournalError, WorkDirError};
use super::frame::HEAD;
use super::holder::Holder;
use super::journal::is_there;
use super::reader::Reader;
use super::record::{Record, Used};

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

/// How far a job came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum JobState {
    /// Known, and waits for its turn.
    #[default]
    Queued,
    /// The scheduler has it, or is about to.
    Submitted,
    /// It runs.
    Running,
    /// An attempt failed, and another follows.
    Retrying,
    /// The run ended before the job did, or its process is gone. The next run on the directory takes it up again.
    Unfinished,
    /// It succeeded.
    Succeeded,
    /// It failed.
    Failed,
    /// It was killed.
    Killed,
    /// It was never submitted: a plugin vetoed it, or it was cancelled.
    Cancelled,
}

/// A job, as the journal tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct JobView {
    /// Its number.
    pub index: usize,
    /// The name that it was given.
    pub name: Option<String>,
    /// The program and its arguments. Empty: their record cannot be read.
    pub argv: Vec<OsString>,
    /// The directory that it was given to run in.
    pub cwd: Option<PathBuf>,
    /// How far it came.
    pub state: JobState,
    /// How many attempts began.
    pub attempts: u32,
    /// Why it, or this attempt, ended as it did. Here and below, nothing is told of the attempts before the last.
    pub why: Option<String>,
    /// The exit code of its last attempt.
    pub rc: Option<i32>,
    /// What the scheduler calls its last attempt.
    pub jid: Option<String>,
    /// When the last attempt began to run, in milliseconds since the epoch.
    pub started: Option<u64>,
    /// When that ended, in milliseconds since the epoch.
    pub ended: Option<u64>,
    /// What its last attempt used.
    pub usage: Option<Usage>,
}

/// A run, as the journal tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunView {
    /// Its identifier.
    pub id: String,
    /// The version of xqute.
    pub version: String,
    /// The name of its backend.
    pub scheduler: String,
    /// The machine that it was started on.
    pub host: String,
    /// Its process.
    pub pid: u32,
    /// When it began, in milliseconds since the epoch.
    pub began: u64,
    /// When it ended in order, in milliseconds since the epoch.
    pub done: Option<u64>,
    /// Whether it goes on: it has not ended, and its process is there. `None`: that cannot be seen from this machine.
    pub alive: Option<bool>,
}

#[derive(Debug)]
struct Seen {
    run: RunView,
    holder: Holder<'static>,
}

/// What is held of a job: its state, and where its last records of each kind are; 0 where there is none.
#[derive(Debug, Clone, Default)]
struct Marks {
    state: JobState,
    attempts: u32,
    fed: u64,
    submitted: u64,
    started: u64,
    told: u64,
}

impl JobState {
    /// Whether nothing more comes of the job by itself: it has an end, or its run has.
    #[must_use]
    pub fn is_over(self) -> bool {
        match self {
            Self::Queued | Self::Submitted | Self::Running | Self::Retrying => false,
            Self::Unfinished | Self::Succeeded | Self::Failed | Self::Killed | Self::Cancelled => true,
        }
    }

    /// Whether it has an end that is no success.
    #[must_use]
    pub fn is_bad(self) -> bool {
        matches!(self, Self::Failed | Self::Killed | Self::Cancelled)
    }

    /// Its name, in small letters.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Submitted => "submitted",
            Self::Running => "running",
            Self::Retrying => "retrying",
            Self::Unfinished => "unfinished",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Killed => "killed",
            Self::Cancelled => "cancelled",
        }
    }

    /// `None`: this code is of no end.
    fn ended(code: u8) -> Option<Self> {
        let ends = [
            (Status::Finished, Self::Succeeded),
            (Status::Failed, Self::Failed),
            (Status::Killed, Self::Killed),
            (Status::Cancelled, Self::Cancelled),
        ];
        ends.into_iter().find(|(status, _)| status.code() == code).map(|(_, state)| state)
    }
}

impl std::fmt::Display for JobState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
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
        let reader = Self::reader(&journal)?;
        let (jobs, runs) = (Vec::new(), Vec::new());
        let mut view = Self { workdir: workdir.into(), journal, reader, next: 0, jobs, runs };
        view.read()?;
        Ok(view)
    }

    /// Takes in what was written since. Where another journal has taken the place of this one (`--fresh`), that.
    ///
    /// # Errors
    ///
    /// The journal cannot be read.
    pub fn refresh(&mut self) -> Result<(), WorkDirError> {
        let reader = Self::reader(&self.journal)?;
        if reader.salt() == self.reader.salt() && reader.end() >= self.next {
            self.reader = reader;
            self.reader.go_on_at(self.next);
            Ok(self.read()?)
        } else {
            *self = Self::open(&self.workdir)?;
            Ok(())
        }
    }

    fn reader(journal: &Path) -> Result<Reader<File>, JournalError> {
        let file =
            File::open(journal).map_err(|error| JournalError::Io { path: journal.to_owned(), error })?;
        Reader::new(file, journal)
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
        for Seen { run, holder } in &mut self.runs {
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
        let mut job = JobView::new(index, state, marks.attempts);
        for at in [marks.fed, marks.submitted, marks.started, marks.told] {
            self.fill(&mut job, at)
                .map_err(|error| JournalError::Io { path: self.journal.clone(), error })?;
        }
        Ok(Some(job))
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
            // The new run takes up what the last one left.
            let left = |it: &&mut Marks| !it.state.is_over() || it.state == JobState::Unfinished;
            jobs.iter_mut().filter(left).for_each(|it| it.state = JobState::Queued);
            let holder = holder.clone().into_owned();
            let (id, version, scheduler) = (id.to_string(), version.to_string(), scheduler.to_string());
            let (host, pid) = (holder.host.to_string(), holder.pid);
            let run = RunView { id, version, scheduler, host, pid, began: *when, done: None, alive: None };
            runs.push(Seen { run, holder });
            return;
        }
        Record::Done { when } => {
            if let Some(seen) = runs.last_mut() {
                seen.run.done = Some(*when);
            }
            return;
        }
        Record::Fed { index, .. }
        | Record::Submitting { index, .. }
        | Record::Submitted { index, .. }
        | Record::Started { index, .. }
        | Record::Failed { index, .. }
        | Record::Ended { index, .. }
        | Record::Unstarted { index, .. } => *index,
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
            Record::Run { .. } | Record::Done { .. } => {}
            Record::Fed { .. } => self.fed = at,
            Record::Submitting { attempt, .. } => {
                self.state = JobState::Submitted;
                self.attempts = attempt.saturating_add(1);
                (self.submitted, self.started, self.told) = (0, 0, 0);
            }
            Record::Submitted { .. } => {
                (self.state, self.submitted) = (JobState::Submitted, at);
            }
            Record::Started { .. } => (self.state, self.started) = (JobState::Running, at),
            Record::Failed { .. } => (self.state, self.told) = (JobState::Retrying, at),
            Record::Unstarted { .. } => (self.state, self.told) = (JobState::Unfinished, at),
            Record::Ended { status, .. } => {
                if let Some(state) = JobState::ended(status) {
                    (self.state, self.told) = (state, at);
                }
            }
        }
    }
}

impl JobView {
    fn new(index: usize, state: JobState, attempts: u32) -> Self {
        Self {
            index,
            name: None,
            argv: Vec::new(),
            cwd: None,
            state,
            attempts,
            why: None,
            rc: None,
            jid: None,
            started: None,
            ended: None,
            usage: None,
        }
    }

    fn take(&mut self, record: Record<'_>) {
        match record {
            Record::Run { .. } | Record::Done { .. } | Record::Submitting { .. } => {}
            Record::Fed { name, argv, cwd, .. } => {
                self.name = name.map(str::to_owned);
                self.argv = argv.iter().map(|word| OsStr::from_bytes(word).to_owned()).collect();
                self.cwd = cwd.map(|it| OsStr::from_bytes(it.0).into());
            }
            Record::Submitted { jid, .. } => self.jid = text(jid),
            Record::Started { when, .. } => self.started = Some(when),
            Record::Unstarted { why, when, .. } => (self.why, self.ended) = (text(why), Some(when)),
            Record::Failed { why, rc, usage, when, .. } | Record::Ended { why, rc, usage, when, .. } => {
                (self.why, self.rc, self.ended) = (text(why), rc, Some(when));
                self.usage = usage.map(Into::into);
            }
        }
    }
}

fn text(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

impl From<Used> for Usage {
    fn from(Used { user, system, peak, exact }: Used) -> Self {
        let peak = if exact { PeakMemory::Exactly(peak) } else { PeakMemory::AtMost(peak) };
        Self::new(Duration::from_micros(user), Duration::from_micros(system), peak)
    }
}

#[cfg(test)]
mod tests;
