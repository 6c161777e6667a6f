//! One function, marked twice.
use xqute::{Job, hook};

#[hook]
#[hook]
async fn on_job_started(job: &Job) {
    let _ = job;
}

fn main() {}
