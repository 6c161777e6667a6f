//! `xqute plugins`: what is in this binary, what is it configured with, and who is called after whom?

mod here;
mod keys;
mod show;

use std::io::Write;

use anyhow::{Result, bail};
use clap::{Parser, Subcommand};
use serde::Serialize;
use xqute::{HookInfo, Hooks, PluginInfo};

use crate::answer::{json, to_stdout};
use crate::args::Chosen;
use here::Here;

#[derive(Debug, Parser)]
#[command(after_help = "\
A plugin is `on` where `xqute run` would use it here: --plugins, environment, profile and xqute.toml count as they do there, and a table
`[plugins.NAME]` turns NAME on. With `-c /dev/null`, no file counts.

The JSON is one object, `plugins`: a list of `name`, `on`, `package`, `version`, `file`, `line` and `hooks`, each with
`family`, `hook`, `function`, `priority`, `before`, `after`, `file`, `line`.")]
pub(crate) struct Args {
    /// Plugins to use, as in `xqute run`
    #[arg(long, value_name = "NAMES", value_delimiter = ',', allow_hyphen_values = true, global = true)]
    plugins: Vec<String>,
    /// Tell it as one JSON object
    #[arg(long, global = true)]
    json: bool,
    #[command(flatten)]
    chosen: Chosen,
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Show one plugin: its hooks, and what it is configured with: each key with its type, its default and what it is for.
    #[command(after_help = "\
The JSON is one object: what `xqute plugins --json` has of the plugin, and `keys`, a list of `key`, `type`, `default` (null where
there is none), `required`, `about`, and `keys`, those of a table or of a list of tables; null: the plugin does not say what it is
configured with.")]
    Show {
        /// The plugin
        name: String,
    },
    /// Show the implementations of one hook in the order of their calls, and what puts each behind the one before it.
    #[command(after_help = "\
What a plugin asks comes first (`before = \"x\"`, `after = \"x\"`); then a smaller priority; then the order of `--plugins a,b`.
Without it: that of --with when the binary was built, or of the dependencies in its Cargo.toml; after these, plugins that it does not
name, such as the stock ones, in the order of their names. Then the place in the source.

The JSON is one object: `hook`, and `calls`, a list of `plugin`, `family`, `function`, `priority`, `file`, `line`,
`after` (what puts it behind the one before it: `asked`, `priority`, `selection`, `manifest`, `name` or `place`; null: it is the first),
and `asked_by`, the plugin that asks so.")]
    Order {
        /// The hook, as in `on_job_failed`
        hook: String,
    },
}

#[derive(Debug, Serialize)]
struct Call {
    plugin: String,
    family: &'static str,
    function: &'static str,
    priority: i32,
    file: &'static str,
    line: u32,
    after: Option<&'static str>,
    /// Whose `before` or `after` that is, where somebody asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    asked_by: Option<String>,
    #[serde(skip)]
    rank: Option<usize>,
    #[serde(skip)]
    linked: Option<usize>,
    #[serde(skip)]
    waits_for: Vec<&'static str>,
}

/// Prints the plugins and their hooks, or the calls of one.
pub(crate) fn show(args: Args) -> Result<u8> {
    let Here { plugins, chosen, wrong } = Here::read(&args.chosen, &args.plugins)?;
    if let Some(What::Show { name }) = args.what {
        let code = show::show(&name, &plugins, args.json)?;
        // Whoever has written a key wrongly looks here for the right one.
        return wrong.map_or(Ok(code), Err);
    }
    wrong.map_or(Ok(()), Err)?;
    let Some(What::Order { hook }) = args.what else {
        return to_stdout(|out| list(&plugins, args.json, out));
    };
    known(&hook, &plugins)?;
    let calls = calls(&hook, &plugins, chosen);
    to_stdout(|out| match args.json {
        true => json(out, &serde_json::json!({ "hook": hook, "calls": calls })),
        false => order(&hook, &calls, out),
    })
}

fn list(plugins: &[PluginInfo], as_json: bool, out: &mut dyn Write) -> Result<()> {
    match as_json {
        true => json(out, &serde_json::json!({ "plugins": plugins.iter().map(listed).collect::<Vec<_>>() })),
        false => plugins.iter().try_for_each(|plugin| describe(plugin, out)),
    }
}

fn describe(plugin: &PluginInfo, out: &mut dyn Write) -> Result<()> {
    let PluginInfo { name, on, place, hooks, .. } = plugin;
    let state = if *on { "on" } else { "off" };
    writeln!(out, "{name} ({state}) from {} {}", place.krate.package, place.krate.version)?;
    for hook in hooks {
        let priority =
            if hook.priority == 0 { String::new() } else { format!(", priority {}", hook.priority) };
        let family = family(hook.family);
        writeln!(out, "  {family}{:<20} {}:{}{priority}", hook.hook, hook.place.file, hook.place.line)?;
    }
    Ok(())
}

/// xqute's own family goes without saying.
fn family(name: &str) -> String {
    if name == "Hooks" { String::new() } else { format!("{name}::") }
}

fn listed(it: &PluginInfo) -> serde_json::Value {
    let hook = |it: &HookInfo| {
        let HookInfo { family, hook, function, priority, before, after, place, .. } = it;
        serde_json::json!({ "family": family, "hook": hook, "function": function, "priority": priority,
            "before": before, "after": after, "file": place.file, "line": place.line })
    };
    let hooks: Vec<_> = it.hooks.iter().map(hook).collect();
    serde_json::json!({ "name": it.name, "on": it.on, "package": it.place.krate.package,
        "version": it.place.krate.version, "file": it.place.file, "line": it.place.line, "hooks": hooks })
}

/// Refuses what is no hook, with the one that may be meant.
fn known(hook: &str, plugins: &[PluginInfo]) -> Result<()> {
    // A family does not list its own, and one may have no implementation here.
    let mut names = Hooks::NAMES.to_vec();
    for linked in plugins.iter().flat_map(|plugin| &plugin.hooks) {
        if !names.contains(&linked.hook) {
            names.push(linked.hook);
        }
    }
    if names.contains(&hook) {
        return Ok(());
    }
    let near = |name: &&str| strsim::jaro_winkler(name, hook);
    let nearest = names.iter().copied().max_by(|a, b| near(a).total_cmp(&near(b)));
    let meant = nearest.filter(|it| near(it) > 0.8).map(|it| format!(": did you mean `{it}`?"));
    bail!("there is no hook `{hook}`{} there are {}", meant.as_deref().unwrap_or(":"), names.join(", "))
}

/// As they are called, and why. Where nobody asks for anything: by priority, then the plugin's position, then the place, which
/// `plugins` is sorted by.
fn calls(hook: &str, plugins: &[PluginInfo], chosen: bool) -> Vec<Call> {
    let on = plugins.iter().filter(|plugin| plugin.on);
    let mut calls: Vec<Call> = on
        .flat_map(|plugin| plugin.hooks.iter().filter(|it| it.hook == hook).map(|it| Call::of(plugin, it)))
        .collect();
    calls.sort_by_key(|it| (it.family, it.priority));
    let usual: Vec<(&str, u32)> = calls.iter().map(|it| (it.file, it.line)).collect();
    let usually = |it: &Call| usual.iter().position(|place| *place == (it.file, it.line));
    calls.sort_by_key(|it| (it.family, it.rank));
    for at in 1..calls.len() {
        let (before, call) = (&calls[at - 1], &calls[at]);
        let is_asked = usually(call) < usually(before);
        let waits = call.waits_for.iter().any(|it| it.replace('_', "-") == before.plugin.replace('_', "-"));
        let asks = if waits { call } else { before }.plugin.clone();
        let after = match () {
            () if before.family != call.family => None,
            () if is_asked => Some("asked"),
            () if before.priority != call.priority => Some("priority"),
            () if before.plugin == call.plugin => Some("place"),
            () if chosen => Some("selection"),
            () if before.linked != call.linked => Some("manifest"),
            () => Some("name"),
        };
        calls[at].asked_by = Some(asks).filter(|_| after == Some("asked"));
        calls[at].after = after;
    }
    calls
}

impl Call {
    fn of(plugin: &PluginInfo, hook: &HookInfo) -> Self {
        let HookInfo { family, function, priority, place, rank, .. } = *hook;
        let (file, line) = (place.file, place.line);
        let (linked, waits_for, after, asked_by) = (plugin.linked, hook.after.clone(), None, None);
        let plugin = plugin.name.clone();
        Self { plugin, family, function, priority, file, line, after, asked_by, rank, linked, waits_for }
    }
}

fn order(hook: &str, calls: &[Call], out: &mut dyn Write) -> Result<()> {
    if calls.is_empty() {
        return Ok(writeln!(out, "nothing that is on implements {hook}")?);
    }
    for (number, call) in (1..).zip(calls) {
        let Call { plugin, priority, file, line, .. } = call;
        let why = match call.after {
            Some("asked") => &format!(
                " (after the one before it: {} asks so)",
                call.asked_by.as_deref().unwrap_or_default()
            ),
            Some("priority") => " (after the one before it: larger priority)",
            Some("selection") => " (after the one before it: the order of --plugins)",
            Some("manifest") => {
                " (after the one before it: the order of --with, or of the dependencies of the program)"
            }
            Some("name") => " (after the one before it: the order of names)",
            Some(_) => " (after the one before it: the place in the source)",
            None => "",
        };
        writeln!(out, "{number}. {}{plugin}, priority {priority}, {file}:{line}{why}", family(call.family))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use xqute::PluginSet;

    use super::*;

    mod asks {
        xqute::plugin!(name = "asks", enabled = false, after = "is_asked_for");
        #[xqute::hook]
        fn on_run_done() {}
    }

    mod is_asked_for {
        xqute::plugin!(name = "is-asked-for", enabled = false);
        #[xqute::hook(priority = 5)]
        fn on_run_done() {}
    }

    #[test]
    fn who_asks_is_called_when_it_asks_and_is_told_as_the_reason() {
        let set = PluginSet::builder().select(["asks", "is-asked-for"]).build().unwrap();
        let calls = calls("on_run_done", &set.plugins(), true);
        let told: Vec<_> =
            calls.iter().map(|it| (it.plugin.as_str(), it.after, it.asked_by.as_deref())).collect();
        assert_eq!(told, [("is-asked-for", None, None), ("asks", Some("asked"), Some("asks"))]);
    }
}
