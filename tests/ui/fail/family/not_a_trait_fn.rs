//! A function: `hook` was meant.
#[xqute::hookspec]
fn on_job_started() {}

fn main() {}
