//! What is a command told of what happened? One JSON object.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;
use serde_json::{Value, json};
use xqute::{Job, Outcome, PeakMemory, Run, Scheduler, Signal, Summary};

/// What happened: the arguments of the hook.
#[derive(Debug, Clone, Copy)]
pub(super) struct Event<'a> {
    pub(super) hook: &'static str,
    pub(super) run: &'a Run,
    pub(super) scheduler: &'a Scheduler,
    pub(super) job: Option<&'a Job>,
    pub(super) counter: Option<u64>,
    pub(super) signal: Option<Signal>,
    pub(super) summary: Option<&'a Summary>,
}

/// Of a job. The names that `xqute run --json` has are those here, too.
#[derive(Debug, Serialize)]
struct Told<'a> {
    index: usize,
    name: Option<&'a str>,
    tags: Vec<&'a str>,
    cmd: String,
    argv: Vec<String>,
    argv_lossy: bool,
    cwd: Option<String>,
    status: &'static str,
    attempt: u32,
    will_retry: bool,
    outcome: Option<&'static str>,
    why: Option<String>,
    rc: Option<i32>,
    jid: Option<&'a str>,
    started: Option<u64>,
    ended: Option<u64>,
    cpu_seconds: Option<f64>,
    peak_memory_bytes: Option<u64>,
    peak_memory_exact: Option<bool>,
    path: String,
    stdout: String,
    stderr: String,
}

impl<'a> Event<'a> {
    pub(super) fn new(hook: &'static str, run: &'a Run, scheduler: &'a Scheduler) -> Self {
        Self { hook, run, scheduler, job: None, counter: None, signal: None, summary: None }
    }

    pub(super) fn of_job(hook: &'static str, run: &'a Run, scheduler: &'a Scheduler, job: &'a Job) -> Self {
        Self { job: Some(job), ..Self::new(hook, run, scheduler) }
    }

    /// As people name it.
    pub(super) fn told(&self) -> String {
        match self.job {
            Some(job) => format!("{} of job {}", self.hook, job.index()),
            None => self.hook.to_owned(),
        }
    }

    /// The object, on a line. Keys that a hook has nothing for are not there.
    pub(super) fn json(&self) -> Vec<u8> {
        let mut all = json!({
            "version": 1,
            "hook": self.hook,
            "run": self.run.id(),
            "workdir": self.run.workdir().to_string_lossy(),
            "scheduler": self.scheduler.name(),
            "forks": self.scheduler.forks(),
        });
        let mut put = |key: &str, value: Value| all[key] = value;
        if let Some(job) = self.job {
            // Nothing of it cannot be written: it has no maps, and no bytes that are no text.
            put("job", serde_json::to_value(told(job)).unwrap_or_default());
        }
        if let Some(counter) = self.counter {
            put("counter", counter.into());
        }
        if self.hook == "on_shutdown" {
            put("signal", self.signal.map(|it| it.name()).into());
        }
        if let Some(summary) = self.summary {
            put("summary", summed(summary));
        }
        format!("{all}\n").into_bytes()
    }
}

fn told(job: &Job) -> Told<'_> {
    let (words, outcome, usage) = (job.argv().words(), job.outcome(), job.usage());
    let memory = usage.map(|it| it.peak_memory);
    let text = |it: &std::path::Path| it.to_string_lossy().into_owned();
    Told {
        index: job.index(),
        name: job.name(),
        tags: job.tags().collect(),
        cmd: job.cmd(),
        argv: words.iter().map(|it| it.to_string_lossy().into_owned()).collect(),
        argv_lossy: words.iter().any(|it| it.to_str().is_none()),
        cwd: job.cwd().map(text),
        status: job.status().name(),
        attempt: job.trial_count() + 1,
        will_retry: job.will_retry(),
        outcome: outcome.map(kind),
        why: outcome.filter(|it| **it != Outcome::Succeeded).map(ToString::to_string),
        rc: job.rc(),
        jid: job.jid(),
        started: job.started().and_then(millis),
        ended: job.ended().and_then(millis),
        cpu_seconds: usage.map(|it| it.cpu().as_secs_f64()),
        peak_memory_bytes: memory.map(PeakMemory::bytes),
        peak_memory_exact: memory.map(|it| matches!(it, PeakMemory::Exactly(_))),
        path: text(&job.metadir()),
        stdout: text(&job.stdout_file()),
        stderr: text(&job.stderr_file()),
    }
}

fn kind(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Succeeded => "succeeded",
        Outcome::Skipped { .. } => "skipped",
        Outcome::Failed(_) => "failed",
        Outcome::Killed(_) => "killed",
        Outcome::Cancelled(_) => "cancelled",
        _ => "other",
    }
}

fn summed(summary: &Summary) -> Value {
    let counts = summary.counts;
    json!({
        "jobs": counts.total(),
        "succeeded": counts.succeeded,
        "skipped": counts.skipped,
        "failed": counts.failed,
        "killed": counts.killed,
        "cancelled": counts.cancelled,
        "done_before": counts.done_before,
        "failed_before": counts.failed_before,
        "attempts": summary.attempts,
        "success": summary.is_success(),
        "stopped": summary.stopped.map(|it| it.to_string()),
        "elapsed_seconds": summary.elapsed.as_secs_f64(),
        "notes": summary.notes,
        "text": summary.to_string(),
    })
}

fn millis(time: SystemTime) -> Option<u64> {
    u64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_millis()).ok()
}
