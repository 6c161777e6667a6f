//! An argument has the type of another.
use xqute::{Scheduler, hook};

#[hook]
async fn on_job_started(job: &Scheduler) {
    let _ = job;
}

fn main() {}
