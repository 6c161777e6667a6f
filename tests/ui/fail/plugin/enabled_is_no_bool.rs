//! Neither on nor off.
xqute::plugin!(enabled = "no");

fn main() {}
