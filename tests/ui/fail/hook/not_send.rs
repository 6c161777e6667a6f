//! The future of a hook keeps, over an await, what may not change threads.
use std::rc::Rc;

use xqute::hook;

#[hook]
async fn on_job_started() {
    let count = Rc::new(1);
    std::future::ready(()).await;
    drop(count);
}

fn main() {}
