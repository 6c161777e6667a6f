//! The plugin that tells what went wrong: the first failures at once, all of them in groups at the end.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use xqute::{BoxError, Cancelled, Job, KillReason, Outcome, PluginCost, Run, Signal, Summary, hook};

use super::PLUGINS;
use super::report::{self, Report};
use super::screen::{self, Shown};

xqute::plugin!(name = "report", enabled = false, priority = -999);

pub(super) const NAME: &str = "report";

/// So many failures are told when they happen, and so many attempts that are followed by another.
const NOTED: usize = 10;
/// A plugin whose hooks took less, or less than a tenth of the run, is told only where all are.
const MUCH: Duration = Duration::from_secs(1);

#[derive(Debug, Clone, Copy, Default, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Settings {
    /// Only at the end.
    pub(super) quiet: bool,
    /// What each plugin has cost, not only who has cost much.
    pub(super) verbose: bool,
}

/// What the hooks of a run share.
#[derive(Debug, Default)]
pub(super) struct Reporter {
    quiet: bool,
    verbose: bool,
    report: Mutex<Report>,
    /// Jobs whose last hook here is still to come, and has nothing more to tell.
    followed: Mutex<HashSet<usize>>,
    failures: AtomicUsize,
    retries: AtomicUsize,
}

impl Reporter {
    /// A job has ended otherwise than well, and its output was just printed.
    pub(super) fn follows(&self, job: &Job, shown: &mut Shown) {
        self.ended(job, shown);
        self.followed.lock().unwrap_or_else(PoisonError::into_inner).insert(job.index());
    }

    /// Whether that was told of this job already.
    fn has_followed(&self, job: &Job) -> bool {
        self.followed.lock().unwrap_or_else(PoisonError::into_inner).remove(&job.index())
    }

    fn ended(&self, job: &Job, shown: &mut Shown) {
        self.report.lock().unwrap_or_else(PoisonError::into_inner).take(job);
        if !was_stopped(job) {
            self.note(job, &self.failures, "fail", shown);
        }
    }

    /// One of the first that end so is told; of the next one, that no more are.
    fn note(&self, job: &Job, noted: &AtomicUsize, word: &str, shown: &mut Shown) {
        if self.quiet || noted.load(Relaxed) > NOTED {
            return;
        }
        match noted.fetch_add(1, Relaxed) {
            ..NOTED => {
                let why = job.outcome().map(ToString::to_string).unwrap_or_default();
                let again = if job.will_retry() { " (will be tried again)" } else { "" };
                let command = report::line(&job.cmd());
                shown.say(format_args!("job {} {why}{again}: {command}", job.index()));
            }
            NOTED => shown.say(format_args!("from here on jobs that {word} are only counted")),
            _ => {}
        }
    }

    /// Tells how the run went, and in groups what went wrong.
    pub(super) async fn tell(&self, summary: &Summary) {
        let is_good = summary.is_success() && summary.stopped.is_none() && summary.fault_count() == 0;
        let mut shown = screen::lock().await;
        if !self.quiet || !is_good {
            let all_before =
                summary.counts.done_before > 0 && summary.counts.done_before == summary.counts.total();
            let hint = if all_before { " (--fresh runs them again)" } else { "" };
            shown.say(format_args!("{summary}{hint}"));
            self.costs(summary).iter().for_each(|it| shown.say(format_args!("{it}")));
        }
        let report = self.report.lock().unwrap_or_else(PoisonError::into_inner);
        // The failure of the only job was told a moment ago.
        let is_told = summary.counts.total() == 1 && self.failures.load(Relaxed) == 1 && !self.quiet;
        for line in report.tell().iter().flat_map(|told| told.lines()) {
            // A group begins with the program's name, what belongs to it is set in.
            match line.strip_prefix(' ') {
                Some(_) => shown.add(line),
                None if is_told => {}
                None => shown.say(format_args!("{line}")),
            }
        }
    }
}

impl Reporter {
    /// What plugins have cost: each of them, or those who have cost much.
    fn costs(&self, summary: &Summary) -> Vec<String> {
        let much = MUCH.max(summary.elapsed / 10);
        let is_told = |it: &&PluginCost| {
            it.calls > 0 && (self.verbose || it.time >= much && !PLUGINS.contains(&&*it.plugin))
        };
        let told = |PluginCost { plugin, calls, time, .. }: &PluginCost| {
            let (calls, s) = (*calls, if *calls == 1 { "" } else { "s" });
            let (took, of) = (time.as_secs_f64(), summary.elapsed.as_secs_f64());
            format!("plugin `{plugin}`: {calls} call{s} of its hooks took {took:.3} s, in a run of {of:.1} s")
        };
        summary.plugin_costs().iter().filter(is_told).map(told).collect()
    }
}

/// Whoever stopped the run knows why its jobs did not go on.
fn was_stopped(job: &Job) -> bool {
    match job.outcome() {
        Some(Outcome::Cancelled(Cancelled::Stopped(why)) | Outcome::Killed(why)) => *why != KillReason::User,
        _ => false,
    }
}

#[hook]
fn on_init(run: &Run) -> Result<(), BoxError> {
    let Settings { quiet, verbose } = run.config(NAME)?.unwrap_or_default();
    let report = Mutex::new(Report::new(run.workdir()));
    Ok(run.init_state(Reporter { quiet, verbose, report, ..Reporter::default() })?)
}

#[hook]
async fn on_job_failed(run: &Run, job: &Job) {
    match run.state::<Reporter>() {
        Some(it) if job.will_retry() => {
            it.note(job, &it.retries, "will be tried again", &mut *screen::lock().await);
        }
        _ => ended(run, job).await,
    }
}

#[hook]
async fn on_job_killed(run: &Run, job: &Job) {
    ended(run, job).await;
}

#[hook]
async fn on_job_cancelled(run: &Run, job: &Job) {
    ended(run, job).await;
}

/// A job has ended for good. Where its output was printed, it was told behind that; but that hook may have run out of time.
async fn ended(run: &Run, job: &Job) {
    let Some(reporter) = run.state::<Reporter>() else { return };
    if !reporter.has_followed(job) {
        reporter.ended(job, &mut *screen::lock().await);
    }
}

#[hook]
fn on_shutdown(signal: Option<Signal>) {
    let Some(signal) = signal else { return };
    screen::say(format_args!(
        "{signal}: no more jobs start, those that run go on to their end; again kills them, a third time leaves at once"
    ));
}
