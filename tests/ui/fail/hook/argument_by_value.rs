//! The job is lent, not given.
use xqute::{Job, hook};

#[hook]
async fn on_job_started(job: Job) {
    let _ = job;
}

fn main() {}
