//! Two families.
use xqute::hook;

#[hook(xqute::Hooks, xqute::Hooks)]
async fn on_job_started() {}

fn main() {}
