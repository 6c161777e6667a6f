//! `counter` belongs to `on_job_polling`.
use xqute::{Job, hook};

#[hook]
async fn on_job_started(job: &Job, counter: u64) {
    let _ = (job, counter);
}

fn main() {}
