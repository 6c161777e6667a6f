//! An option is given twice.
use xqute::hook;

#[hook(priority = 3, priority = 4)]
async fn on_job_started() {}

fn main() {}
