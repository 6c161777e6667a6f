//! Three mistakes in one signature: each is told.
use xqute::{Scheduler, hook};

#[hook]
async fn on_job_started(jb: u8, job: &Scheduler, retries: u32) -> u32 {
    let _ = (jb, job);
    retries
}

fn main() {}
