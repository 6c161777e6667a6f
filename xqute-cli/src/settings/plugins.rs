//! What does `xqute.toml` say of plugins? Their tables, and where in the file each key stands.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, bail};
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use xqute::{PluginError, PluginSet};

use super::file::place;
use super::rules::Rule;

/// The tables of plugins, and the file that has them.
#[derive(Debug, Default)]
pub(crate) struct Plugins {
    /// `[plugins.NAME]`
    pub(crate) values: Values,
    /// `[hooks.NAME]`, once they are checked.
    pub(crate) rules: BTreeMap<String, Rule>,
    hooks: Values,
    path: PathBuf,
    text: String,
}

/// Tables by their names.
pub(crate) type Values = BTreeMap<String, serde_json::Value>;

impl Plugins {
    pub(super) fn new(values: Values, hooks: Values, path: &Path, text: &str) -> Self {
        Self { values, hooks, rules: BTreeMap::new(), path: path.to_owned(), text: text.to_owned() }
    }

    /// Refuses a plugin that is not here, a value that does not fit what its plugin declares, and what cannot hold for its hooks.
    pub(crate) fn check(&mut self) -> Result<()> {
        self.check_twice("plugins", &self.values)?;
        self.check_twice("hooks", &self.hooks)?;
        self.check_values()?;
        for (name, value) in std::mem::take(&mut self.hooks) {
            let rule = Rule::read(&name, value, |pointer| self.place("hooks", &name, pointer))?;
            self.rules.insert(name, rule);
        }
        Ok(())
    }

    /// Of which plugins it has tables, as TOML calls them.
    pub(crate) fn tables(&self) -> BTreeSet<String> {
        let named = |kind: &str, name: &String| format!("{kind}.{}", super::toml::name(name));
        let values = self.values.keys().map(|it| named("plugins", it));
        values.chain(self.rules.keys().chain(self.hooks.keys()).map(|it| named("hooks", it))).collect()
    }

    /// One plugin's table in two spellings: of two that say something else, one would be forgotten.
    fn check_twice(&self, tables: &str, values: &Values) -> Result<()> {
        let mut seen = BTreeMap::new();
        for name in values.keys() {
            if let Some(first) = seen.insert(name.replace('_', "-"), name) {
                let (first, second) = (super::toml::name(first), super::toml::name(name));
                bail!(
                    "{}: `[{tables}.{second}]` is the same plugin's as `[{tables}.{first}]`: write one table",
                    self.place(tables, name, "")
                );
            }
        }
        Ok(())
    }

    fn check_values(&self) -> Result<()> {
        let plugins = PluginSet::builder().build()?.plugins();
        for (name, value) in &self.values {
            let same = |it: &&xqute::PluginInfo| it.name.replace('_', "-") == name.replace('_', "-");
            let Some(plugin) = plugins.iter().find(same) else {
                return Err(self.unknown(name));
            };
            if let Some(Err(error)) = plugin.config.map(|it| it.check(name, value)) {
                bail!("{}: {error}", self.place("plugins", name, error.pointer()));
            }
        }
        Ok(())
    }

    /// A selection that names it is told the same.
    fn unknown(&self, name: &str) -> anyhow::Error {
        let told = match PluginSet::builder().configured(name).build() {
            Err(error @ PluginError::Selection(_)) => error.to_string(),
            _ => format!("no plugin is named `{name}`"),
        };
        let other = self.other_binary().map(|it| {
            format!("; this is another binary than {}, which may have it: was that one meant?", it.display())
        });
        anyhow!("{}: {told}{}", self.place("plugins", name, ""), other.unwrap_or_default())
    }

    /// Beside the file, what `xqute build` writes, where that is not this one.
    fn other_binary(&self) -> Option<PathBuf> {
        let other = self.path.with_file_name("xqute");
        let own = std::env::current_exe().and_then(fs::canonicalize).ok();
        let is_program = |it: fs::Metadata| it.is_file() && it.mode() & 0o111 != 0;
        let is_other = fs::metadata(&other).is_ok_and(is_program) && fs::canonicalize(&other).ok() != own;
        is_other.then_some(if self.path.parent() == Some(Path::new("")) {
            Path::new(".").join(other)
        } else {
            other
        })
    }

    /// Where a key stands, or the last of what leads to it that stands somewhere.
    fn place(&self, tables: &str, plugin: &str, pointer: &str) -> String {
        let keys = pointer.split('/').skip(1).map(|it| it.replace("~1", "/").replace("~0", "~"));
        let path = [tables.to_owned(), plugin.to_owned()].into_iter().chain(keys);
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
