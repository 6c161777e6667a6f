//! Which hooks does a run wait for that goes on? It is asked: nobody writes that down.

use std::io::Write;

use anyhow::Result;
use xqute::WorkDirView;

use crate::control::{self, Hooks};
use crate::plain;

/// What a run says that goes on here. Its end is written down before its last hooks are called, so whoever listens is asked.
pub(super) fn of(view: &WorkDirView) -> Hooks {
    control::hooks(view.files(0).workdir())
}

/// A line a hook.
pub(super) fn tell(view: &WorkDirView, out: &mut dyn Write) -> Result<()> {
    match of(view) {
        Hooks::Waiting(all) => all.iter().try_for_each(|it| {
            let have = if it.calls == 1 { "call has" } else { "calls have" };
            let (hook, plugin) = (plain::whole(&it.hook), plain::whole(&it.plugin));
            Ok(writeln!(out, "{hook} of plugin `{plugin}`: {} {have} not returned", it.calls)?)
        }),
        Hooks::Silent => Ok(writeln!(
            out,
            "the run does not answer within a second: it is stopped, or hooks that block their threads hold it up"
        )?),
        Hooks::Unknown => Ok(()),
    }
}
