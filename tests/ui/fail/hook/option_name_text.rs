//! The name of a hook as a text.
use xqute::hook;

#[hook(name = "on_job_started")]
async fn tell() {}

fn main() {}
