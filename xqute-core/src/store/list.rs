//! Which jobs had the last run, and what was each of them? So that they can be fed once more, without their list.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::job::{Argv, Digest, JobSpec};

use super::error::JournalError;
use super::journal::is_there;
use super::past::Past;
use super::reader::Reader;
use super::record::Record;
use super::workdir::journal_path;

/// How long the lists of jobs were, as far as they were read, and where jobs ran that were given no directory.
#[derive(Debug, Default)]
pub(super) struct List {
    /// Where the record is that a run begins somewhere, and where that is.
    places: Vec<(u64, PathBuf)>,
    /// The longest list that was fed to its end.
    longest: usize,
    /// The last run's, if that was.
    last: Option<usize>,
    /// So many jobs were new in the last run, or before them.
    reach: usize,
}

impl List {
    pub(super) fn take(&mut self, record: &Record<'_>, at: u64) {
        match *record {
            Record::Run { .. } => (self.last, self.reach) = (None, 0),
            Record::RunIn { cwd } if !cwd.0.is_empty() => {
                self.places.push((at, OsStr::from_bytes(cwd.0).into()));
            }
            Record::ListEnded { jobs, .. } => {
                (self.last, self.longest) = (Some(jobs), self.longest.max(jobs))
            }
            Record::Fed { index, .. } => self.reach = self.reach.max(index + 1),
            _ => {}
        }
    }

    /// How many of the jobs the last run had, and whether these are all of its list. One that did not come to its list's end
    /// had the same as an earlier one, as far as anybody knows. Hooks may have fed more, behind the end.
    pub(super) fn jobs(&self, known: usize) -> (usize, bool) {
        match self.last {
            Some(jobs) => (jobs.max(self.reach).min(known), is_whole(self.last, self.longest, known)),
            None => (known, is_whole(None, self.longest, known)),
        }
    }

    /// The directory of the run whose record is the last before this place.
    fn place(&self, at: u64) -> Option<&Path> {
        let before = self.places.partition_point(|(place, _)| *place < at);
        self.places.get(before.checked_sub(1)?).map(|(_, cwd)| &**cwd)
    }
}

/// Whether so many jobs are all of the last run's list: `last` is how long that was, if it was fed to its end, and `longest` the
/// longest of all that were. That many may have been taken, and some of them never written down: then more than is known is wanted.
pub(super) fn is_whole(last: Option<usize>, longest: usize, known: usize) -> bool {
    last.map_or(longest == known, |it| it <= known)
}

/// A job as it was fed.
#[derive(Debug)]
pub(crate) struct Refed {
    /// Without its variables, but with its digest.
    pub(crate) spec: JobSpec,
    /// The names of those.
    pub(crate) env: Vec<OsString>,
}

/// Reads what jobs were fed, one after the other.
#[derive(Debug)]
pub(crate) struct Specs {
    reader: Reader<File>,
    path: PathBuf,
}

impl Specs {
    pub(crate) fn open(workdir: &Path) -> Result<Self, JournalError> {
        let path = journal_path(workdir);
        is_there(&path, false)?;
        let file = File::open(&path).map_err(|error| JournalError::Io { path: path.clone(), error })?;
        Ok(Self { reader: Reader::new(file, &path)?, path })
    }

    /// A job; `None`: it cannot be read.
    pub(crate) fn read(&mut self, past: &Past, index: usize) -> Result<Option<Refed>, JournalError> {
        self.find(past, index).map_err(|error| JournalError::Io { path: self.path.clone(), error })
    }

    fn find(&mut self, past: &Past, index: usize) -> io::Result<Option<Refed>> {
        let Some((at, digest)) = past.get(index).and_then(|it| Some((it.at, it.digest?))) else {
            return Ok(None);
        };
        self.reader.go_on_at(at);
        let Some(Record::Fed { argv, name, cwd, .. }) = self.reader.next()?.and_then(|it| it.record) else {
            return Ok(None);
        };
        let words = argv.iter().map(|it| OsStr::from_bytes(it).to_owned());
        let Ok(argv) = Argv::new(words.collect::<Vec<_>>()) else { return Ok(None) };
        let mut spec = JobSpec::from(argv);
        if let Some(name) = name {
            spec = spec.name(name);
        }
        let given = cwd.map(|it| Path::new(OsStr::from_bytes(it.0)));
        if let Some(cwd) = given.or_else(|| past.list.place(at)) {
            spec = spec.cwd(cwd);
        }
        self.rest(index, spec, digest).map(Some)
    }

    /// What stands behind a job's first record about the same job.
    fn rest(&mut self, index: usize, mut spec: JobSpec, digest: Digest) -> io::Result<Refed> {
        let mut env = Vec::new();
        while let Some(record) = self.reader.next()?.and_then(|it| it.record) {
            if record.index() != Some(index) {
                break;
            }
            match record {
                Record::Environment { names, .. } => {
                    env = names.iter().map(|it| OsStr::from_bytes(it).to_owned()).collect();
                }
                Record::Given { tags, timeout, retry, .. } => {
                    spec = tags.into_iter().fold(spec, JobSpec::tag);
                    spec = timeout.into_iter().fold(spec, JobSpec::timeout);
                    spec = retry.iter().fold(spec, |it, retry| it.retry(retry.policy()));
                }
                Record::Files { inputs, outputs, .. } => {
                    let path = |it: &[u8]| PathBuf::from(OsStr::from_bytes(it));
                    spec = inputs.iter().map(path).fold(spec, JobSpec::input);
                    spec = outputs.iter().map(path).fold(spec, JobSpec::output);
                }
                Record::After { on, .. } => {
                    let after = |it: JobSpec, (job, succeeds): (usize, bool)| match succeeds {
                        true => it.after(job),
                        false => it.after_any(job),
                    };
                    spec = on.into_iter().fold(spec, after);
                }
                _ => break,
            }
        }
        Ok(Refed { spec: spec.known_as(digest), env })
    }
}
