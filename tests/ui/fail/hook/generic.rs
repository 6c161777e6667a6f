//! A generic hook.
use xqute::hook;

#[hook]
async fn on_job_started<T: Default>() {
    let _ = T::default();
}

fn main() {}
