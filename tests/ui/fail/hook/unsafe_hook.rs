//! An unsafe hook.
use xqute::hook;

#[hook]
async unsafe fn on_job_started() {}

fn main() {}
