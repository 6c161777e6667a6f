//! What does `xqute.toml` say? Each value with its place, and what is no option with what was meant.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::keys::{Key, Keys};
use super::{Value, check};

/// What a file says.
#[derive(Debug, Default)]
pub(super) struct File {
    /// By key.
    pub(super) options: BTreeMap<String, Value>,
    pub(super) profiles: BTreeMap<String, BTreeMap<String, Value>>,
    pub(super) plugins: BTreeMap<String, serde_json::Value>,
}

/// Reads a file.
pub(super) fn read(path: &Path, keys: &Keys) -> Result<File> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the configuration {}", path.display()))?;
    let reader = Reader { path, text: &text, keys };
    let table = DeTable::parse(&text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        anyhow!("{}: {}", reader.place(at), error.message())
    })?;
    reader.file(table.get_ref())
}

struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
    keys: &'a Keys,
}

impl Reader<'_> {
    /// File, line and column, counted from 1.
    fn place(&self, at: usize) -> String {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or(before).chars().count() + 1;
        format!("{}:{line}:{column}", self.path.display())
    }

    fn file(&self, table: &DeTable<'_>) -> Result<File> {
        let mut file = File::default();
        for (key, value) in table {
            match (key.get_ref().as_ref(), value.get_ref()) {
                ("profile", DeValue::Table(profiles)) => {
                    for (name, profile) in profiles {
                        let options = self.options(self.table(name, profile)?)?;
                        file.profiles.insert(name.get_ref().to_string(), options);
                    }
                }
                ("backend", DeValue::Table(backends)) => self.backends(backends)?,
                ("plugins", DeValue::Table(plugins)) => {
                    for (name, plugin) in plugins {
                        self.table(name, plugin)?;
                        if ["print", "progress"].contains(&name.get_ref().as_ref()) {
                            bail!(
                                "{}: what is shown is set by options: `tag = true`, `keep-order = true`, `no-print = true`, above all tables",
                                self.place(name.span().start)
                            );
                        }
                    }
                    file.plugins = self.plugins()?;
                }
                ("profile" | "backend" | "plugins", _) => {
                    bail!(
                        "{}: `{1}` is a table of tables: write `[{1}.NAME]`",
                        self.place(key.span().start),
                        key.get_ref()
                    );
                }
                _ => {
                    let (key, value) = self.option(key, value)?;
                    file.options.insert(key, value);
                }
            }
        }
        Ok(file)
    }

    fn table<'v>(
        &self,
        name: &Spanned<std::borrow::Cow<'_, str>>,
        value: &'v Spanned<DeValue<'_>>,
    ) -> Result<&'v DeTable<'v>> {
        value.get_ref().as_table().with_context(|| {
            format!("{}: `{}` must be a table", self.place(name.span().start), name.get_ref())
        })
    }

    fn options(&self, table: &DeTable<'_>) -> Result<BTreeMap<String, Value>> {
        table.iter().map(|(key, value)| self.option(key, value)).collect()
    }

    fn option(
        &self,
        key: &Spanned<std::borrow::Cow<'_, str>>,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<(String, Value)> {
        let at = self.place(key.span().start);
        let known = self.keys.get(key.get_ref()).map_err(|why| anyhow!("{at}: {why}"))?;
        let words = words(known, value.get_ref())
            .map_err(|why| anyhow!("{}: {why}", self.place(value.span().start)))?;
        let value = Value { words, from: at };
        check(known, &value)?;
        Ok((known.name.clone(), value))
    }

    /// The schedulers that are built in have no options.
    fn backends(&self, table: &DeTable<'_>) -> Result<()> {
        for (name, options) in table {
            crate::options::scheduler(name.get_ref())
                .map_err(|why| anyhow!("{}: `{}`: {why}", self.place(name.span().start), name.get_ref()))?;
            if let Some((key, _)) = self.table(name, options)?.iter().next() {
                bail!(
                    "{}: the scheduler `{}` has no options: leave `{}` out",
                    self.place(key.span().start),
                    name.get_ref(),
                    key.get_ref()
                );
            }
        }
        Ok(())
    }

    /// As the plugins read them.
    fn plugins(&self) -> Result<BTreeMap<String, serde_json::Value>> {
        #[derive(serde::Deserialize)]
        struct Plugins {
            plugins: BTreeMap<String, serde_json::Value>,
        }
        let read: Plugins = toml::from_str(self.text)
            .map_err(|error| anyhow!("{}: {}", self.path.display(), error.message()))?;
        Ok(read.plugins)
    }
}

/// What one would type behind the option.
fn words(key: &Key, value: &DeValue<'_>) -> Result<Vec<String>, String> {
    if key.is_flag {
        return match value {
            DeValue::Boolean(true) => Ok(vec![String::new()]),
            DeValue::Boolean(false) => Ok(Vec::new()),
            other => Err(format!("`{}` is `true` or `false`, not a {}", key.name, other.type_str())),
        };
    }
    match value {
        DeValue::String(text) => Ok(vec![text.to_string()]),
        DeValue::Integer(number) => Ok(vec![number.as_str().replace('_', "")]),
        DeValue::Float(number) => Ok(vec![number.as_str().replace('_', "")]),
        DeValue::Array(items) if key.is_list => {
            let text = |it: &Spanned<DeValue<'_>>| it.get_ref().as_str().map(str::to_owned);
            let texts: Option<Vec<String>> = items.iter().map(text).collect();
            texts.ok_or_else(|| format!("`{}` is a list of texts", key.name))
        }
        other => Err(format!("`{}` cannot be a {}", key.name, other.type_str())),
    }
}
