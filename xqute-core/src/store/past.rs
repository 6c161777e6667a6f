//! What did earlier runs leave? Their records, played back.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::job::{Argv, Digest, Status};

use super::frame::{Damage, HEAD};
use super::holder::Holder;
use super::left::{Lefts, PastLeft};
use super::list::List;
use super::reader::{Part, Reader};
use super::record::Record;
use super::words::Words;

/// What earlier runs in a work directory left.
#[derive(Debug, Default)]
pub(crate) struct Past {
    /// By index, without gaps: a job of which nothing can be read is one that was fed.
    jobs: Vec<PastJob>,
    runs: Vec<PastRun>,
    /// The attempts whose end is not told.
    left: Lefts,
    /// How long the list of jobs was.
    pub(super) list: List,
    /// How many records tell of all that.
    pub(super) records: u64,
}

/// A job of an earlier run. There may be a million of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct PastJob {
    /// `None`: the record of it cannot be read.
    pub(crate) digest: Option<Digest>,
    pub(crate) name: Option<Box<str>>,
    pub(crate) state: PastState,
    /// Whether more was written down of what it was given than its command, its directory and its variables.
    pub(crate) has_more: bool,
    /// Where its record is in the journal; 0 where there is none.
    pub(super) at: u64,
}

/// How far a job came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum PastState {
    /// It never began.
    #[default]
    Fed,
    /// An attempt was about to be submitted, or was; `started`: or runs. Its end is not recorded.
    Begun { attempt: u32, started: bool },
    /// An attempt failed, and another was to follow.
    Failed { attempt: u32 },
    /// It ended with this status.
    Ended(Status),
}

/// An earlier run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PastRun {
    pub(crate) id: Box<str>,
    pub(crate) scheduler: Box<str>,
    pub(crate) holder: Holder<'static>,
    /// When it began, in milliseconds since the epoch.
    pub(crate) when: u64,
    /// Whether it ended in order.
    pub(crate) done: bool,
}

/// Is a job that is fed now the one that an earlier run had at its index?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sameness {
    /// There was none.
    New,
    /// Yes, as far as can be read.
    Same,
    /// No.
    Different,
}

impl Past {
    /// Reads all that follows, and tells what cannot be read.
    pub(super) fn read<R: Read + Seek>(reader: &mut Reader<R>) -> io::Result<(Self, Vec<Damage>)> {
        let (mut past, mut damage) = (Self::default(), Vec::new());
        // Indices have no gaps and each job has a record: a larger one is nonsense, for which nothing is allocated.
        let most = reader.end() / HEAD as u64;
        while let Some(Part { at, bytes, record }) = reader.next()? {
            past.records += 1;
            if record.and_then(|it| past.take(&it, at, most as usize)).is_none() {
                damage.push(Damage { at, bytes });
            }
        }
        Ok((past, damage))
    }

    /// How many jobs there were.
    pub(crate) fn len(&self) -> usize {
        self.jobs.len()
    }

    pub(crate) fn get(&self, index: usize) -> Option<&PastJob> {
        self.jobs.get(index)
    }

    /// How many of them the last run had, and whether its list had no more.
    pub(crate) fn of_the_last_run(&self) -> (usize, bool) {
        self.list.jobs(self.jobs.len())
    }

    /// The runs, the last at the end.
    pub(crate) fn runs(&self) -> &[PastRun] {
        &self.runs
    }

    /// The attempts whose end the records do not tell, by the jobs' indices.
    pub(crate) fn take_left(&mut self) -> BTreeMap<usize, PastLeft> {
        std::mem::take(&mut self.left).open()
    }

    /// The name of the backend that a run had.
    pub(crate) fn scheduler(&self, run: &str) -> Option<&str> {
        self.runs.iter().rfind(|it| *it.id == *run).map(|it| &*it.scheduler)
    }

    /// Whether a job is the one that was at its index. A name makes it the same whatever its command has become.
    pub(crate) fn compare(&self, index: usize, digest: Digest, name: Option<&str>) -> Sameness {
        let Some(past) = self.jobs.get(index) else { return Sameness::New };
        let named = name.is_some() && name == past.name.as_deref();
        if named || past.digest.is_none_or(|it| it == digest) {
            return Sameness::Same;
        }
        Sameness::Different
    }

    /// Whether the journal has a record of exactly this job, so that it needs no other.
    pub(crate) fn has(&self, index: usize, digest: Digest) -> bool {
        self.get(index).is_some_and(|it| it.digest == Some(digest))
    }

    /// `None`: the record makes no sense.
    fn take(&mut self, record: &Record<'_>, at: u64, most: usize) -> Option<()> {
        // First whether the index makes sense: nothing is kept for one that does not.
        self.take_state(record, at, most)?;
        self.left.take(record);
        self.list.take(record, at);
        Some(())
    }

    fn take_state(&mut self, record: &Record<'_>, at: u64, most: usize) -> Option<()> {
        match *record {
            Record::Run { id, scheduler, ref holder, when, .. } => {
                let (id, scheduler, holder) = (id.into(), scheduler.into(), holder.clone().into_owned());
                self.runs.push(PastRun { id, scheduler, holder, when, done: false });
            }
            // The record of its run may be one of those that cannot be read.
            Record::Done { .. } => {
                if let Some(run) = self.runs.last_mut() {
                    run.done = true;
                }
            }
            Record::Fed { index, digest, name, .. } => {
                let job = self.job(index, most)?;
                // Its state stays: under the same name it is the same job.
                (job.digest, job.name, job.at) = (Some(Digest(digest)), name.map(Into::into), at);
                job.has_more = false;
            }
            Record::Given { index, .. } | Record::After { index, .. } | Record::Files { index, .. } => {
                self.job(index, most)?.has_more = true;
            }
            Record::Submitting { index, attempt }
            | Record::Submitted { index, attempt, .. }
            | Record::Adopted { index, attempt, .. } => {
                self.job(index, most)?.state = PastState::Begun { attempt, started: false };
            }
            Record::Started { index, attempt, .. } => {
                self.job(index, most)?.state = PastState::Begun { attempt, started: true };
            }
            Record::Failed { index, attempt, .. } | Record::Excused { index, attempt, .. } => {
                self.job(index, most)?.state = PastState::Failed { attempt };
            }
            // It stays as far as it came.
            Record::Unstarted { index, .. }
            | Record::Environment { index, .. }
            | Record::Killing { index, .. }
            | Record::Retry { index, .. }
            | Record::GaveUp { index, .. }
            | Record::Waits { index, .. }
            | Record::Held { index, .. } => {
                self.job(index, most)?;
            }
            Record::RunIn { .. }
            | Record::Rules { .. }
            | Record::Output { .. }
            | Record::Stopped { .. }
            | Record::Compacted { .. }
            | Record::ListEnded { .. } => {}
            Record::Ended { index, status, .. } => {
                self.job(index, most)?.state = PastState::Ended(end(status)?);
            }
        }
        Some(())
    }

    fn job(&mut self, index: usize, most: usize) -> Option<&mut PastJob> {
        if index >= most {
            return None;
        }
        if index >= self.jobs.len() {
            self.jobs.resize_with(index + 1, PastJob::default);
        }
        self.jobs.get_mut(index)
    }
}

/// The status of a job that has ended, by its code.
pub(super) fn end(code: u8) -> Option<Status> {
    let ends = [Status::Finished, Status::Failed, Status::Killed, Status::Cancelled];
    ends.into_iter().find(|it| it.code() == code)
}

/// The command of a past job as a line for people, where it can be read.
pub(super) fn command(journal: &Path, job: &PastJob) -> Option<String> {
    let mut reader = Reader::new(File::open(journal).ok()?, journal).ok()?;
    reader.go_on_at(job.at);
    match reader.next().ok()??.record? {
        Record::Fed { argv, .. } => line(&argv),
        _ => None,
    }
}

fn line(words: &Words<'_>) -> Option<String> {
    let words = words.iter().map(std::ffi::OsStr::from_bytes);
    Argv::new(words).ok().map(|it| it.to_string())
}

#[cfg(test)]
mod tests;
