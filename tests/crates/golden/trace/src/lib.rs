//! What does a plugin see at every hook of the engine? It writes each call down, and does what the job's plan says.
#![forbid(unsafe_code)]
#![deny(warnings, missing_docs)]

mod apart;
mod plan;
mod script;
mod trace;

use std::time::Duration;

use xqute::{hook, BoxError, Job, Run, Scheduler, Signal, StateError, Submit, Summary, Text, Verdict};

pub use plan::{Act, Plan};
pub use trace::{seen, Call, Trace};

xqute::plugin!();

/// The trace of a run.
///
/// # Panics
///
/// The plugin is not selected.
pub fn trace(run: &Run) -> &Trace {
    run.state().expect("`on_init` has kept the trace")
}

/// Writes down a call about a job, and does what its plan says; gives the answer, where that has one.
async fn play(run: &Run, hook: &'static str, job: &Job) -> Result<Submit, BoxError> {
    let mut answer = Submit::Proceed;
    for act in trace(run).enter(hook, job, None) {
        match act {
            Act::Await(fifo) => drop(apart::run(move || plan::awaits(&fifo)).await?),
            Act::Open(fifo) => apart::run(move || plan::opens(&fifo)).await?,
            Act::Kill(index) => run.handle().kill(index)?,
            Act::Cancel => run.handle().cancel(),
            Act::Veto(reason) => answer = Submit::veto(reason),
            Act::Skip(reason) => answer = Submit::skip(reason),
            Act::Later(reason) => answer = Submit::later(Duration::from_millis(1), reason),
        }
    }
    Ok(answer)
}

async fn judge(run: &Run, hook: &'static str, job: &Job) -> Result<Verdict, BoxError> {
    Ok(match play(run, hook, job).await? {
        Submit::Veto(reason) => Verdict::Veto(reason),
        _ => Verdict::Proceed,
    })
}

#[hook]
fn on_init(run: &Run, scheduler: &Scheduler) -> Result<(), StateError> {
    let trace = Trace::default();
    trace.note("on_init", format!("{}, forks {}", scheduler.name(), scheduler.forks()));
    run.init_state(trace)
}

#[hook]
fn on_shutdown(run: &Run, scheduler: &Scheduler, signal: Option<Signal>) -> Verdict {
    let signal = signal.map_or_else(|| "no signal".to_owned(), |it| it.to_string());
    trace(run).note("on_shutdown", format!("{}, {signal}", scheduler.name()));
    Verdict::Proceed
}

#[hook]
async fn on_job_init(run: &Run, job: &Job) -> Result<(), BoxError> {
    play(run, "on_job_init", job).await.map(drop)
}

#[hook]
async fn on_job_queued(run: &Run, job: &Job) -> Result<(), BoxError> {
    play(run, "on_job_queued", job).await.map(drop)
}

#[hook]
async fn on_job_submitting(run: &Run, job: &Job) -> Result<Submit, BoxError> {
    play(run, "on_job_submitting", job).await
}

#[hook]
async fn on_job_submitted(run: &Run, job: &Job) -> Result<(), BoxError> {
    play(run, "on_job_submitted", job).await.map(drop)
}

#[hook]
async fn on_job_started(run: &Run, job: &Job) -> Result<(), BoxError> {
    play(run, "on_job_started", job).await.map(drop)
}

#[hook]
async fn on_job_polling(run: &Run, job: &Job, counter: u64) -> Result<(), BoxError> {
    for act in trace(run).enter("on_job_polling", job, Some(counter)) {
        match act {
            Act::Open(fifo) => apart::run(move || plan::opens(&fifo)).await?,
            Act::Kill(index) => run.handle().kill(index)?,
            other => return Err(format!("on_job_polling does no {other:?}").into()),
        }
    }
    Ok(())
}

#[hook]
async fn on_job_killing(run: &Run, job: &Job) -> Result<Verdict, BoxError> {
    judge(run, "on_job_killing", job).await
}

#[hook]
async fn on_job_killed(run: &Run, job: &Job) -> Result<(), BoxError> {
    play(run, "on_job_killed", job).await.map(drop)
}

#[hook]
async fn on_job_failed(run: &Run, job: &Job) -> Result<(), BoxError> {
    play(run, "on_job_failed", job).await.map(drop)
}

#[hook]
async fn on_job_succeeded(run: &Run, job: &Job) -> Result<(), BoxError> {
    play(run, "on_job_succeeded", job).await.map(drop)
}

#[hook]
fn on_jobcmd_init(run: &Run, job: &Job) -> Text {
    trace(run).enter("on_jobcmd_init", job, None);
    Text::NONE
}

#[hook]
fn on_jobcmd_prep(run: &Run, job: &Job) -> Text {
    trace(run).enter("on_jobcmd_prep", job, None);
    Text::NONE
}

#[hook]
fn on_jobcmd_end(run: &Run, job: &Job) -> Text {
    trace(run).enter("on_jobcmd_end", job, None);
    Text::NONE
}

#[hook]
async fn on_job_verify(run: &Run, job: &Job) -> Result<Verdict, BoxError> {
    judge(run, "on_job_verify", job).await
}

#[hook]
async fn on_job_cancelled(run: &Run, job: &Job) -> Result<(), BoxError> {
    play(run, "on_job_cancelled", job).await.map(drop)
}

#[hook]
async fn on_run_done(run: &Run, summary: &Summary) {
    trace(run).note("on_run_done", summary.counts.to_string());
}
