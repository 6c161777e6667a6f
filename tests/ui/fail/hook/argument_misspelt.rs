//! The name of an argument is misspelt.
use xqute::{Job, hook};

#[hook]
async fn on_job_started(jb: &Job) {
    let _ = jb;
}

fn main() {}
