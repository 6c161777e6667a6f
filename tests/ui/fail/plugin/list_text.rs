//! A list of texts instead of paths.

fn main() {
    let _ = xqute::plugins!["slack"];
}
