//! A plugin that names another: who depends on it has both.

use xqute_plugin_only as _;

xqute::plugin!();

#[xqute::hook]
fn on_jobcmd_end() -> &'static str {
    "bundle"
}
