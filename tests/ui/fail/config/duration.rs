//! A time is read from a text, not from a table of seconds and nanoseconds.
use std::time::Duration;

#[xqute::config]
#[derive(Debug, Default)]
struct Config {
    limit: Duration,
    wait: Option<std::time::Duration>,
}

fn main() {}
