//! What does a plugin see of a job's life? It writes down every call of every hook, and decides as the tags of a job say.
#![forbid(unsafe_code)]
#![deny(warnings)]

pub mod script;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use xqute::{hook, BoxError, Job, NoSuchJob, Run, Signal, StateError, Submit, Summary, Verdict};

xqute::plugin!(enabled = false);

/// What was seen in one run.
#[derive(Debug, Default)]
pub struct Trace(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    run: Vec<String>,
    jobs: HashMap<usize, Vec<String>>,
    polls: HashMap<(usize, u32), Vec<u64>>,
    /// How often each job's killing was vetoed.
    kept: HashMap<usize, u64>,
}

impl Trace {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The calls about a job, in their order.
    pub fn job(&self, index: usize) -> Vec<String> {
        self.seen().jobs.get(&index).cloned().unwrap_or_default()
    }

    /// The calls about the run.
    pub fn run(&self) -> Vec<String> {
        self.seen().run.clone()
    }

    /// The counters of `on_job_polling`, for each attempt of each job.
    pub fn polls(&self) -> Vec<Vec<u64>> {
        self.seen().polls.values().cloned().collect()
    }
}

/// A pipe that a job waits at: whoever lets it live on opens it.
#[derive(Debug)]
pub struct Pipe(pub PathBuf);

fn note(run: &Run, job: &Job, hook: &str) {
    let Some(trace) = run.state::<Trace>() else { return };
    let again = if job.will_retry() { ", again" } else { "" };
    let outcome = job.outcome().map(|it| format!(": {it}")).unwrap_or_default();
    let line = format!("{hook} {} trial {}{again}{outcome}", job.status(), job.trial_count());
    trace.seen().jobs.entry(job.index()).or_default().push(line);
}

fn note_run(run: &Run, line: String) {
    if let Some(trace) = run.state::<Trace>() {
        trace.seen().run.push(line);
    }
}

/// The number in a tag `<name>-<number>`.
fn number(job: &Job, name: &str) -> u64 {
    let of = |tag: &str| tag.strip_prefix(name)?.strip_prefix('-')?.parse().ok();
    job.tags().find_map(of).unwrap_or(0)
}

fn is(job: &Job, tag: &str) -> bool {
    job.tags().any(|it| it == tag)
}

#[hook]
fn on_init(run: &Run) -> Result<(), StateError> {
    run.init_state(Trace::default())
}

#[hook]
fn on_shutdown(run: &Run, signal: Option<Signal>) {
    note_run(run, format!("on_shutdown {signal:?}"));
}

#[hook]
async fn on_job_init(run: &Run, job: &Job) {
    note(run, job, "on_job_init");
}

#[hook]
async fn on_job_queued(run: &Run, job: &Job) {
    note(run, job, "on_job_queued");
}

#[hook]
async fn on_job_submitting(run: &Run, job: &Job) -> Submit {
    note(run, job, "on_job_submitting");
    if is(job, "veto") {
        return Submit::veto("not this one");
    }
    if is(job, "skip") {
        return Submit::skip("cached");
    }
    Submit::Proceed
}

#[hook]
async fn on_job_submitted(run: &Run, job: &Job) -> Result<(), BoxError> {
    note(run, job, "on_job_submitted");
    job.jid().map(drop).ok_or_else(|| "a submitted job has no jid".into())
}

#[hook]
async fn on_job_started(run: &Run, job: &Job) -> Result<(), NoSuchJob> {
    note(run, job, "on_job_started");
    if is(job, "kill") {
        run.handle().kill(job.index())?;
    }
    Ok(())
}

#[hook]
async fn on_job_polling(run: &Run, job: &Job, counter: u64) {
    if let Some(trace) = run.state::<Trace>() {
        trace.seen().polls.entry((job.index(), job.trial_count())).or_default().push(counter);
    }
}

#[hook]
async fn on_job_killing(run: &Run, job: &Job) -> Verdict {
    note(run, job, "on_job_killing");
    let Some(trace) = run.state::<Trace>() else { return Verdict::Proceed };
    let mut seen = trace.seen();
    let kept = seen.kept.entry(job.index()).or_default();
    if *kept == number(job, "keep") {
        return Verdict::Proceed;
    }
    *kept += 1;
    if let Some(Pipe(pipe)) = job.data::<Pipe>() {
        let pipe = pipe.clone();
        std::thread::spawn(move || std::fs::write(pipe, "live on\n"));
    }
    Verdict::veto("it is needed")
}

#[hook]
async fn on_job_killed(run: &Run, job: &Job) {
    note(run, job, "on_job_killed");
}

#[hook]
async fn on_job_failed(run: &Run, job: &Job) {
    note(run, job, "on_job_failed");
}

#[hook]
async fn on_job_succeeded(run: &Run, job: &Job) {
    note(run, job, "on_job_succeeded");
}

#[hook]
async fn on_job_verify(run: &Run, job: &Job) -> Verdict {
    note(run, job, "on_job_verify");
    if u64::from(job.trial_count()) < number(job, "reject") {
        return Verdict::veto("its output is empty");
    }
    Verdict::Proceed
}

#[hook]
async fn on_job_cancelled(run: &Run, job: &Job) {
    note(run, job, "on_job_cancelled");
}

#[hook]
async fn on_run_done(run: &Run, summary: &Summary) {
    note_run(run, format!("on_run_done {}", summary.counts));
}
