//! What does `xqute.toml` say of plugins? Their tables, and where in the file each key stands.

use std::path::PathBuf;

use anyhow::{Result, anyhow, bail};
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use xqute::{PluginError, PluginSet};

use super::file::place;
use crate::run::Plugins;

/// The tables `[plugins.NAME]`, and the file that has them.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    pub(crate) values: Plugins,
    pub(super) path: PathBuf,
    pub(super) text: String,
}

impl Tables {
    /// Refuses a plugin that is not here, and a value that does not fit what its plugin declares.
    pub(crate) fn check(&self) -> Result<()> {
        let plugins = PluginSet::builder().build()?.plugins();
        for (name, value) in &self.values {
            let same = |it: &&xqute::PluginInfo| it.name.replace('_', "-") == name.replace('_', "-");
            let Some(plugin) = plugins.iter().find(same) else {
                return Err(self.unknown(name));
            };
            if let Some(Err(error)) = plugin.config.map(|it| it.check(name, value)) {
                bail!("{}: {error}", self.place(name, error.pointer()));
            }
        }
        Ok(())
    }

    /// A selection that names it is told the same.
    fn unknown(&self, name: &str) -> anyhow::Error {
        match PluginSet::builder().configured(name).build() {
            Err(error @ PluginError::Selection(_)) => anyhow!(error).context(self.place(name, "")),
            _ => anyhow!("{}: no plugin is named `{name}`", self.place(name, "")),
        }
    }

    /// Where a key stands, or the last of what leads to it that stands somewhere.
    fn place(&self, plugin: &str, pointer: &str) -> String {
        let keys = pointer.split('/').skip(1).map(|it| it.replace("~1", "/").replace("~0", "~"));
        let path = ["plugins".to_owned(), plugin.to_owned()].into_iter().chain(keys);
        // It was parsed before.
        let at = DeTable::parse(&self.text).map_or(0, |table| find(table.get_ref(), path));
        place(&self.path, &self.text, at)
    }
}

/// Where the last of these keys begins, that is there.
fn find(table: &DeTable<'_>, path: impl Iterator<Item = String>) -> usize {
    let (mut at, mut table, mut list) = (0, Some(table), None);
    for key in path {
        let value = match (table, list) {
            (Some(table), _) => table.get_key_value(&*key).map(|(key, value)| (key.span().start, value)),
            (None, Some(list)) => item(list, &key),
            (None, None) => None,
        };
        let Some((begins, value)) = value else { break };
        at = begins;
        (table, list) = (value.get_ref().as_table(), value.get_ref().as_array().map(|it| &**it));
    }
    at
}

fn item<'t, 'v>(list: &'t [Spanned<DeValue<'v>>], index: &str) -> Option<(usize, &'t Spanned<DeValue<'v>>)> {
    let value = list.get(index.parse::<usize>().ok()?)?;
    Some((value.span().start, value))
}
