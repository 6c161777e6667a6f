//! A priority in words.
xqute::plugin!(priority = "first");

fn main() {}
