//! The plugin that prints the output of jobs.

use std::sync::Arc;

use xqute::{BoxError, Job, Run, hook};

use super::Print;
use super::printer::Printer;
use super::reporter::Reporter;

// Early, so that no other plugin holds a job's output up.
xqute::plugin!(name = "print", enabled = false, priority = -1000);

pub(super) const NAME: &str = "print";

#[hook]
fn on_init(run: &Run) -> Result<(), BoxError> {
    let settings = run.config::<Print>(NAME)?.unwrap_or_default();
    Ok(run.init_state(Arc::new(Printer::new(settings, run.workdir())))?)
}

#[hook]
async fn on_job_succeeded(run: &Run, job: &Job) {
    if let Some(printer) = run.state::<Arc<Printer>>() {
        printer.ended(job, None).await;
    }
}

#[hook]
async fn on_job_failed(run: &Run, job: &Job) {
    if !job.will_retry() {
        ended(run, job).await;
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

#[hook]
async fn on_run_done(run: &Run) {
    if let Some(printer) = run.state::<Arc<Printer>>() {
        printer.finish().await;
    }
}

/// A job has ended for good, and not well: what the report says of it follows its output.
async fn ended(run: &Run, job: &Job) {
    if let Some(printer) = run.state::<Arc<Printer>>() {
        printer.ended(job, run.state::<Reporter>()).await;
    }
}
