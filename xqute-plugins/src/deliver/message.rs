//! What is a message? The same for all who are told; what they make of it is their plugin's.
//!
//! It is what the outbox keeps and what `webhook` sends, as JSON: a new field needs a default, anything else another [`VERSION`].

use serde::{Deserialize, Serialize};
use xqute::Summary;

/// The version of the JSON.
pub(crate) const VERSION: u32 = 1;

/// What is told at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Message {
    /// [`VERSION`].
    pub(crate) version: u32,
    /// No other message has it: who gets one twice can know. It sorts by time.
    pub(crate) id: String,
    /// When it was written, in milliseconds since the epoch.
    pub(crate) created: u64,
    /// The run's identifier.
    pub(crate) run: String,
    /// The machine that the run's program is on.
    pub(crate) host: String,
    /// The work directory, absolute.
    pub(crate) workdir: String,
    /// How many jobs have failed for good since the last message, and of them
    pub(crate) failed: u64,
    /// those that have something in common, the most first,
    pub(crate) failures: Vec<Group>,
    /// and how many are in no group.
    pub(crate) other_failures: u64,
    /// Jobs that run for longer than they should.
    pub(crate) long_jobs: Vec<LongJob>,
    /// How many more do.
    pub(crate) other_long_jobs: u64,
    /// How the run ended, in its last message.
    pub(crate) ended: Option<Ended>,
}

/// Jobs that failed in the same way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Group {
    /// How many.
    pub(crate) jobs: u64,
    /// Why: `exit code 1`.
    pub(crate) cause: String,
    /// The index of one of them,
    pub(crate) index: usize,
    /// its name, if it has one,
    pub(crate) name: Option<String>,
    /// its command line,
    pub(crate) command: String,
    /// the last lines of its standard error,
    pub(crate) stderr: Vec<String>,
    /// the indices of the next few of the group,
    #[serde(default)]
    pub(crate) also: Vec<usize>,
    /// and the command that shows more of it.
    pub(crate) see: String,
}

/// A job that runs for long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LongJob {
    /// Its index.
    pub(crate) index: usize,
    /// Its name, if it has one.
    pub(crate) name: Option<String>,
    /// Its command line.
    pub(crate) command: String,
    /// For how many seconds it had run.
    pub(crate) seconds: u64,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ended {
    /// Whether every job counts as done.
    pub(crate) success: bool,
    /// What people are told of it.
    pub(crate) text: String,
    /// Why it was stopped before its end, if it was.
    pub(crate) stopped: Option<String>,
    /// Its jobs, by outcome.
    pub(crate) succeeded: usize,
    pub(crate) skipped: usize,
    pub(crate) failed: usize,
    pub(crate) killed: usize,
    pub(crate) cancelled: usize,
    /// Those that an earlier run had brought to their end.
    pub(crate) done_before: usize,
    pub(crate) failed_before: usize,
    /// How often a job was started.
    pub(crate) attempts: u64,
    /// From begin to end.
    pub(crate) seconds: f64,
    /// The processors' time, where it is known.
    pub(crate) cpu_seconds: f64,
}

impl From<&Summary> for Ended {
    fn from(summary: &Summary) -> Self {
        let counts = &summary.counts;
        Self {
            success: summary.is_success(),
            text: summary.to_string(),
            stopped: summary.stopped.map(|it| it.to_string()),
            succeeded: counts.succeeded,
            skipped: counts.skipped,
            failed: counts.failed,
            killed: counts.killed,
            cancelled: counts.cancelled,
            done_before: counts.done_before,
            failed_before: counts.failed_before,
            attempts: summary.attempts,
            seconds: summary.elapsed.as_secs_f64(),
            cpu_seconds: summary.cpu.as_secs_f64(),
        }
    }
}
