//! A hook with another calling convention.
use xqute::hook;

#[hook]
extern "C" fn on_init() {}

fn main() {}
