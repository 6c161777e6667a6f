//! Each job's life as `tracing` events: the "Complete Example" of the plugins page.
//!
//! Off unless a run selects `log`, or configures it:
//!
//! ```
//! # fn main() -> xqute::Result<()> {
//! # let dir = std::env::temp_dir().join(format!("xqute-log-{}", std::process::id()));
//! # std::fs::create_dir_all(&dir).unwrap();
//! use xqute_plugins::log::LogConfig;
//! let config = LogConfig { poll_every: 60 };
//! let xqute = xqute::Xqute::builder().workdir(dir.join("work")).config("log", config).build()?;
//! # drop(xqute);
//! # std::fs::remove_dir_all(dir).unwrap();
//! # Ok(())
//! # }
//! ```
//!
//! Events have the target `xqute::log` and the field `job`. Failures are errors, polling is debug, all else is info. An
//! event costs what the subscriber makes of it; without one, a few nanoseconds.

use xqute::{BoxError, Job, Run, Scheduler, Summary, hook};

xqute::plugin!(name = "log", enabled = false, config = LogConfig);

/// The configuration of `log`. All of it has defaults.
#[xqute::config]
#[derive(Debug, Clone)]
pub struct LogConfig {
    /// Of the pollings of a job every so many are logged, the first among them; 0: none. Default: 10.
    pub poll_every: u64,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { poll_every: 10 }
    }
}

/// `tracing` at the plugin's target, with the job's index.
macro_rules! log {
    ($level:ident, $job:expr, $($message:tt)+) => {
        tracing::$level!(target: "xqute::log", job = $job.index(), $($message)+)
    };
}

#[hook]
fn on_init(run: &Run, scheduler: &Scheduler) -> Result<(), BoxError> {
    run.init_state(run.config::<LogConfig>("log")?.unwrap_or_default())?;
    tracing::info!(target: "xqute::log", "log loaded for {}", scheduler.name());
    Ok(())
}

#[hook]
fn on_job_init(job: &Job) {
    log!(info, job, "initialized: {}", job.cmd());
}

#[hook]
fn on_job_queued(job: &Job) {
    log!(info, job, "queued");
}

#[hook]
fn on_job_submitted(job: &Job) {
    log!(info, job, "submitted (JID: {})", job.jid().unwrap_or("none"));
}

#[hook]
fn on_job_started(job: &Job) {
    log!(info, job, "started");
}

#[hook]
fn on_job_polling(run: &Run, job: &Job, counter: u64) {
    let every = run.state::<LogConfig>().map_or(0, |config| config.poll_every);
    if every > 0 && counter.is_multiple_of(every) {
        log!(debug, job, "polling: {}", job.status());
    }
}

#[hook]
fn on_job_killed(job: &Job) {
    log!(info, job, "killed");
}

#[hook]
fn on_job_cancelled(job: &Job) {
    log!(info, job, "{}", told(job));
}

#[hook]
fn on_job_failed(job: &Job) {
    log!(error, job, "{}", told(job));
}

#[hook]
fn on_job_succeeded(job: &Job) {
    log!(info, job, "{}", told(job));
}

#[hook]
fn on_run_done(summary: &Summary) {
    tracing::info!(target: "xqute::log", "{summary}");
}

/// How the job ended.
fn told(job: &Job) -> String {
    job.outcome().map_or_else(|| "ended".to_owned(), ToString::to_string)
}
