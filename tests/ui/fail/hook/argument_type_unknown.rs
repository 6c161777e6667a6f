//! The type of an argument was not imported: rustc's own error, once.
use xqute::hook;

#[hook]
async fn on_job_started(job: &Job) {
    let _ = job;
}

fn main() {}
