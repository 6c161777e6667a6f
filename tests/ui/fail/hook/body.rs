//! A mistake in the body is rustc's to tell, and only that is told.
use xqute::{Job, hook};

#[hook]
async fn on_job_started(job: &Job) {
    let index: String = job.index();
    drop(index);
}

fn main() {}
