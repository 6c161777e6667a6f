//! A hook that decides returns a text.
use xqute::{Job, hook};

#[hook]
async fn on_job_submitting(job: &Job) -> String {
    job.cmd()
}

fn main() {}
