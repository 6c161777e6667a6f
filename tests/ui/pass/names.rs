//! Names of the user's own that generated code could take for its own.
#![forbid(unsafe_code)]
#![deny(unused_imports, missing_docs)]

use xqute::hook;

xqute::plugin!();

const PRIORITY: i32 = 4;

mod __private {
    pub(super) const FIRST: i32 = -4;
    pub(super) type Job = xqute::Job;
}

#[hook(priority = PRIORITY)]
fn on_init() {}

#[hook(priority = __private::FIRST + PRIORITY)]
async fn on_job_failed(job: &__private::Job) {
    let _ = job.index();
}

fn main() {
    on_init();
}
