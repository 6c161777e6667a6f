//! A plugin's configuration that is a type like any other.
xqute::plugin!(config = Settings);

struct Settings;

fn main() {}
