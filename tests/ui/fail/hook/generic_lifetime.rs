//! A hook that names its lifetime.
use xqute::{Job, hook};

#[hook]
async fn on_job_started<'a>(job: &'a Job) {
    let _ = job;
}

fn main() {}
