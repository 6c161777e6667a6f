//! A name without its key.
xqute::plugin!("slack");

fn main() {}
