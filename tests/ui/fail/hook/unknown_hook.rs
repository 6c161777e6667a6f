//! The name of a hook is misspelt.
use xqute::{Job, hook};

#[hook]
async fn on_job_strated(job: &Job) {
    let _ = job;
}

fn main() {}
