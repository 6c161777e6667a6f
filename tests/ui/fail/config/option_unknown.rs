//! An option that there is not.
#[xqute::config(defaults = false)]
struct Settings {
    value: u32,
}

fn main() {}
