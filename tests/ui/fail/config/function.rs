//! A configuration that is no type.
#[xqute::config]
fn settings() {}

fn main() {}
