//! One argument under two names.
use xqute::{Job, hook};

#[hook]
async fn on_job_started(job: &Job, _job: &Job) {
    let _ = job;
}

fn main() {}
