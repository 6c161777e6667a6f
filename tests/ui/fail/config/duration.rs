//! A time is read from a text, not from a table of seconds and nanoseconds.
use std::time::Duration;

#[xqute::config]
#[derive(Debug, Default)]
struct Config {
    #[serde(alias = "most")]
    limit: Duration,
}

fn main() {}
