//! A configuration of any type.
#[xqute::config]
#[derive(Default)]
struct Settings<T> {
    value: T,
}

fn main() {}
