//! An option is misspelt.
use xqute::hook;

#[hook(prioritty = 3)]
async fn on_job_started() {}

fn main() {}
