//! Nor is one that may be left out.
#[xqute::config]
#[derive(Debug, Default)]
struct Config {
    wait: Option<std::time::Duration>,
}

fn main() {}
