//! A line about each job that has ended, as GNU parallel's `--joblog` writes it, so that its users' scripts read it and
//! `parallel --resume --joblog` goes on with it.
//!
//! Off unless a run configures it:
//!
//! ```
//! # fn main() -> xqute::Result<()> {
//! # let dir = std::env::temp_dir().join(format!("xqute-joblog-{}", std::process::id()));
//! # std::fs::create_dir_all(&dir).unwrap();
//! use xqute_plugins::joblog::JoblogConfig;
//! let config = JoblogConfig::new(dir.join("jobs.log"));
//! let xqute = xqute::Xqute::builder().workdir(dir.join("work")).config("joblog", config).build()?;
//! # drop(xqute);
//! # std::fs::remove_dir_all(dir).unwrap();
//! # Ok(())
//! # }
//! ```
//!
//! Lines are in the order of the jobs' ends and reach the file within a second. A program that is killed loses none: the next run
//! on the work directory adds what the file lacks, from the journal. A job that never ran has none.

mod line;

use std::path::PathBuf;

use xqute::{BoxError, Failure, Job, JobState, KillReason, Outcome, Run, WorkDirView, hook};

use crate::table::{self, Before, Table};
use line::{HEAD, Line, Seen};

xqute::plugin!(name = "joblog", enabled = false, config = JoblogConfig);

/// The configuration of `joblog`.
#[xqute::config(default = false)]
#[derive(Debug, Clone)]
pub struct JoblogConfig {
    /// The file, made for its owner alone. A relative path begins where the program was started. It must be given.
    pub path: PathBuf,
    /// Whether what the file has stays where a run begins on an empty work directory, or anew. Where a run goes on with what
    /// earlier ones left, it stays in any case. Default: no.
    #[serde(default)]
    pub append: bool,
}

impl JoblogConfig {
    /// Into this file, which a new run begins anew.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), append: false }
    }
}

/// Of a run.
struct Joblog(Table);

#[hook]
fn on_init(run: &Run) -> Result<(), BoxError> {
    let config = run.config::<JoblogConfig>("joblog")?;
    let config = config.ok_or("no file is given: write `path = \"FILE\"` below `[plugins.joblog]`")?;
    let past = table::past(run)?;
    let before = if past.is_some() || config.append { Before::Stays } else { Before::Goes };
    let mut seen = Seen::of(past.as_ref().map_or(0, WorkDirView::len));
    let table = Table::open(&config.path, HEAD, before, |line| seen.take(line))?;
    if let Some(past) = past {
        complete(&table, past, &seen)?;
    }
    run.init_state(Joblog(table))?;
    Ok(())
}

#[hook]
fn on_job_succeeded(run: &Run, job: &Job) {
    add(run, job);
}

#[hook]
fn on_job_failed(run: &Run, job: &Job) {
    if !job.will_retry() {
        add(run, job);
    }
}

#[hook]
fn on_job_killed(run: &Run, job: &Job) {
    add(run, job);
}

#[hook]
fn on_run_done(run: &Run) {
    if let Some(Joblog(table)) = run.state()
        && let Err(why) = table.finish()
    {
        run.note(why);
    }
}

fn add(run: &Run, job: &Job) {
    let (Some(Joblog(table)), Some(outcome)) = (run.state(), job.outcome()) else { return };
    if is_final(outcome) {
        table.add(&Line::of(job, outcome).bytes());
    }
}

/// Whether a job has run, and does not run again unasked. What was killed only because its run was stopped is left for the next.
fn is_final(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Succeeded => true,
        Outcome::Failed(failure) => !matches!(failure, Failure::Unknown(_)),
        Outcome::Killed(reason) => *reason == KillReason::User,
        _ => false,
    }
}

/// Adds what earlier runs have not written, or not all of them were asked to.
fn complete(table: &Table, mut past: WorkDirView, seen: &Seen) -> Result<(), BoxError> {
    let ended_well = past.runs().last().is_some_and(|it| it.done.is_some());
    for index in 0..past.len() {
        let state = past.state(index);
        let has_ended = matches!(state, Some(JobState::Succeeded | JobState::Failed | JobState::Killed));
        if !has_ended || (ended_well && seen.has(index)) {
            continue;
        }
        let Some(job) = past.job(index)? else { continue };
        let is_skipped = state == Some(JobState::Succeeded) && job.why.is_some();
        if !job.runs_again && !is_skipped && !seen.has_end(&job) {
            table.add(&Line::of_past(&job).bytes());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
