//! `xqute plugins show`: what is one plugin, and what is it configured with?

use std::io::Write;

use anyhow::Result;
use serde_json::Value;
use xqute::{PluginInfo, PluginSet};

use super::keys::{Key, Keys};
use super::{describe, listed};
use crate::answer::{json, to_stdout};

/// Prints a plugin and its keys.
pub(super) fn show(name: &str, plugins: &[PluginInfo], as_json: bool) -> Result<u8> {
    let same = |it: &&PluginInfo| it.name.replace('_', "-") == name.replace('_', "-");
    let Some(plugin) = plugins.iter().find(same) else {
        // The error of a selection that names it says what was meant.
        PluginSet::builder().select([name]).build()?;
        anyhow::bail!("no plugin is named `{name}`");
    };
    let keys = plugin.config.and_then(|it| it.schema()).map(|it| Keys::of(&it));
    to_stdout(|out| match as_json {
        true => {
            let mut told = listed(plugin);
            told["keys"] = serde_json::to_value(keys.map(|it| it.keys))?;
            json(out, &told)
        }
        false => {
            describe(plugin, out)?;
            match keys {
                Some(keys) => told(&plugin.name, &keys, out),
                None => Ok(writeln!(
                    out,
                    "\nits keys are not known: it does not say what it is configured with (`xqute::plugin!(config = Type)`)"
                )?),
            }
        }
    })
}

fn told(plugin: &str, keys: &Keys, out: &mut dyn Write) -> Result<()> {
    if !keys.about.is_empty() {
        writeln!(out, "\n{}", keys.about)?;
    }
    table(&format!("plugins.{plugin}"), false, &keys.keys, out)
}

/// A table of the configuration, then those in it.
fn table(path: &str, is_list: bool, keys: &[Key], out: &mut dyn Write) -> Result<()> {
    writeln!(out, "\n{}", if is_list { format!("[[{path}]]") } else { format!("[{path}]") })?;
    if keys.is_empty() {
        writeln!(out, "  no keys")?;
    }
    for it in keys {
        writeln!(out, "  {}: {}{}", it.key, it.kind, more(it))?;
        it.about.lines().try_for_each(|line| writeln!(out, "      {line}"))?;
    }
    for it in keys.iter().filter(|it| !it.keys.is_empty()) {
        table(&format!("{path}.{}", it.key), it.is_list, &it.keys, out)?;
    }
    Ok(())
}

/// What there is to say of a key besides its type; of its default only where the text does not.
fn more(key: &Key) -> String {
    if key.required {
        return ", must be given".to_owned();
    }
    let tells = match &key.default {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(table) => !table.is_empty() && key.keys.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    };
    let is_said = key.about.contains("Default:");
    if tells && !is_said { format!(", default {}", key.default) } else { String::new() }
}
