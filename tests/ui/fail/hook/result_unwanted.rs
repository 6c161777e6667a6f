//! A hook that only observes returns something.
use xqute::hook;

#[hook]
async fn on_job_started() -> u32 {
    0
}

fn main() {}
