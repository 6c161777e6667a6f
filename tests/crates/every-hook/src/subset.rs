//! Is every form of a hook taken? Some of the arguments, in other orders; every result; functions that are not async.
//!
//! A second plugin of the crate, off by default: its hooks change nothing, but those of a run are to be few.

use std::error::Error;

use xqute::{hook, Job, Run, Scheduler, Signal, Submit, Summary, Verdict};

xqute::plugin!(name = "every-hook-subset", priority = 10, enabled = false);

type Boxed = Box<dyn Error + Send + Sync>;

#[hook]
fn on_init(scheduler: &Scheduler, run: &Run) -> Result<(), Boxed> {
    let _ = (scheduler, run);
    Ok(())
}

#[hook]
fn on_shutdown(signal: Option<Signal>) -> bool {
    signal.is_none()
}

#[hook(name = on_shutdown, priority = 11)]
fn asked_twice(_signal: Option<Signal>, run: &Run) -> Option<bool> {
    let _ = run;
    None
}

#[hook]
fn on_job_init(job: &Job) -> Result<(), String> {
    let _ = job;
    Ok(())
}

#[hook]
async fn on_job_queued() {}

#[hook]
async fn on_job_submitting(job: &Job, run: &Run) -> Result<Option<bool>, Boxed> {
    let _ = (job, run);
    Ok(None)
}

#[hook(name = on_job_submitting)]
async fn not_twice(job: &Job) -> bool {
    job.trial_count() < 2
}

#[hook(name = on_job_submitting)]
fn verdict_or_text(mut job: &Job, scheduler: &Scheduler) -> Result<Verdict, &'static str> {
    let _ = (&mut job, scheduler);
    Ok(Verdict::Proceed)
}

#[hook(name = on_job_submitting)]
async fn skip_nothing() -> std::io::Result<Submit> {
    Ok(Submit::Proceed)
}

#[hook(name = on_job_submitting)]
async fn observe_only(scheduler: &Scheduler, job: &Job) {
    let _ = (scheduler, job);
}

#[hook]
fn on_job_submitted(scheduler: &Scheduler) {
    let _ = scheduler;
}

#[hook]
async fn on_job_started(job: &Job, scheduler: &Scheduler, run: &Run) -> Result<(), std::fmt::Error> {
    let _ = (job, scheduler, run);
    Ok(())
}

#[hook]
async fn on_job_polling(counter: u64, job: &Job) {
    let _ = (counter, job);
}

#[hook]
async fn on_job_killing(_job: &Job) -> bool {
    true
}

#[hook]
async fn on_job_killed(run: &Run) {
    let _ = run;
}

#[hook]
async fn on_job_failed(job: &Job, _run: &Run) {
    let _ = job.will_retry();
}

#[hook]
async fn on_job_succeeded(job: &Job) {
    let _ = job.outcome();
}

#[hook]
fn on_jobcmd_init(job: &Job) -> String {
    format!("# job {}\n", job.index())
}

#[hook(name = on_jobcmd_init)]
fn nothing_to_say() {}

#[hook]
fn on_jobcmd_prep() -> &'static str {
    "# prep\n"
}

#[hook(name = on_jobcmd_prep)]
fn perhaps(job: &Job) -> Option<String> {
    job.name().map(|name| format!("# {name}\n"))
}

#[hook]
fn on_jobcmd_end(scheduler: &Scheduler) -> Option<&'static str> {
    (scheduler.forks() > 1).then_some("# end\n")
}

#[hook(name = on_jobcmd_end)]
fn end_or_error() -> Result<Option<String>, Boxed> {
    Ok(None)
}

#[hook]
async fn on_job_verify(job: &Job) -> Result<bool, Boxed> {
    Ok(job.stdout_file().exists())
}

#[hook]
fn on_job_cancelled(_job: &Job) {}

#[hook]
fn on_run_done(summary: &Summary, run: &Run) {
    let _ = (summary.is_success(), run);
}
