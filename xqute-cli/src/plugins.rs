//! `xqute plugins`: what is in this binary?

use std::fmt::Write as _;
use std::io::Write as _;

use anyhow::{Context, Result};
use xqute::{PluginInfo, PluginSet};

use crate::{args, exit, print, run};

/// Prints the plugins and their hooks.
pub(crate) fn show(args: args::Plugins) -> Result<u8> {
    let plugins =
        PluginSet::builder().select(run::selection(args.plugins)).configured(print::NAME).build()?;
    let text: String = plugins.plugins().iter().map(describe).collect();
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        // Whoever reads has read enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(exit::SUCCESS),
        written => written.context("cannot write to standard output").map(|()| exit::SUCCESS),
    }
}

fn describe(plugin: &PluginInfo) -> String {
    let PluginInfo { name, on, place, hooks, .. } = plugin;
    let state = if *on { "on" } else { "off" };
    let mut text = format!("{name} ({state}) from {} {}\n", place.krate.package, place.krate.version);
    for hook in hooks {
        let priority =
            if hook.priority == 0 { String::new() } else { format!(", priority {}", hook.priority) };
        let family = if hook.family == "Hooks" { String::new() } else { format!("{}::", hook.family) };
        // Writing to a string cannot fail.
        let _ =
            writeln!(text, "  {family}{:<20} {}:{}{priority}", hook.hook, hook.place.file, hook.place.line);
    }
    text
}
