//! A name that is no text.
xqute::plugin!(name = slack);

fn main() {}
