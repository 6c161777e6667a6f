//! Not a function.
use xqute::hook;

#[hook]
struct OnJobStarted;

fn main() {}
