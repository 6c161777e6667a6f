//! The name given in the brackets is misspelt.
use xqute::{Job, hook};

#[hook(name = on_job_faild)]
async fn tell(job: &Job) {
    let _ = job;
}

fn main() {}
