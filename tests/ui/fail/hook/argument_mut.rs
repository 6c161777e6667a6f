//! The job cannot be changed.
use xqute::{Job, hook};

#[hook]
async fn on_job_started(job: &mut Job) {
    let _ = job;
}

fn main() {}
