//! A crate in the list that is no plugin.

fn main() {
    let _ = xqute::plugins![std];
}
