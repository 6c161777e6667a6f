//! What does `xqute status` count, and what does its JSON have? The help of the verb documents the fields.

use std::ffi::OsString;

use serde::Serialize;
use xqute::{JobFiles, JobState, JobView, PeakMemory, RunView, WorkDirView};

use super::why;

/// What JSON has before the jobs.
#[derive(Debug, Serialize)]
pub(super) struct Head {
    workdir: String,
    live: bool,
    runs: Vec<Ran>,
    counts: Counts,
}

#[derive(Debug, Serialize)]
pub(super) struct Ran {
    id: String,
    version: String,
    scheduler: String,
    host: String,
    pid: u32,
    cwd: Option<String>,
    began: u64,
    done: Option<u64>,
    alive: Option<bool>,
}

#[derive(Debug, Default, Serialize)]
pub(crate) struct Counts {
    queued: usize,
    submitted: usize,
    running: usize,
    retrying: usize,
    unfinished: usize,
    succeeded: usize,
    failed: usize,
    killed: usize,
    cancelled: usize,
    total: usize,
}

/// A job, as JSON tells of it.
#[derive(Debug, Serialize)]
pub(super) struct Told {
    index: usize,
    name: Option<String>,
    argv: Vec<String>,
    argv_lossy: bool,
    cwd: Option<String>,
    env: Vec<String>,
    state: &'static str,
    runs_again: bool,
    attempts: u32,
    why: Option<String>,
    rc: Option<i32>,
    jid: Option<String>,
    started: Option<u64>,
    ended: Option<u64>,
    cpu_seconds: Option<f64>,
    peak_memory_bytes: Option<u64>,
    peak_memory_exact: Option<bool>,
    path: String,
}

impl Head {
    pub(crate) fn of(view: &WorkDirView) -> Self {
        let workdir = view.files(0).workdir().to_string_lossy().into_owned();
        let runs = view.runs().cloned().map(Into::into).collect();
        Self { workdir, live: view.is_live(), runs, counts: Counts::of(view) }
    }
}

impl From<RunView> for Ran {
    fn from(run: RunView) -> Self {
        let RunView { id, version, scheduler, host, pid, cwd, began, done, alive, .. } = run;
        let cwd = cwd.map(|it| it.to_string_lossy().into_owned());
        Self { id, version, scheduler, host, pid, cwd, began, done, alive }
    }
}

impl Told {
    pub(super) fn of(job: JobView, files: &JobFiles) -> Self {
        let why = why(&job, files);
        let memory = job.usage.map(|it| it.peak_memory);
        Self {
            index: job.index,
            name: job.name,
            argv: texts(&job.argv),
            argv_lossy: job.argv.iter().any(|it| it.to_str().is_none()),
            cwd: job.cwd.map(|it| it.to_string_lossy().into_owned()),
            env: texts(&job.env),
            state: job.state.name(),
            runs_again: job.runs_again,
            attempts: job.attempts,
            why,
            rc: job.rc,
            jid: job.jid,
            started: job.started,
            ended: job.ended,
            cpu_seconds: job.usage.map(|it| it.cpu().as_secs_f64()),
            peak_memory_bytes: memory.map(PeakMemory::bytes),
            peak_memory_exact: memory.map(|it| matches!(it, PeakMemory::Exactly(_))),
            path: files.metadir().to_string_lossy().into_owned(),
        }
    }
}

fn texts(words: &[OsString]) -> Vec<String> {
    words.iter().map(|it| it.to_string_lossy().into_owned()).collect()
}

impl Counts {
    pub(crate) fn of(view: &WorkDirView) -> Self {
        let mut counts = Self { total: view.len(), ..Self::default() };
        for state in view.states() {
            *match state {
                JobState::Submitted => &mut counts.submitted,
                JobState::Running => &mut counts.running,
                JobState::Retrying => &mut counts.retrying,
                JobState::Unfinished => &mut counts.unfinished,
                JobState::Succeeded => &mut counts.succeeded,
                JobState::Failed => &mut counts.failed,
                JobState::Killed => &mut counts.killed,
                JobState::Cancelled => &mut counts.cancelled,
                _ => &mut counts.queued,
            } += 1;
        }
        counts
    }

    /// Those that are not 0.
    pub(crate) fn line(&self) -> String {
        let all = [
            (self.queued, "queued"),
            (self.submitted, "submitted"),
            (self.running, "running"),
            (self.retrying, "retrying"),
            (self.unfinished, "unfinished"),
            (self.succeeded, "succeeded"),
            (self.failed, "failed"),
            (self.killed, "killed"),
            (self.cancelled, "cancelled"),
        ];
        let some: Vec<String> = all
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, name)| format!("{count} {name}"))
            .collect();
        let jobs = if self.total == 1 { "job" } else { "jobs" };
        let gap = if some.is_empty() { "" } else { ": " };
        format!("{} {jobs}{gap}{}", self.total, some.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_tell_what_there_is() {
        let counts = Counts { running: 1, failed: 2, total: 3, ..Counts::default() };
        assert_eq!(counts.line(), "3 jobs: 1 running, 2 failed");
        assert_eq!(Counts::default().line(), "0 jobs");
    }
}
