//! What is told of a job, and of a run, to those who look on?

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::time::Duration;

use crate::job::{Output, PeakMemory, Status, Usage};
use crate::store::record::{Record, Used};
use crate::store::words::Words;

/// How far a job came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum JobState {
    /// Known, and waits for its turn.
    #[default]
    Queued,
    /// Known, and a plugin holds it: it is asked about again later.
    Held,
    /// The scheduler has it, or is about to.
    Submitted,
    /// It runs.
    Running,
    /// An attempt failed, and another follows.
    Retrying,
    /// How it ended was not written down: its run's process is gone. The next run on the directory takes it up, or runs it again.
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
    /// The directory that it runs in: the one that it was given, else the one that its run was started in.
    pub cwd: Option<PathBuf>,
    /// The names of the variables that it was given. Their values are not kept: they may be secrets.
    pub env: Vec<OsString>,
    /// The files that it was said to read.
    pub inputs: Vec<PathBuf>,
    /// The files that it was said to write.
    pub outputs: Vec<PathBuf>,
    /// How far it came.
    pub state: JobState,
    /// Whether the next run on the directory runs it again unasked: it is unfinished, or ended only because its run was
    /// stopped.
    pub runs_again: bool,
    /// How many attempts began.
    pub attempts: u32,
    /// Why it, or this attempt, ended as it did, or is held. Here and below, nothing is told of the attempts before the last.
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
    /// The directory that it was started in.
    pub cwd: Option<PathBuf>,
    /// Where it keeps what its jobs write.
    pub output: Output,
    /// When it began, in milliseconds since the epoch.
    pub began: u64,
    /// When it ended in order, in milliseconds since the epoch.
    pub done: Option<u64>,
    /// How many jobs it had when its list of jobs came to its end; `None`: it did not, or has not yet.
    pub listed: Option<usize>,
    /// Whether it goes on: it has not ended, and its process is there. `None`: that cannot be seen from this machine.
    pub alive: Option<bool>,
}

impl JobState {
    /// Whether nothing more comes of the job by itself: it has an end, or its run has.
    #[must_use]
    pub fn is_over(self) -> bool {
        match self {
            Self::Queued | Self::Held | Self::Submitted | Self::Running | Self::Retrying => false,
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
            Self::Held => "held",
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
    pub(in crate::store) fn ended(code: u8) -> Option<Self> {
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

impl JobView {
    pub(super) fn new(index: usize, state: JobState, attempts: u32, runs_again: bool) -> Self {
        Self {
            index,
            name: None,
            argv: Vec::new(),
            cwd: None,
            env: Vec::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
            state,
            runs_again,
            attempts,
            why: None,
            rc: None,
            jid: None,
            started: None,
            ended: None,
            usage: None,
        }
    }

    pub(super) fn take(&mut self, record: Record<'_>) {
        match record {
            Record::Run { .. }
            | Record::RunIn { .. }
            | Record::Rules { .. }
            | Record::Output { .. }
            | Record::Retry { .. }
            | Record::GaveUp { .. }
            | Record::Stopped { .. }
            | Record::Waits { .. }
            | Record::Given { .. }
            | Record::After { .. }
            | Record::ListEnded { .. }
            | Record::Compacted { .. }
            | Record::Done { .. }
            | Record::Submitting { .. }
            | Record::Killing { .. } => {}
            Record::Fed { name, argv, cwd, .. } => {
                self.name = name.map(str::to_owned);
                self.argv = owned(&argv);
                self.cwd = cwd.map(|it| OsStr::from_bytes(it.0).into());
            }
            Record::Files { inputs, outputs, .. } => {
                let paths = |words: &Words<'_>| owned(words).into_iter().map(PathBuf::from).collect();
                (self.inputs, self.outputs) = (paths(&inputs), paths(&outputs));
            }
            Record::Environment { names, .. } => self.env = owned(&names),
            Record::Submitted { jid, .. } | Record::Adopted { jid, .. } => self.jid = text(jid),
            Record::Started { when, .. } => self.started = Some(when),
            Record::Held { plugin, why, .. } => self.why = Some(format!("held by plugin `{plugin}`: {why}")),
            Record::Unstarted { why, when, .. } => (self.why, self.ended) = (text(why), Some(when)),
            Record::Failed { why, rc, usage, when, .. }
            | Record::Excused { why, rc, usage, when, .. }
            | Record::Ended { why, rc, usage, when, .. } => {
                (self.why, self.rc, self.ended) = (text(why), rc, Some(when));
                self.usage = usage.map(Into::into);
            }
        }
    }
}

fn owned(words: &Words<'_>) -> Vec<OsString> {
    words.iter().map(|word| OsStr::from_bytes(word).to_owned()).collect()
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
