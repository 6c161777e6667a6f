//! An argument without a name to match.
use xqute::{Job, hook};

#[hook]
async fn on_job_started(_: &Job) {}

fn main() {}
