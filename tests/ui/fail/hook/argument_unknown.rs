//! The hook has no such argument.
use xqute::hook;

#[hook]
async fn on_job_started(retries: u32) {
    let _ = retries;
}

fn main() {}
