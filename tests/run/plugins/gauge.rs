//! A plugin whose gate asks how far the run is, and whose hooks at the end of a job take long.

use std::sync::Mutex;
use std::time::Duration;

use xqute::{BoxError, Job, Progress, Run, hook};

xqute::plugin!(enabled = false);

/// What the gate has read, for each job.
#[derive(Debug, Default)]
pub(crate) struct Gauge(pub(crate) Mutex<Vec<(usize, Progress)>>);

#[hook]
fn on_init(run: &Run) -> Result<(), BoxError> {
    Ok(run.init_state(Gauge::default())?)
}

#[hook]
async fn on_job_submitting(run: &Run, job: &Job) {
    let Gauge(read) = run.state().unwrap();
    read.lock().unwrap().push((job.index(), run.progress()));
}

#[hook]
async fn on_job_failed() {
    tokio::time::sleep(Duration::from_millis(300)).await;
}
