//! The name of a hook without `name =`, as a text.
use xqute::hook;

#[hook("on_job_started")]
async fn tell() {}

fn main() {}
