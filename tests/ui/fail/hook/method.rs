//! A method.
use xqute::{Job, hook};

struct Plugin;

impl Plugin {
    #[hook]
    async fn on_job_started(&self, job: &Job) {
        let _ = job;
    }
}

fn main() {}
