//! What does `xqute.toml` say? Each value with its place, and what is no option with what was meant.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::check;
use super::keys::{Key, Keys, Kind};
use super::level::{self, Level, Value};
use super::plugins::{Plugins, Values};

/// Of these each has tables.
const TABLES: [&str; 4] = ["profile", "backend", "plugins", "hooks"];

/// What a file says.
#[derive(Debug, Default)]
pub(super) struct File {
    /// By key.
    pub(super) options: Level,
    pub(super) profiles: BTreeMap<String, Level>,
    pub(super) plugins: Plugins,
}

/// Reads a file.
pub(super) fn read(path: &Path, keys: &Keys) -> Result<File> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the configuration {}", path.display()))?;
    let reader = Reader { path, text: &text, keys };
    let table = DeTable::parse(&text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let line = text.get(..at).unwrap_or_default().rsplit('\n').next().unwrap_or_default();
        match line.trim_end().strip_suffix('=') {
            Some(key) => {
                anyhow!("{}: `{}` has no value: write one behind the `=`", reader.place(at), key.trim())
            }
            None => anyhow!("{}: {}", reader.place(at), error.message()),
        }
    })?;
    reader.file(table.get_ref())
}

/// File, line and column, counted from 1.
pub(super) fn place(path: &Path, text: &str, at: usize) -> String {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or(before).chars().count() + 1;
    format!("{}:{line}:{column}", path.display())
}

struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
    keys: &'a Keys,
}

impl Reader<'_> {
    fn place(&self, at: usize) -> String {
        place(self.path, self.text, at)
    }

    fn file(&self, table: &DeTable<'_>) -> Result<File> {
        let mut file = File::default();
        for (key, value) in table {
            match (key.get_ref().as_ref(), value.get_ref()) {
                ("profile", DeValue::Table(profiles)) => {
                    for (name, profile) in profiles {
                        let options = self.profile(name.get_ref(), self.table(name, profile)?)?;
                        file.profiles.insert(name.get_ref().to_string(), options);
                    }
                }
                ("backend", DeValue::Table(backends)) => self.backends(backends)?,
                ("plugins", DeValue::Table(plugins)) => {
                    for (name, plugin) in plugins {
                        self.table(name, plugin)?;
                        if crate::output::PLUGINS.contains(&name.get_ref().as_ref()) {
                            bail!(
                                "{}: what is shown is set by options: `tag = true`, `keep-order = true`, `print = false`, above all tables",
                                self.place(name.span().start)
                            );
                        }
                    }
                }
                ("hooks", DeValue::Table(hooks)) => {
                    hooks.iter().try_for_each(|(name, it)| self.table(name, it).map(drop))?;
                }
                ("profile" | "backend" | "plugins" | "hooks", _) => {
                    bail!(
                        "{}: `{1}` is a table of tables: write `[{1}.NAME]`{2}",
                        self.place(key.span().start),
                        key.get_ref(),
                        if key.get_ref() == "plugins" {
                            "; which plugins are used is `select = [NAMES]`"
                        } else {
                            ""
                        }
                    );
                }
                _ => {
                    let (key, value) = self.option("", key, value)?;
                    level::put(&mut file.options, key, value)?;
                }
            }
        }
        file.plugins = self.plugins()?;
        level::check(&file.options)?;
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

    fn profile(&self, name: &str, table: &DeTable<'_>) -> Result<Level> {
        let (mut level, of) = (Level::new(), format!("profile `{name}`, "));
        for (key, value) in table {
            let (key, value) = self.option(&of, key, value)?;
            level::put(&mut level, key, value)?;
        }
        level::check(&level)?;
        Ok(level)
    }

    /// An option, and its value with its place: the table that it is `of`, line and column.
    fn option(
        &self,
        of: &str,
        key: &Spanned<std::borrow::Cow<'_, str>>,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<(&Key, Value)> {
        let at = self.place(key.span().start);
        let name = key.get_ref();
        let Some((known, off)) = self.keys.find(name) else {
            if !of.is_empty() && TABLES.contains(&name.as_ref()) {
                bail!(
                    "{at}: a profile has options alone: write `[{name}.NAME]` beside it, or leave it out; which plugins a profile uses is `select = [NAMES]`"
                );
            }
            let tables = if of.is_empty() { &TABLES[..] } else { &[] };
            bail!(
                "{at}: there is no option `{name}`{}",
                match self.keys.near(name, tables) {
                    Some(near) => format!(", did you mean `{near}`?"),
                    None => ": `xqute run --help` lists them".to_owned(),
                }
            );
        };
        let words = words(known, off, value.get_ref())
            .map_err(|why| anyhow!("{}: {why}", self.place(value.span().start)))?;
        let value = Value { words, from: format!("{of}{at}") };
        check(known, &value)?;
        Ok((known, value))
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
    fn plugins(&self) -> Result<Plugins> {
        #[derive(serde::Deserialize)]
        struct Tables {
            #[serde(default)]
            plugins: Values,
            #[serde(default)]
            hooks: Values,
        }
        let Tables { plugins, hooks } = toml::from_str(self.text)
            .map_err(|error| anyhow!("{}: {}", self.path.display(), error.message()))?;
        Ok(Plugins::new(plugins, hooks, self.path, self.text))
    }
}

/// What one would type behind the option.
fn words(key: &Key, off: bool, value: &DeValue<'_>) -> Result<Vec<String>, String> {
    match (key.kind, value) {
        (Kind::Flag | Kind::FlagOrText, DeValue::Boolean(on)) => Ok(vec![(*on != off).to_string()]),
        (Kind::Flag, other) => {
            Err(format!("`{}` is `true` or `false`, not a {}", key.name, other.type_str()))
        }
        (Kind::FlagOrText, _) if off => Err(format!("`no-{}` is `true` or `false`", key.name)),
        (Kind::Count, DeValue::Boolean(on)) => Ok(vec![u8::from(*on).to_string()]),
        (Kind::Count, DeValue::Integer(number)) if number.as_str().parse::<u8>().is_ok() => {
            Ok(vec![number.as_str().to_owned()])
        }
        (Kind::Count, _) => Err(format!("`{}` is a number from 0 to 255", key.name)),
        (_, DeValue::String(text)) => Ok(vec![text.to_string()]),
        (_, DeValue::Integer(number)) => Ok(vec![number.as_str().replace('_', "")]),
        (_, DeValue::Float(number)) => Ok(vec![number.as_str().replace('_', "")]),
        (Kind::List, DeValue::Array(items)) => {
            let text = |it: &Spanned<DeValue<'_>>| it.get_ref().as_str().map(str::to_owned);
            let texts: Option<Vec<String>> = items.iter().map(text).collect();
            texts.ok_or_else(|| format!("`{}` is a list of texts", key.name))
        }
        (_, other) => Err(format!("`{}` cannot be a {}", key.name, other.type_str())),
    }
}
