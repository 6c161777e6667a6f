//! How does GNU parallel tell of a job? In a line of nine columns.

use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use xqute::{Argv, Job, JobState, JobView, Outcome, script};

/// The first line.
pub(super) const HEAD: &str = "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand";

/// What GNU parallel says of a job that no exit code tells of, such as one whose time was up.
const NO_CODE: i32 = -1;
const SIGTERM: i32 = 15;

/// What a line says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    index: usize,
    /// When its last attempt began and ended, in milliseconds since the epoch.
    times: (u64, u64),
    exit: (i32, i32),
    command: Vec<u8>,
}

impl Line {
    /// Of a job that has ended.
    pub(super) fn of(job: &Job, outcome: &Outcome) -> Self {
        let ended = millis(job.ended().unwrap_or_else(SystemTime::now));
        let started = job.started().map_or(ended, millis);
        let exit = match outcome {
            Outcome::Succeeded => (0, 0),
            Outcome::Killed(_) => exit(JobState::Killed, "", job.rc()),
            other => exit(JobState::Failed, &other.to_string(), job.rc()),
        };
        Self { index: job.index(), times: (started, ended), exit, command: script::line(job.argv()) }
    }

    /// Of a job of an earlier run, as the journal tells of it.
    pub(super) fn of_past(job: &JobView) -> Self {
        let ended = job.ended.unwrap_or_default();
        let exit = exit(job.state, job.why.as_deref().unwrap_or_default(), job.rc);
        // The record of its command may be one of those that cannot be read.
        let command = Argv::new(job.argv.iter().cloned()).map(|it| script::line(&it)).unwrap_or_default();
        Self { index: job.index, times: (job.started.unwrap_or(ended), ended), exit, command }
    }

    pub(super) fn bytes(self) -> Vec<u8> {
        let Self { index, times: (started, ended), exit: (code, signal), mut command } = self;
        // GNU parallel does so, that a job stays a line.
        command.iter_mut().filter(|it| **it == b'\n').for_each(|it| *it = 0);
        let mut line = Vec::with_capacity(64 + command.len());
        let runtime = seconds(ended.saturating_sub(started));
        // Writing to a vector cannot fail.
        let _ =
            write!(line, "{}\t:\t{}\t{runtime:>10}\t0\t0\t{code}\t{signal}\t", index + 1, seconds(started));
        line.extend_from_slice(&command);
        line.push(b'\n');
        line
    }
}

fn millis(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

fn seconds(millis: u64) -> String {
    format!("{}.{:03}", millis / 1000, millis % 1000)
}

/// The columns Exitval and Signal. The journal has the reason of a failure as text, so that is what is read of both.
fn exit(state: JobState, why: &str, rc: Option<i32>) -> (i32, i32) {
    let signal = rc.filter(|it| *it > 128).map(|it| it - 128);
    let cause = why.strip_prefix("failed: ").unwrap_or(why);
    match (state, rc) {
        (JobState::Succeeded, _) => (0, 0),
        (JobState::Killed, _) => (NO_CODE, signal.unwrap_or(SIGTERM)),
        _ if cause.starts_with("timed out") => (NO_CODE, SIGTERM),
        _ if cause.starts_with("killed by") => (0, signal.unwrap_or(SIGTERM)),
        // A shell would say so of a program that cannot be started.
        _ if cause.starts_with("could not be started") => (127, 0),
        // It exited well, and was found wanting: that must not look like a success.
        (_, Some(0)) => (1, 0),
        (_, code) => (code.unwrap_or(NO_CODE), 0),
    }
}

/// What a file has already: by job, when the attempt began that its last line is about, in milliseconds; 0: it has none.
#[derive(Debug)]
pub(super) struct Seen(Vec<u64>);

impl Seen {
    /// Of so many jobs: what is about others is of another run.
    pub(super) fn of(jobs: usize) -> Self {
        Self(vec![0; jobs])
    }

    pub(super) fn take(&mut self, line: &[u8]) {
        let mut columns = line.split(|it| *it == b'\t').map(|it| std::str::from_utf8(it).unwrap_or_default());
        let seq = columns.next().and_then(|it| it.parse::<usize>().ok());
        let started = columns.nth(1).and_then(|it| it.trim().parse::<f64>().ok());
        let (Some(seq), Some(started)) = (seq, started) else { return };
        if let Some(seen) = seq.checked_sub(1).and_then(|index| self.0.get_mut(index)) {
            *seen = (started * 1000.0).round().max(1.0) as u64;
        }
    }

    /// Whether there is a line about a job.
    pub(super) fn has(&self, index: usize) -> bool {
        self.0.get(index).is_some_and(|it| *it > 0)
    }

    /// Whether there is one about the end that it has now.
    pub(super) fn has_end(&self, job: &JobView) -> bool {
        self.has(job.index) && job.started.is_none_or(|it| self.0.get(job.index) == Some(&it))
    }
}
