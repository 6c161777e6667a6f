//! A const hook.
use xqute::hook;

#[hook]
const fn on_init() {}

fn main() {}
