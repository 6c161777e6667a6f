//! A result whose type has no name.
use xqute::hook;

#[hook]
fn on_job_started() -> impl Future<Output = ()> + Send {
    async {}
}

fn main() {}
