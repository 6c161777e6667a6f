//! What each attempt uses of this machine: CPU time, memory, I/O, processes. Looked at while it runs; what is only a bound is called one.
//!
//! Off unless a run configures it:
//!
//! ```
//! # fn main() -> xqute::Result<()> {
//! # let dir = std::env::temp_dir().join(format!("xqute-resources-{}", std::process::id()));
//! # std::fs::create_dir_all(&dir).unwrap();
//! use xqute_plugins::resources::ResourcesConfig;
//! let config = ResourcesConfig { path: Some(dir.join("used.csv")), ..ResourcesConfig::default() };
//! let xqute = xqute::Xqute::builder().workdir(dir.join("work")).config("resources", config).build()?;
//! # drop(xqute);
//! # std::fs::remove_dir_all(dir).unwrap();
//! # Ok(())
//! # }
//! ```
//!
//! One thread looks at all jobs, and takes at most 0.5 % of a processor for that: where a look takes longer, the next one is later. A job's
//! processes are those of its process group, those that descend from one of it, and those that did when they were last seen.

mod asked;
mod measured;
mod sample;
mod sampler;
mod tree;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use xqute::units::Time;
use xqute::{BoxError, Job, Run, Scheduler, hook};

use crate::attempts::{self, Attempt, Known};
use crate::table::{self, Before, Table};
use asked::Asked;
use measured::{HEAD, Measured};
use sample::Sampled;
use sampler::Sampler;

xqute::plugin!(name = "resources", enabled = false, config = ResourcesConfig);

/// The configuration of `resources`. All of it has defaults.
#[xqute::config]
#[derive(Debug, Clone)]
pub struct ResourcesConfig {
    /// A table of all attempts, with commas between its columns (RFC 4180), made for its owner alone. A relative path begins where the
    /// program was started. Default: none.
    pub path: Option<PathBuf>,
    /// Whether what the file has stays where a run begins on an empty work directory, or anew. Default: no.
    pub append: bool,
    /// How often jobs are looked at, unless that would take more than 0.5 % of a processor. Default: a second; 10 ms at least.
    pub interval: Time,
    /// Whether the summary tells what groups of jobs were given and used. Default: yes.
    pub summary: bool,
}

impl Default for ResourcesConfig {
    fn default() -> Self {
        Self { path: None, append: false, interval: Time(Duration::from_secs(1)), summary: true }
    }
}

/// Of a run.
struct Resources {
    /// Only jobs of this machine can be looked at.
    sampler: Option<Sampler>,
    table: Option<Table>,
    asked: Option<Mutex<Asked>>,
}

const SHORTEST: Duration = Duration::from_millis(10);

#[hook]
fn on_init(run: &Run, scheduler: &Scheduler) -> Result<(), BoxError> {
    let config = run.config::<ResourcesConfig>("resources")?.unwrap_or_default();
    if config.interval.0 < SHORTEST {
        return Err("`interval` is shorter than 10 ms: jobs would be looked at all the time".into());
    }
    let table = config.path.as_deref().map(|it| open(run, it, config.append)).transpose()?;
    let sampler = (scheduler.name() == "local").then(|| Sampler::new(config.interval.0)).transpose()?;
    let asked = config.summary.then(Mutex::default);
    run.init_state(Resources { sampler, table, asked })?;
    Ok(())
}

fn open(run: &Run, path: &Path, append: bool) -> Result<Table, BoxError> {
    let past = table::past(run)?;
    let before = if past.is_some() || append { Before::Stays } else { Before::Goes };
    let (mut known, mut has) = (Known::default(), None);
    let table = Table::open(path, HEAD, before, |line| match &has {
        None => has = Some(line == HEAD.as_bytes()),
        Some(_) => known.take(line, b','),
    })?;
    if has == Some(false) {
        return Err(format!("{} is another table: name another file", path.display()).into());
    }
    for attempt in past.map(|it| attempts::missing(it, known, run.workdir())).transpose()?.unwrap_or_default()
    {
        // What was seen of it is gone with the program that had seen it.
        let (program, sampled) = (String::new(), Sampled::default());
        table.add(&Measured { attempt, program, sampled }.line());
    }
    Ok(table)
}

#[hook]
fn on_job_started(run: &Run, job: &Job) {
    if let Some(sampler) = run.state::<Resources>().and_then(|it| it.sampler.as_ref())
        && let Some(leader) = leader(job)
    {
        sampler.begins(leader);
    }
}

#[hook]
fn on_job_succeeded(run: &Run, job: &Job) {
    ends(run, job);
}

#[hook]
fn on_job_failed(run: &Run, job: &Job) {
    ends(run, job);
}

#[hook]
fn on_job_killed(run: &Run, job: &Job) {
    ends(run, job);
}

#[hook]
fn on_run_done(run: &Run) {
    let Some(resources) = run.state::<Resources>() else { return };
    if let Some(Err(why)) = resources.table.as_ref().map(Table::finish) {
        run.note(why);
    }
    let asked = resources.asked.as_ref().map(|it| it.lock().unwrap_or_else(PoisonError::into_inner));
    asked.map(|it| it.tell()).unwrap_or_default().iter().for_each(|line| run.note(line));
}

fn ends(run: &Run, job: &Job) {
    let (Some(resources), Some(attempt)) = (run.state::<Resources>(), Attempt::of(job)) else { return };
    let sampled = resources.sampler.as_ref().zip(leader(job)).map(|(sampler, leader)| sampler.ends(leader));
    let program = Path::new(job.argv().program()).file_name().unwrap_or_default();
    let program = program.to_string_lossy().into_owned();
    let measured = Measured { attempt, program, sampled: sampled.unwrap_or_default() };
    if let Some(table) = &resources.table {
        table.add(&measured.line());
    }
    if let Some(asked) = &resources.asked {
        let limit = job.timeout().or_else(|| run.timeout());
        asked.lock().unwrap_or_else(PoisonError::into_inner).take(&measured, limit);
    }
}

/// The process that leads a job of this machine.
fn leader(job: &Job) -> Option<i32> {
    job.jid()?.parse().ok()
}

#[cfg(test)]
mod tests;
