//! The error of a `Result` is no error.
use xqute::hook;

struct Oops;

#[hook]
async fn on_job_started() -> Result<(), Oops> {
    Err(Oops)
}

fn main() {}
