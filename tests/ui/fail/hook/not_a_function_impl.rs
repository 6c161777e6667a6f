//! Not a function but an implementation.
use xqute::hook;

struct Plugin;

#[hook]
impl Plugin {
    async fn on_job_started() {}
}

fn main() {}
