//! A function without a body, in a trait.
use xqute::{Job, hook};

trait Plugin {
    #[hook]
    async fn on_job_started(job: &Job);
}

fn main() {}
