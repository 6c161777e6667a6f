//! The name of a hook without `name =`.
use xqute::{Job, hook};

#[hook(on_job_started)]
async fn tell(job: &Job) {
    let _ = job;
}

fn main() {}
