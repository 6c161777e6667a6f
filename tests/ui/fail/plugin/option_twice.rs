//! An option is given twice.
xqute::plugin!(name = "slack", name = "slack");

fn main() {}
