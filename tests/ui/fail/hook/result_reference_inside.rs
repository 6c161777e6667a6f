//! A result with a reference in it.
use xqute::{Job, hook};

#[hook]
fn on_jobcmd_init(job: &Job) -> Option<&str> {
    job.name()
}

fn main() {}
