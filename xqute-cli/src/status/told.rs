//! What does `xqute status` count, and what does its JSON have? The help of the verb documents the fields.

use std::ffi::OsString;
use std::path::PathBuf;

use serde::Serialize;
use xqute::{JobFiles, JobState, JobView, PeakMemory, RunView, Usage, WorkDirView};

use super::{hooks, why};
use crate::control::{Hooks, Waiting};

/// What JSON has before the jobs.
#[derive(Debug, Serialize)]
pub(super) struct Head {
    workdir: String,
    live: bool,
    whole: bool,
    runs: Vec<Ran>,
    counts: Counts,
    hooks: Option<Vec<Waiting>>,
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
    held: usize,
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

/// What JSON tells of every job: here, and when its run ends it (`xqute run --json`).
#[derive(Debug, Default, Serialize)]
pub(crate) struct Common {
    pub(crate) index: usize,
    pub(crate) name: Option<String>,
    pub(crate) argv: Vec<String>,
    pub(crate) argv_lossy: bool,
    pub(crate) state: &'static str,
    pub(crate) attempts: u32,
    pub(crate) why: Option<String>,
    pub(crate) rc: Option<i32>,
    pub(crate) jid: Option<String>,
    pub(crate) started: Option<u64>,
    pub(crate) ended: Option<u64>,
    pub(crate) cpu_seconds: Option<f64>,
    pub(crate) peak_memory_bytes: Option<u64>,
    pub(crate) peak_memory_exact: Option<bool>,
    pub(crate) path: String,
}

impl Common {
    /// With this command, what it used, and where its files are; the rest is the caller's.
    pub(crate) fn new(argv: &[OsString], usage: Option<&Usage>, files: &JobFiles) -> Self {
        let memory = usage.map(|it| it.peak_memory);
        Self {
            argv: texts(argv),
            argv_lossy: argv.iter().any(|it| it.to_str().is_none()),
            cpu_seconds: usage.map(|it| it.cpu().as_secs_f64()),
            peak_memory_bytes: memory.map(PeakMemory::bytes),
            peak_memory_exact: memory.map(|it| matches!(it, PeakMemory::Exactly(_))),
            path: files.metadir().to_string_lossy().into_owned(),
            ..Self::default()
        }
    }
}

/// A job, as the JSON of `status` tells of it.
#[derive(Debug, Serialize)]
pub(super) struct Told {
    #[serde(flatten)]
    job: Common,
    cwd: Option<String>,
    env: Vec<String>,
    inputs: Vec<String>,
    outputs: Vec<String>,
    runs_again: bool,
}

impl Head {
    pub(crate) fn of(view: &WorkDirView) -> Self {
        let workdir = view.files(0).workdir().to_string_lossy().into_owned();
        let runs = view.runs().cloned().map(Into::into).collect();
        let hooks = match hooks::of(view) {
            Hooks::Waiting(waiting) => Some(waiting),
            Hooks::Silent | Hooks::Unknown => None,
        };
        let (live, whole, counts) = (view.is_live(), view.is_whole(), Counts::of(view));
        Self { workdir, live, whole, runs, counts, hooks }
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
        let common = Common {
            index: job.index,
            state: job.state.name(),
            attempts: job.attempts,
            why: why(&job, files),
            rc: job.rc,
            started: job.started,
            ended: job.ended,
            ..Common::new(&job.argv, job.usage.as_ref(), files)
        };
        Self {
            job: Common { name: job.name, jid: job.jid, ..common },
            cwd: job.cwd.map(|it| it.to_string_lossy().into_owned()),
            env: texts(&job.env),
            inputs: paths(&job.inputs),
            outputs: paths(&job.outputs),
            runs_again: job.runs_again,
        }
    }
}

fn paths(paths: &[PathBuf]) -> Vec<String> {
    paths.iter().map(|it| it.to_string_lossy().into_owned()).collect()
}

fn texts(words: &[OsString]) -> Vec<String> {
    words.iter().map(|it| it.to_string_lossy().into_owned()).collect()
}

impl Counts {
    pub(crate) fn of(view: &WorkDirView) -> Self {
        let mut counts = Self { total: view.len(), ..Self::default() };
        for state in view.states() {
            *match state {
                JobState::Held => &mut counts.held,
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
            (self.held, "held"),
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
