//! A plugin that does at each moment of a job's life what the job's data says, so that a test says it where it is read.

use std::pin::Pin;

use xqute::{Handle, Job, Moment, Run, Verdict, hook};

xqute::plugin!(enabled = false);

type Acting = Pin<Box<dyn Future<Output = Verdict> + Send>>;

/// What to do, as a job's data.
pub(crate) struct Acts(Box<dyn Fn(Moment, Handle, Job) -> Acting + Send + Sync>);

impl Acts {
    /// The answer counts where the moment is a question.
    pub(crate) fn new<F>(act: impl Fn(Moment, Handle, Job) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Verdict> + Send + 'static,
    {
        Self(Box::new(move |moment, handle, job| Box::pin(act(moment, handle, job))))
    }

    /// The same, for what does not wait.
    pub(crate) fn at_once(act: impl Fn(Moment, Handle, Job) -> Verdict + Send + Sync + 'static) -> Self {
        Self::new(move |moment, handle, job| std::future::ready(act(moment, handle, job)))
    }
}

async fn act(run: &Run, job: &Job, moment: Moment) -> Verdict {
    match job.data::<Acts>() {
        Some(Acts(act)) => act(moment, run.handle().clone(), job.clone()).await,
        None => Verdict::Proceed,
    }
}

#[hook]
async fn on_job_queued(run: &Run, job: &Job) {
    let _ = act(run, job, Moment::Queued).await;
}

#[hook]
async fn on_job_submitting(run: &Run, job: &Job) -> Verdict {
    act(run, job, Moment::Submitting).await
}

#[hook]
async fn on_job_started(run: &Run, job: &Job) {
    let _ = act(run, job, Moment::Started).await;
}

#[hook]
async fn on_job_killing(run: &Run, job: &Job) -> Verdict {
    act(run, job, Moment::Killing).await
}

#[hook]
async fn on_job_killed(run: &Run, job: &Job) {
    let _ = act(run, job, Moment::Killed).await;
}

#[hook]
async fn on_job_failed(run: &Run, job: &Job) {
    let _ = act(run, job, Moment::Failed).await;
}

#[hook]
async fn on_job_succeeded(run: &Run, job: &Job) {
    let _ = act(run, job, Moment::Succeeded).await;
}

#[hook]
async fn on_job_cancelled(run: &Run, job: &Job) {
    let _ = act(run, job, Moment::Cancelled).await;
}
