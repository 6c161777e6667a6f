//! A priority that is a constant of another type.
use xqute::hook;

const FIRST: u8 = 0;

#[hook(priority = FIRST)]
async fn on_job_started() {}

fn main() {}
