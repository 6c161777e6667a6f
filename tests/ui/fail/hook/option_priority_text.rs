//! A priority in words.
use xqute::hook;

#[hook(priority = "first")]
async fn on_job_started() {}

fn main() {}
