//! Does a plugin of every hook compile against the facade alone, and in what order is it called?
//!
//! Every hook of the engine, each with all of its arguments in the order of the table. Each writes a line to a log.
#![forbid(unsafe_code)]
#![deny(warnings, missing_docs)]

mod subset;

use std::sync::{Mutex, PoisonError};

use xqute::{hook, Job, Run, Scheduler, Signal, Submit, Summary, Text, Verdict};

xqute::plugin!();

static LOG: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// What was called so far: the hook, and the index of the job where it is about one. Those of one job are in the order
/// of its life.
pub fn log() -> Vec<String> {
    LOG.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

fn note(line: impl Into<String>) {
    LOG.lock().unwrap_or_else(PoisonError::into_inner).push(line.into());
}

fn note_of(hook: &str, job: &Job) {
    note(format!("{hook} {}", job.index()));
}

#[hook]
fn on_init(run: &Run, scheduler: &Scheduler) {
    assert!(!run.id().is_empty() && !scheduler.name().is_empty());
    note("on_init");
}

#[hook]
fn on_shutdown(run: &Run, scheduler: &Scheduler, signal: Option<Signal>) -> Verdict {
    let _ = (run, scheduler, signal);
    note("on_shutdown");
    Verdict::Proceed
}

#[hook]
async fn on_job_init(run: &Run, scheduler: &Scheduler, job: &Job) {
    let _ = (run, scheduler);
    note_of("on_job_init", job);
}

#[hook]
async fn on_job_queued(run: &Run, scheduler: &Scheduler, job: &Job) {
    let _ = (run, scheduler);
    note_of("on_job_queued", job);
}

#[hook]
async fn on_job_submitting(run: &Run, scheduler: &Scheduler, job: &Job) -> Submit {
    let _ = (run, scheduler);
    note_of("on_job_submitting", job);
    Submit::Proceed
}

#[hook]
async fn on_job_submitted(run: &Run, scheduler: &Scheduler, job: &Job) {
    let _ = (run, scheduler);
    note_of("on_job_submitted", job);
}

#[hook]
async fn on_job_started(run: &Run, scheduler: &Scheduler, job: &Job) {
    let _ = (run, scheduler);
    note_of("on_job_started", job);
}

#[hook]
async fn on_job_polling(run: &Run, scheduler: &Scheduler, job: &Job, counter: u64) {
    let _ = (run, scheduler, counter);
    note_of("on_job_polling", job);
}

#[hook]
async fn on_job_killing(run: &Run, scheduler: &Scheduler, job: &Job) -> Verdict {
    let _ = (run, scheduler);
    note_of("on_job_killing", job);
    Verdict::Proceed
}

#[hook]
async fn on_job_killed(run: &Run, scheduler: &Scheduler, job: &Job) {
    let _ = (run, scheduler);
    note_of("on_job_killed", job);
}

#[hook]
async fn on_job_failed(run: &Run, scheduler: &Scheduler, job: &Job) {
    let _ = (run, scheduler);
    note_of("on_job_failed", job);
}

#[hook]
async fn on_job_succeeded(run: &Run, scheduler: &Scheduler, job: &Job) {
    let _ = (run, scheduler);
    note_of("on_job_succeeded", job);
}

#[hook]
fn on_jobcmd_init(run: &Run, scheduler: &Scheduler, job: &Job) -> Text {
    let _ = (run, scheduler);
    note_of("on_jobcmd_init", job);
    Text::NONE
}

#[hook]
fn on_jobcmd_prep(run: &Run, scheduler: &Scheduler, job: &Job) -> Text {
    let _ = (run, scheduler);
    note_of("on_jobcmd_prep", job);
    Text::NONE
}

#[hook]
fn on_jobcmd_end(run: &Run, scheduler: &Scheduler, job: &Job) -> Text {
    let _ = (run, scheduler);
    note_of("on_jobcmd_end", job);
    Text::NONE
}

#[hook]
async fn on_job_verify(run: &Run, scheduler: &Scheduler, job: &Job) -> Verdict {
    let _ = (run, scheduler);
    note_of("on_job_verify", job);
    Verdict::Proceed
}

#[hook]
async fn on_job_cancelled(run: &Run, scheduler: &Scheduler, job: &Job) {
    let _ = (run, scheduler);
    note_of("on_job_cancelled", job);
}

#[hook]
async fn on_run_done(run: &Run, scheduler: &Scheduler, summary: &Summary) {
    let _ = (run, scheduler, summary);
    note("on_run_done");
}
