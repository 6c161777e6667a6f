//! What is set where nothing is typed? By the environment, a profile, `xqute.toml`: in that order.
//!
//! Every option of `xqute run` is a key by its long name. What is found is put before what was typed, as if it had been typed too,
//! so that one parser reads all of it.

mod file;
mod keys;

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{CommandFactory, Parser};

use crate::args::{self, Args};
use keys::{Key, Keys};

/// Read where no other file is named.
const FILE: &str = "xqute.toml";

/// Of these only names are told: their values may be secrets.
const SECRET: [&str; 2] = ["env", "scheduler-opt"];

/// A value that is not typed.
#[derive(Debug, Clone)]
pub(crate) struct Value {
    /// What would be typed behind the option, each time; of a flag an empty word, or none where it is off.
    words: Vec<String>,
    /// Where it was found, for people.
    from: String,
}

/// All that is set.
#[derive(Debug)]
pub(crate) struct Settings {
    keys: Keys,
    values: BTreeMap<String, Value>,
    pub(crate) plugins: BTreeMap<String, serde_json::Value>,
}

impl Settings {
    /// Reads file, profile and environment.
    pub(crate) fn read(chosen: &args::Chosen) -> Result<Self> {
        let keys = Keys::new();
        let named = chosen
            .config
            .clone()
            .or_else(|| env::var_os("XQUTE_CONFIG").filter(|it| !it.is_empty()).map(PathBuf::from));
        let path = named.clone().unwrap_or_else(|| FILE.into());
        let file =
            if named.is_some() || path.exists() { file::read(&path, &keys)? } else { file::File::default() };
        let mut values = file.options;
        if let Some(name) =
            chosen.profile.clone().or_else(|| env::var("XQUTE_PROFILE").ok().filter(|it| !it.is_empty()))
        {
            values.extend(profile(file.profiles, &name, &path)?);
        }
        for key in keys.0.iter().filter(|key| !key.is_list || key.name == "select") {
            let variable = format!("XQUTE_{}", key.name.to_uppercase().replace('-', "_"));
            if let Some(text) = env::var_os(&variable) {
                let text =
                    text.into_string().ok().with_context(|| format!("the variable {variable} is no text"))?;
                let value = Value { words: said(key, text, &variable)?, from: variable };
                check(key, &value)?;
                values.insert(key.name.clone(), value);
            }
        }
        Ok(Self { keys, values, plugins: file.plugins })
    }

    /// The words to put before what was typed. What was typed is not in them.
    pub(crate) fn words(&self, typed: &BTreeSet<String>) -> Vec<OsString> {
        let set = self.keys.0.iter().filter(|key| adds(key) || !typed.contains(&key.id));
        set.filter_map(|key| Some(spelled(key, self.values.get(&key.name)?)))
            .flatten()
            .map(OsString::from)
            .collect()
    }

    /// Each option, its value, and where that is from; the value of a variable for jobs may be a secret and is not told.
    pub(crate) fn effective(&self) -> Vec<(String, String, String)> {
        self.keys.0.iter().map(|key| self.told(key)).collect()
    }

    fn told(&self, key: &Key) -> (String, String, String) {
        let quoted = |word: &String| {
            toml_text(if SECRET.contains(&&*key.name) {
                word.split('=').next().unwrap_or(word)
            } else {
                word
            })
        };
        match self.values.get(&key.name) {
            Some(value) if key.is_flag => {
                (key.name.clone(), (!value.words.is_empty()).to_string(), value.from.clone())
            }
            Some(value) if key.is_list => {
                let list: Vec<String> = value.words.iter().map(quoted).collect();
                (key.name.clone(), format!("[{}]", list.join(", ")), value.from.clone())
            }
            Some(value) => (key.name.clone(), value.words.iter().map(quoted).collect(), value.from.clone()),
            None if key.is_flag => (key.name.clone(), "false".to_owned(), "default".to_owned()),
            None => match &key.default {
                Some(default) => (key.name.clone(), toml_text(default), "default".to_owned()),
                None => (key.name.clone(), String::new(), "not set".to_owned()),
            },
        }
    }
}

fn toml_text(text: &str) -> String {
    // What TOML escapes, JSON escapes in the same way.
    serde_json::Value::from(text).to_string()
}

fn profile(
    mut profiles: BTreeMap<String, BTreeMap<String, Value>>,
    name: &str,
    path: &Path,
) -> Result<BTreeMap<String, Value>> {
    let Some(profile) = profiles.remove(name) else {
        let there: Vec<_> = profiles.keys().map(String::as_str).collect();
        let there =
            if there.is_empty() { "it has none".to_owned() } else { format!("it has {}", there.join(", ")) };
        bail!("there is no profile `{name}` in {}: {there}; write `[profile.{name}]`", path.display());
    };
    Ok(profile)
}

/// Whether what is typed is one more, and does not replace: a list of variables, not the selection of plugins.
fn adds(key: &Key) -> bool {
    SECRET.contains(&&*key.name)
}

/// What a variable of the environment says.
fn said(key: &Key, text: String, variable: &str) -> Result<Vec<String>> {
    match (key.is_flag, &text[..]) {
        (false, _) => Ok(vec![text]),
        (true, "1" | "true" | "yes") => Ok(vec![String::new()]),
        (true, "" | "0" | "false" | "no") => Ok(Vec::new()),
        (true, _) => bail!("the variable {variable} is `{text}`: write 1 or 0"),
    }
}

fn spelled(key: &Key, value: &Value) -> Vec<String> {
    let word =
        |it: &String| if key.is_flag { format!("--{}", key.long) } else { format!("--{}={it}", key.long) };
    value.words.iter().map(word).collect()
}

/// Whether the option can have this value, told with the place where it was found.
fn check(key: &Key, value: &Value) -> Result<()> {
    let words = ["xqute", "run"].map(String::from).into_iter().chain(spelled(key, value));
    let Err(error) = Args::try_parse_from(words) else { return Ok(()) };
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    bail!("{}: {}", value.from, line.strip_prefix("error: ").unwrap_or(line));
}

/// Reads the command line of `xqute run` once more, with what is set elsewhere before what was typed.
pub(crate) fn with_settings(settings: &Settings) -> Result<Args, clap::Error> {
    let mut words: Vec<OsString> = env::args_os().collect();
    let typed = Args::command().try_get_matches_from(&words)?;
    let ids: BTreeSet<String> = typed
        .subcommand_matches("run")
        .into_iter()
        .flat_map(|run| {
            let given = |id: &&clap::Id| {
                run.value_source(id.as_str()) == Some(clap::parser::ValueSource::CommandLine)
            };
            run.ids().filter(given).map(ToString::to_string).collect::<Vec<_>>()
        })
        .collect();
    // The verb is the first word: there are no options before it.
    let at = words.len().min(2);
    words.splice(at..at, settings.words(&ids));
    Args::try_parse_from(words)
}
