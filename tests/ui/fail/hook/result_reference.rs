//! A result that is borrowed from an argument.
use xqute::{Job, hook};

#[hook]
fn on_jobcmd_init(job: &Job) -> &str {
    job.name().unwrap_or_default()
}

fn main() {}
