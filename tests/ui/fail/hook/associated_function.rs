//! A function of a type.
use xqute::{Job, hook};

struct Plugin;

impl Plugin {
    #[hook]
    async fn on_job_started(job: &Job) {
        let _ = job;
    }
}

fn main() {}
