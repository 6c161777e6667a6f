//! The path of a family leads to a type that is none.
use xqute::hook;

#[hook(xqute::Job)]
async fn on_job_started() {}

fn main() {}
