//! An argument that shall live for ever.
use xqute::{Job, hook};

#[hook]
async fn on_job_started(job: &'static Job) {
    let _ = job;
}

fn main() {}
