//! A crate in the list that is no dependency.

fn main() {
    let _ = xqute::plugins![xqute_plugin_slack];
}
