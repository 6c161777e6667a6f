//! A plugin that only registers: nothing in it has a name that another crate could call.

xqute::plugin!();

#[xqute::hook]
fn on_jobcmd_end() -> &'static str {
    "only"
}
