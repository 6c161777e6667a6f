//! A hook that no other name is near to.
use xqute::hook;

#[hook]
async fn when_done() {}

fn main() {}
