//! What became of the jobs in a work directory? For those who look on: nothing is locked, made or changed.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf, absolute};
use std::sync::Arc;

use crate::job::{JobFiles, Output};

use super::error::{JournalError, WorkDirError};
use super::frame::HEAD;
use super::holder::Holder;
use super::journal::is_there;
use super::list;
use super::reader::Reader;
use super::record::Record;

pub(super) mod index;
mod marks;
mod told;

use marks::Marks;
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

impl WorkDirView {
    /// Reads the journal of a work directory.
    ///
    /// # Errors
    ///
    /// No run was made there, or its journal cannot be read.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, WorkDirError> {
        let mut view = Self::unread(path.as_ref())?;
        index::recall(&mut view);
        view.read(|_, _| true)?;
        Ok(view)
    }

    fn unread(given: &Path) -> Result<Self, WorkDirError> {
        let workdir = absolute(given).map_err(|error| WorkDirError::Io { path: given.to_owned(), error })?;
        let journal = workdir.join("journal");
        if !workdir.is_dir() || !is_there(&journal, false)? {
            return Err(WorkDirError::NoRun { path: given.to_owned() });
        }
        let reader = Self::reader(given, &journal)?;
        let (jobs, runs) = (Vec::new(), Vec::new());
        Ok(Self { workdir: workdir.into(), journal, reader, next: 0, jobs, runs })
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
            Ok(self.read(|_, _| true)?)
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

    /// Takes in all that is whole. `more`: whether to go on behind what was taken in, a record of a job or of none.
    fn read(&mut self, mut more: impl FnMut(Option<usize>, u64) -> bool) -> Result<(), JournalError> {
        // As in `Past::read`: a larger index is nonsense, for which nothing is allocated.
        let most = (self.reader.end() / HEAD as u64) as usize;
        loop {
            match self.reader.next() {
                Ok(Some(part)) => {
                    let Some(record) = part.record else { continue };
                    take(&mut self.jobs, &mut self.runs, &record, part.at, most);
                    if !more(record.index(), part.at) {
                        break;
                    }
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

    /// Whether these are all jobs of the last run's list: it was fed to its end, or an earlier run's was that had as many. A run
    /// that goes on may have more of it to read.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let longest = self.runs().filter_map(|it| it.listed).max();
        let last = self.runs.last().and_then(|it| it.run.listed);
        longest.is_some_and(|longest| list::is_whole(last, longest, self.len()))
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
        for at in [marks.fed, marks.environment, marks.submitted, marks.adopted, marks.started, marks.told] {
            self.fill(&mut job, at)
                .map_err(|error| JournalError::Io { path: self.journal.clone(), error })?;
        }
        self.fill_files(&mut job, marks.fed)
            .map_err(|error| JournalError::Io { path: self.journal.clone(), error })?;
        job.cwd = match (self.run_of(&marks).and_then(|it| it.cwd.as_ref()), job.cwd) {
            (Some(begun), Some(given)) => Some(begun.join(given)),
            (begun, given) => given.or_else(|| begun.cloned()),
        };
        Ok(Some(job))
    }

    /// Where what the last attempt of a job writes is kept. One that needs a script has files of its own in any case.
    #[must_use]
    pub fn output(&self, index: usize) -> Output {
        let run = self.jobs.get(index).and_then(|it| self.run_of(it));
        run.map_or_else(Output::default, |it| it.output)
    }

    /// A job may have been known to several runs: its last attempt was in the one before that attempt's record.
    fn run_of(&self, marks: &Marks) -> Option<&RunView> {
        let last = marks.submitted.max(marks.fed);
        self.runs.iter().rev().find(|it| it.at < last).or(self.runs.last()).map(|it| &it.run)
    }

    /// How many jobs the next run on the directory runs again unasked: the unfinished, and those that ended only because
    /// their run was stopped.
    #[must_use]
    pub fn run_again(&self) -> usize {
        let live = self.is_live();
        self.jobs.iter().filter(|it| it.stopped || it.state(live) == JobState::Unfinished).count()
    }

    /// The names of the variables of jobs that the next run runs again; `all`: also of those that failed, or were killed or vetoed.
    ///
    /// # Errors
    ///
    /// The journal cannot be read.
    pub fn variables(&mut self, all: bool) -> Result<BTreeSet<OsString>, JournalError> {
        let live = self.is_live();
        let is_left = |it: &&Marks| match it.state(live) {
            JobState::Succeeded => false,
            state => all || it.stopped || !state.is_bad(),
        };
        let places = self.jobs.iter().filter(is_left).map(|it| it.environment).filter(|at| *at != 0);
        let places: Vec<u64> = places.collect();
        let mut names = BTreeSet::new();
        for at in places {
            let mut job = JobView::new(0, JobState::Queued, 0, false);
            self.fill(&mut job, at)
                .map_err(|error| JournalError::Io { path: self.journal.clone(), error })?;
            names.append(&mut job.env.into_iter().collect());
        }
        Ok(names)
    }

    /// The files that it was said to read and to write stand behind its first record, with what else it was given.
    fn fill_files(&mut self, job: &mut JobView, at: u64) -> io::Result<()> {
        if at == 0 {
            return Ok(());
        }
        self.reader.go_on_at(at);
        self.reader.next()?;
        while let Some(record) = self.reader.next()?.and_then(|it| it.record) {
            match record {
                Record::Files { index, .. } if index == job.index => job.take(record),
                Record::Environment { index, .. } | Record::Given { index, .. } if index == job.index => {}
                _ => break,
            }
        }
        Ok(())
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
            let (cwd, began, done, listed, alive) = (None, *when, None, None, None);
            let output = Output::default();
            let run = RunView { id, version, scheduler, host, pid, cwd, output, began, done, listed, alive };
            runs.push(Seen { at, run, holder });
            return;
        }
        Record::RunIn { cwd } => {
            if let Some(seen) = runs.last_mut().filter(|_| !cwd.0.is_empty()) {
                seen.run.cwd = Some(OsStr::from_bytes(cwd.0).into());
            }
            return;
        }
        Record::Output { kept } => {
            if let Some((seen, output)) = runs.last_mut().zip(Output::named(kept)) {
                seen.run.output = output;
            }
            return;
        }
        Record::ListEnded { jobs, .. } => {
            if let Some(seen) = runs.last_mut() {
                seen.run.listed = Some(*jobs);
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

#[cfg(test)]
mod tests;
