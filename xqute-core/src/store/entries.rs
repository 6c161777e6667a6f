//! What stands in the journal, record by record? For those who look on: nothing is locked, made or changed.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};

use crate::job::{PeakMemory, Usage};

use super::error::{JournalError, WorkDirError};
use super::journal::is_there;
use super::reader::{Part, Reader};
use super::record::Record;
use super::utc::millis;
use super::view::JobState;
use super::words::Words;

/// The journal of a work directory, from its beginning to where it ended when this was opened.
#[derive(Debug)]
pub struct Entries {
    pub(super) path: PathBuf,
    pub(super) reader: Reader<File>,
    /// Where the last record begins that was given, or passed over, and its checksum.
    pub(super) last: Option<(u64, u32)>,
    /// Where that ends; 0: there was none.
    pub(super) next: u64,
}

/// A record, or a part of the journal that is none. Bytes that are no text are replaced.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Entry {
    /// Where it begins in the file.
    pub at: u64,
    /// How long it is.
    pub bytes: u64,
    /// When it was written, in milliseconds since the epoch.
    pub when: Option<u64>,
    /// The job that it is about.
    pub index: Option<usize>,
    /// Which attempt of it in its run; the first is 1.
    pub attempt: Option<u32>,
    /// What it says.
    #[serde(flatten)]
    pub fact: Fact,
}

/// What a record says. Times of waiting are in milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "record", rename_all = "snake_case")]
#[non_exhaustive]
#[allow(
    missing_docs,
    reason = "each variant says what it is, and its fields are named as those of JobView and RunView"
)]
pub enum Fact {
    /// A run begins.
    Run { id: String, version: String, scheduler: String, host: String, pid: u32 },
    /// Where it begins.
    RunIn { cwd: String },
    /// What it goes by, where a job says nothing else.
    Rules { forks: usize, retries: u32, timeout: Option<u64>, halt: String, held: String },
    /// A job is known.
    Fed { name: Option<String>, argv: Vec<String>, cwd: Option<String> },
    /// The names of the variables that it is given.
    Environment { names: Vec<String> },
    /// An attempt is about to be submitted.
    Submitting,
    /// The scheduler has it.
    Submitted { jid: String },
    /// It runs.
    Started,
    /// It failed, and another follows.
    Failed {
        why: String,
        rc: Option<i32>,
        #[serde(serialize_with = "as_json")]
        usage: Option<Usage>,
    },
    /// It failed for a reason that says nothing about the job: that cost no retry, and another follows.
    Excused {
        why: String,
        rc: Option<i32>,
        #[serde(serialize_with = "as_json")]
        usage: Option<Usage>,
    },
    /// An attempt that an earlier run submitted goes on in this one.
    Adopted { run: String, jid: String },
    /// It is about to be told to end: for the user, the timeout, or the stop of the run.
    Killing { by: String },
    /// When that is due, and how many of the job's retries are used.
    Retry { used: u32, retries: u32, wait: u64 },
    /// No other attempt follows, although the job has retries; whether those are for failures of this kind.
    GaveUp { used: u32, retries: u32, covered: bool },
    /// The job ended: succeeded, failed, killed, cancelled.
    Ended {
        state: String,
        why: String,
        rc: Option<i32>,
        #[serde(serialize_with = "as_json")]
        usage: Option<Usage>,
    },
    /// Its run was stopped before its turn, or while it ran: the next run runs it.
    Unstarted { why: String },
    /// The run is being stopped; because of how which job ended.
    Stopped { why: String, by: Option<usize> },
    /// It has to wait for these jobs, which had not ended when it came in.
    Waits { on: Vec<usize> },
    /// The run ended in order.
    Done,
    /// The journal was written anew, without so many records that nothing depended on any more.
    Compacted { records: u64 },
    /// The tags, time limit and retries that a job was given itself.
    Terms { tags: Vec<String>, timeout: Option<u64>, retries: Option<u32> },
    /// A job was fed to wait for these to succeed, and for `any` to end.
    After { on: Vec<usize>, any: Vec<usize> },
    /// The list of jobs was fed to its end.
    ListEnded { jobs: usize },
    /// Where the run keeps what its jobs write, if that is not in files of their own.
    Output { kept: String },
    /// The files that a job was said to read and to write.
    Files { inputs: Vec<String>, outputs: Vec<String> },
    /// A plugin holds it, and is asked about it again after so long, and from then on as long as it says the same.
    Held { plugin: String, why: String, wait: u64 },
    /// This part cannot be read.
    Unreadable,
}

impl Entries {
    /// Opens the journal of a work directory.
    ///
    /// # Errors
    ///
    /// No run was made there, or its journal cannot be read.
    pub fn open(workdir: impl AsRef<Path>) -> Result<Self, WorkDirError> {
        let path = workdir.as_ref().join("journal");
        if !is_there(&path, false)? {
            return Err(WorkDirError::NoRun { path: workdir.as_ref().to_owned() });
        }
        let file = File::open(&path).map_err(|error| JournalError::Io { path: path.clone(), error })?;
        let reader = Reader::new(file, &path)?;
        Ok(Self { path, reader, last: None, next: 0 })
    }

    /// The next one that is about a job, or about no job at all.
    ///
    /// # Errors
    ///
    /// The journal cannot be read.
    pub fn next_about(&mut self, index: usize) -> Option<Result<Entry, JournalError>> {
        self.find(|part| part.record.as_ref().and_then(Record::index).is_none_or(|it| it == index))
    }

    fn find(&mut self, wanted: impl Fn(&Part<'_>) -> bool) -> Option<Result<Entry, JournalError>> {
        loop {
            let before = self.reader.last();
            match self.reader.next() {
                Ok(Some(part)) => {
                    let found = wanted(&part).then(|| Entry::of(part));
                    if self.reader.last() != before {
                        (self.last, self.next) = (self.reader.last(), self.reader.sound());
                    }
                    if let Some(entry) = found {
                        return Some(Ok(entry));
                    }
                }
                Ok(None) => return None,
                // A new run cuts what is torn off the end, which may be now.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return None,
                Err(error) => return Some(Err(JournalError::Io { path: self.path.clone(), error })),
            }
        }
    }
}

impl Iterator for Entries {
    type Item = Result<Entry, JournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.find(|_| true)
    }
}

impl Entry {
    fn of(Part { at, bytes, record }: Part<'_>) -> Self {
        let Some(record) = record else {
            return Self { at, bytes, when: None, index: None, attempt: None, fact: Fact::Unreadable };
        };
        let (index, (attempt, when)) = (record.index(), times(&record));
        let attempt = attempt.map(|it| it.saturating_add(1));
        Self { at, bytes, when, index, attempt, fact: record.into() }
    }
}

/// Which attempt a record is about, from 0, and when it was written.
fn times(record: &Record<'_>) -> (Option<u32>, Option<u64>) {
    match *record {
        Record::Submitted { attempt, when, .. }
        | Record::Started { attempt, when, .. }
        | Record::Failed { attempt, when, .. }
        | Record::Excused { attempt, when, .. }
        | Record::Adopted { attempt, when, .. }
        | Record::Killing { attempt, when, .. }
        | Record::Retry { attempt, when, .. }
        | Record::Held { attempt, when, .. }
        | Record::GaveUp { attempt, when, .. }
        | Record::Ended { attempt, when, .. } => (Some(attempt), Some(when)),
        Record::Submitting { attempt, .. } => (Some(attempt), None),
        Record::Run { when, .. }
        | Record::Done { when }
        | Record::Unstarted { when, .. }
        | Record::Stopped { when, .. }
        | Record::Compacted { when, .. }
        | Record::ListEnded { when, .. } => (None, Some(when)),
        Record::Fed { .. }
        | Record::Environment { .. }
        | Record::RunIn { .. }
        | Record::Rules { .. }
        | Record::Output { .. }
        | Record::Waits { .. }
        | Record::Given { .. }
        | Record::After { .. }
        | Record::Files { .. } => (None, None),
    }
}

impl From<Record<'_>> for Fact {
    fn from(record: Record<'_>) -> Self {
        match record {
            Record::Run { id, version, scheduler, holder, .. } => Self::Run {
                id: id.into(),
                version: version.into(),
                scheduler: scheduler.into(),
                host: holder.host.into_owned(),
                pid: holder.pid,
            },
            Record::RunIn { cwd } => Self::RunIn { cwd: text(cwd.0) },
            Record::Rules { forks, retries, timeout, halt, held } => {
                Self::Rules { forks, retries, timeout, halt: halt.into(), held: held.into() }
            }
            Record::Fed { name, argv, cwd, .. } => {
                let (name, cwd) = (name.map(Into::into), cwd.map(|it| text(it.0)));
                Self::Fed { name, argv: texts(&argv), cwd }
            }
            Record::Environment { names, .. } => Self::Environment { names: texts(&names) },
            Record::Submitting { .. } => Self::Submitting,
            Record::Submitted { jid, .. } => Self::Submitted { jid: jid.into() },
            Record::Started { .. } => Self::Started,
            Record::Failed { why, rc, usage, .. } => {
                Self::Failed { why: why.into(), rc, usage: usage.map(Into::into) }
            }
            Record::Excused { why, rc, usage, .. } => {
                Self::Excused { why: why.into(), rc, usage: usage.map(Into::into) }
            }
            Record::Adopted { run, jid, .. } => Self::Adopted { run: run.into(), jid: jid.into() },
            Record::Killing { by, .. } => Self::Killing { by: by.name().into() },
            Record::Retry { used, retries, wait, .. } => Self::Retry { used, retries, wait },
            Record::GaveUp { used, retries, covered, .. } => Self::GaveUp { used, retries, covered },
            Record::Ended { status, why, rc, usage, .. } => {
                let state = JobState::ended(status).map_or_else(|| status.to_string(), |it| it.to_string());
                Self::Ended { state, why: why.into(), rc, usage: usage.map(Into::into) }
            }
            Record::Unstarted { why, .. } => Self::Unstarted { why: why.into() },
            Record::Waits { on, .. } => Self::Waits { on },
            Record::Stopped { why, by, .. } => Self::Stopped { why: why.into(), by },
            Record::Done { .. } => Self::Done,
            Record::Compacted { records, .. } => Self::Compacted { records },
            Record::Given { tags, timeout, retry, .. } => Self::Terms {
                tags: tags.into_iter().map(Into::into).collect(),
                timeout: timeout.map(millis),
                retries: retry.map(|it| it.retries),
            },
            Record::After { on, .. } => Self::After {
                on: on.iter().filter(|it| it.1).map(|it| it.0).collect(),
                any: on.iter().filter(|it| !it.1).map(|it| it.0).collect(),
            },
            Record::Held { plugin, why, wait, .. } => {
                Self::Held { plugin: plugin.into(), why: why.into(), wait }
            }
            Record::Files { inputs, outputs, .. } => {
                Self::Files { inputs: texts(&inputs), outputs: texts(&outputs) }
            }
            Record::ListEnded { jobs, .. } => Self::ListEnded { jobs },
            Record::Output { kept } => Self::Output { kept: kept.into() },
        }
    }
}

/// As the JSON of `xqute status` names it.
#[expect(clippy::ref_option, reason = "serde calls it with what the field is")]
fn as_json<S: Serializer>(usage: &Option<Usage>, to: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Used {
        user_seconds: f64,
        system_seconds: f64,
        peak_memory_bytes: u64,
        peak_memory_exact: bool,
    }
    let used = usage.map(|it| Used {
        user_seconds: it.user.as_secs_f64(),
        system_seconds: it.system.as_secs_f64(),
        peak_memory_bytes: it.peak_memory.bytes(),
        peak_memory_exact: matches!(it.peak_memory, PeakMemory::Exactly(_)),
    });
    used.serialize(to)
}

fn texts(words: &Words<'_>) -> Vec<String> {
    words.iter().map(text).collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::samples::{every_kind, written};
    use std::fs;

    #[test]
    fn each_record_is_told_in_its_place_and_so_is_what_is_none() {
        let records = every_kind();
        let journal = written(&records);
        let dir = tempfile::tempdir().unwrap();
        let mut bytes = journal.bytes.clone();
        bytes[journal.places[3].start] ^= 1;
        bytes.extend(b"torn");
        fs::write(dir.path().join("journal"), &bytes).unwrap();
        let entries: Vec<Entry> = Entries::open(dir.path()).unwrap().map(Result::unwrap).collect();
        assert_eq!(entries.len(), records.len() + 1);
        let unreadable: Vec<_> = entries.iter().filter(|it| it.fact == Fact::Unreadable).collect();
        let places: Vec<_> = unreadable.iter().map(|it| (it.at as usize, it.bytes)).collect();
        assert_eq!(
            places,
            [(journal.places[3].start, journal.places[3].len() as u64), (journal.bytes.len(), 4)]
        );
        let mut entries = Entries::open(dir.path()).unwrap();
        let of_two: Vec<_> =
            std::iter::from_fn(|| entries.next_about(2)).filter_map(|it| it.unwrap().index).collect();
        assert_eq!(of_two, [2]);
    }

    #[test]
    fn secrets_are_in_no_entry() {
        let names = Words::Read(vec![super::super::words::Bytes(b"TOKEN")]);
        let fact = Fact::from(Record::Environment { index: 0, names });
        assert_eq!(fact, Fact::Environment { names: vec!["TOKEN".into()] });
    }
}
