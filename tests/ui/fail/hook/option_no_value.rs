//! An option without its value.
use xqute::hook;

#[hook(priority)]
async fn on_job_started() {}

fn main() {}
