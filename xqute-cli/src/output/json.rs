//! What does `--json` say? An object a line: one for each job that has ended, then one for the run.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;
use xqute::{Job, Outcome, PluginCost, Summary};

use crate::status::{Common, gave_up};

#[derive(Debug, Serialize)]
struct Told {
    event: &'static str,
    #[serde(flatten)]
    job: Common,
}

#[derive(Debug, Serialize)]
struct Ran<'a> {
    event: &'static str,
    jobs: usize,
    succeeded: usize,
    skipped: usize,
    failed: usize,
    killed: usize,
    cancelled: usize,
    done_before: usize,
    failed_before: usize,
    adopted: usize,
    unknown: usize,
    attempts: u64,
    stopped: Option<String>,
    elapsed_seconds: f64,
    notes: &'a [String],
    plugins: Vec<Cost>,
    exit_code: u8,
}

/// What a plugin has cost.
#[derive(Debug, Serialize)]
struct Cost {
    plugin: String,
    calls: u64,
    faults: u64,
    seconds: f64,
    /// Of the time that the run has taken; hooks of several jobs run at once.
    share: f64,
}

impl Cost {
    fn of(cost: &PluginCost, elapsed: Duration) -> Self {
        let PluginCost { plugin, calls, faults, time, .. } = cost;
        let seconds = time.as_secs_f64();
        let share = if elapsed.is_zero() { 0.0 } else { seconds / elapsed.as_secs_f64() };
        Self { plugin: plugin.to_string(), calls: *calls, faults: *faults, seconds, share }
    }
}

/// A job that has ended for good.
pub(super) fn job(job: &Job) -> String {
    let outcome = job.outcome();
    // One that could not be started has been tried, too.
    let tried = job.jid().is_some() || matches!(outcome, Some(Outcome::Failed(_)));
    let job = Common {
        index: job.index(),
        name: job.name().map(str::to_owned),
        state: state(outcome),
        attempts: if tried { job.trial_count() + 1 } else { job.trial_count() },
        why: outcome.filter(|it| **it != Outcome::Succeeded).map(|it| why(job, it)),
        rc: job.rc(),
        jid: job.jid().map(str::to_owned),
        started: job.started().and_then(millis),
        ended: job.ended().and_then(millis),
        ..Common::new(job.argv().words(), job.usage(), &job.files())
    };
    line(&Told { event: "job", job })
}

/// As `xqute status` tells it: with the part of its script that failed, where that was not the command.
fn why(job: &Job, outcome: &Outcome) -> String {
    let why = outcome.to_string();
    let part = outcome.failure().and_then(|_| gave_up(&why, &job.files()));
    part.unwrap_or(why)
}

/// How the run went.
pub(super) fn run(summary: &Summary, code: u8) -> String {
    let counts = summary.counts;
    line(&Ran {
        event: "run",
        jobs: counts.total(),
        succeeded: counts.succeeded,
        skipped: counts.skipped,
        failed: counts.failed,
        killed: counts.killed,
        cancelled: counts.cancelled,
        done_before: counts.done_before,
        failed_before: counts.failed_before,
        adopted: summary.adopted,
        unknown: summary.unknown,
        attempts: summary.attempts,
        stopped: summary.stopped.map(|it| it.to_string()),
        elapsed_seconds: summary.elapsed.as_secs_f64(),
        notes: &summary.notes,
        plugins: summary.plugin_costs().iter().map(|it| Cost::of(it, summary.elapsed)).collect(),
        exit_code: code,
    })
}

/// The words of `xqute status`.
fn state(outcome: Option<&Outcome>) -> &'static str {
    match outcome {
        Some(Outcome::Succeeded | Outcome::Skipped { .. }) => "succeeded",
        Some(Outcome::Killed(_)) => "killed",
        Some(Outcome::Cancelled(_)) => "cancelled",
        _ => "failed",
    }
}

fn millis(time: SystemTime) -> Option<u64> {
    u64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_millis()).ok()
}

/// What is told has no maps and no bytes that are no text, so nothing of it cannot be written.
fn line(told: &impl Serialize) -> String {
    serde_json::to_string(told).map(|line| line + "\n").unwrap_or_default()
}
