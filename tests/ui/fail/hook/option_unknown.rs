//! An option that does not exist.
use xqute::hook;

#[hook(timeout = 3)]
async fn on_job_started() {}

fn main() {}
