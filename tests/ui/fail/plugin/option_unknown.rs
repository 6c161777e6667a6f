//! An option that does not exist.
xqute::plugin!(nam = "slack");

fn main() {}
