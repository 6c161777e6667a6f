//! A plugin by a number.
use xqute::hook;

#[hook(before = 3)]
fn on_init() {}

fn main() {}
