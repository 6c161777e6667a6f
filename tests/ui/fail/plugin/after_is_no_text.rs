//! A plugin that is no text.
xqute::plugin!(after = [slack]);

fn main() {}
