//! A name that a selection would read as "without it".
xqute::plugin!(name = "-slack");

fn main() {}
