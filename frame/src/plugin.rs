//! How is the framework told what becomes of its jobs? It is a plugin of xqute, and calls its own hooks from xqute's.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use xqute::{Counts, Job, Outcome, Run, Submit, Verdict, hook};

use crate::cache::{self, Cache};
use crate::{FrameHooks, Process};

xqute::plugin!(name = "frame");

/// After other plugins: what one of them vetoes is neither cached nor remembered, and a process is done when all have seen its last job.
const LAST: i32 = 1000;

/// What a pipeline has in a run. Each of its jobs carries it, so that hooks need nothing global.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) hooks: FrameHooks,
    pub(crate) cache: Cache,
}

/// A process in a run.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) process: Process,
    pub(crate) jobs: usize,
    pub(crate) counts: Mutex<Counts>,
}

/// What goes with a job: [`JobSpec::data`](xqute::JobSpec::data).
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) live: Arc<Live>,
    pub(crate) stage: Arc<Stage>,
}

/// What it waited for is there now, so that what it is made of is known.
#[hook(priority = LAST)]
async fn on_job_submitting(run: &Run, job: &Job) -> io::Result<Submit> {
    let Some(Part { live, stage }) = job.data() else { return Ok(Submit::Proceed) };
    let made_of = match cache::made_of(job) {
        Ok(made_of) => made_of,
        Err(why) => return Ok(Submit::veto(why.to_string())),
    };
    if live.cache.has(job, &made_of) {
        live.hooks.on_job_cached(run, &stage.process, job).await;
        return Ok(Submit::skip("command, inputs and outputs are as they were when it was done"));
    }
    live.cache.begin(job, &made_of)?;
    Ok(Submit::Proceed)
}

/// Before the success stands in xqute's journal: what is told to be done is in the cache, wherever the program is killed.
#[hook(priority = LAST)]
async fn on_job_verify(job: &Job) -> Verdict {
    let Some(Part { live, .. }) = job.data() else { return Verdict::Proceed };
    live.cache.finish(job).map_or_else(|error| Verdict::veto(error.to_string()), |()| Verdict::Proceed)
}

#[hook(priority = LAST)]
async fn on_job_succeeded(run: &Run, job: &Job) {
    ended(run, job).await;
}

#[hook(priority = LAST)]
async fn on_job_failed(run: &Run, job: &Job) {
    if !job.will_retry() {
        ended(run, job).await;
    }
}

#[hook(priority = LAST)]
async fn on_job_killed(run: &Run, job: &Job) {
    ended(run, job).await;
}

#[hook(priority = LAST)]
async fn on_job_cancelled(run: &Run, job: &Job) {
    ended(run, job).await;
}

/// The last job of a process has the process's hook called.
async fn ended(run: &Run, job: &Job) {
    let (Some(Part { live, stage }), Some(outcome)) = (job.data(), job.outcome()) else { return };
    let counts = stage.count(outcome);
    if counts.ended() == stage.jobs {
        live.hooks.on_process_done(run, &stage.process, &counts).await;
    }
}

impl Stage {
    /// One more has ended: how they have ended so far.
    fn count(&self, outcome: &Outcome) -> Counts {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *match outcome {
            Outcome::Succeeded => &mut counts.succeeded,
            Outcome::Skipped { .. } => &mut counts.skipped,
            Outcome::Killed(_) => &mut counts.killed,
            Outcome::Cancelled(_) => &mut counts.cancelled,
            // And whatever else xqute may have one day.
            _ => &mut counts.failed,
        } += 1;
        *counts
    }
}
