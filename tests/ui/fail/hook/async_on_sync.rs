//! A synchronous hook is implemented by an async function.
use xqute::{Scheduler, hook};

#[hook]
async fn on_init(scheduler: &Scheduler) {
    let _ = scheduler;
}

fn main() {}
