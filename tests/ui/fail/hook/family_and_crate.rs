//! Another family, and where the engine's is.
use xqute::hook;

#[hook(xqute::Hooks, crate = xqute)]
async fn on_job_started() {}

fn main() {}
