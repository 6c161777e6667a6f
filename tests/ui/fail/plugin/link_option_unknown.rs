//! The list of `link_plugins!` is in the manifest.
xqute::link_plugins!(xqute_plugin_slack);

fn main() {}
