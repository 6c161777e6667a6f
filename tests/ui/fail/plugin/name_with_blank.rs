//! A name that nobody could type.
xqute::plugin!(name = "my slack");

fn main() {}
