//! An argument of a synchronous hook has the type of another.
use xqute::{Job, hook};

#[hook]
fn on_init(scheduler: &Job) {
    let _ = scheduler;
}

fn main() {}
