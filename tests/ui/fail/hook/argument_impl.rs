//! An argument whose type has no name.
use xqute::hook;

#[hook]
async fn on_job_started(job: impl Send) {
    let _ = job;
}

fn main() {}
