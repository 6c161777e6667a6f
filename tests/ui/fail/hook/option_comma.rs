//! A comma is missing.
use xqute::hook;

#[hook(name = on_job_started priority = 3)]
async fn tell() {}

fn main() {}
