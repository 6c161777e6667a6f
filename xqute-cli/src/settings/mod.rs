//! What is set where nothing is typed? By the environment, a profile, `xqute.toml`: in that order.
//!
//! Every option of `xqute run` is a key by its long name. What is found is put before what was typed, as if it had been typed too,
//! so that one parser reads all of it.

mod environment;
mod file;
mod kept;
mod keys;
mod level;
mod plugins;
mod rules;
pub(crate) mod toml;

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::parser::ValueSource;
use clap::{CommandFactory, Parser};
use serde_json::Value as Json;

use crate::args::{self, Args, Verb};
pub(crate) use kept::{Before, Kept};
use keys::{Key, Keys, Kind};
use level::{Level, Value};
pub(crate) use plugins::Plugins;

/// Read where no other file is named.
const FILE: &str = "xqute.toml";

/// Of these only names are told: their values may be secrets.
const SECRET: [&str; 2] = ["env", "scheduler-opt"];

/// All that is set.
#[derive(Debug)]
pub(crate) struct Settings {
    keys: Keys,
    values: Level,
    pub(crate) plugins: Plugins,
}

/// An option as it is in effect, for people.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) name: String,
    /// `None` where it is not set and has no default.
    pub(crate) value: Option<Json>,
    pub(crate) from: String,
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
        let mut values = Level::new();
        level::cover(&mut values, file.options);
        if let Some(name) =
            chosen.profile.clone().or_else(|| env::var("XQUTE_PROFILE").ok().filter(|it| !it.is_empty()))
        {
            level::cover(&mut values, profile(file.profiles, &name, &path)?);
        }
        level::cover(&mut values, environment::read(&keys)?);
        Ok(Self { keys, values, plugins: file.plugins })
    }

    /// What is set of an option that has one value.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.values.get(key)?.words.first().map(String::as_str)
    }

    /// Each option, its value, and where that is from; the value of a variable for jobs may be a secret and is not told.
    pub(crate) fn effective(&self) -> Vec<Told> {
        self.keys.0.iter().map(|key| self.told(key)).collect()
    }

    fn told(&self, key: &Key) -> Told {
        let name = key.name.clone();
        let Some(value) = self.values.get(&name) else {
            let from = if key.default.is_some() { "default" } else { "not set" }.to_owned();
            return Told { name, value: key.default.clone(), from };
        };
        let secret = SECRET.contains(&&*name);
        let from = if secret { format!("{}; values are not shown", value.from) } else { value.from.clone() };
        Told { name, value: Some(shown(key, &value.words, secret)), from }
    }

    /// The words to put before what was typed, from what is set and wins or adds to that.
    fn before(&self, typed: &args::Run, ids: &BTreeSet<String>) -> Vec<OsString> {
        let is_typed = |key: &Key| ids.contains(&key.id) || ids.contains(&format!("no_{}", key.id));
        let mut above: Level = self
            .keys
            .0
            .iter()
            .filter(|key| is_typed(key))
            .map(|key| (key.name.clone(), typed_as(key, typed)))
            .collect();
        let mut values = self.values.clone();
        if typed.retry_delay.is_some() && typed.error_strategy.is_none() {
            // Who types a wait wants what is waited for, whatever is set elsewhere.
            if typed.num_retries.is_none() && values.get("num-retries").is_some_and(|it| it.is("0")) {
                values.remove("num-retries");
            }
            above.insert(
                "error-strategy".to_owned(),
                Value { words: vec!["retry".to_owned()], from: String::new() },
            );
        }
        level::cover(&mut values, above);
        let set = self.keys.0.iter().filter_map(|key| {
            // A list of variables goes on; the selection of plugins does not.
            let value = if !is_typed(key) {
                values.get(&key.name)
            } else if SECRET.contains(&&*key.name) {
                self.values.get(&key.name)
            } else {
                None
            };
            Some(value?.spelled(key))
        });
        set.flatten().map(OsString::from).collect()
    }
}

/// What was typed, as far as other options depend on it.
fn typed_as(key: &Key, typed: &args::Run) -> Value {
    let word = match &*key.name {
        "error-strategy" if typed.error_strategy == Some(args::Strategy::Halt) => "halt",
        "scheduler" if typed.scheduler == crate::options::Scheduler::Null => "null",
        "num-retries" if typed.num_retries == Some(0) => "0",
        "print" if typed.print => "true",
        "keep-order" if typed.keep_order => "true",
        "tag" if typed.tag => "true",
        _ => "",
    };
    Value { words: vec![word.to_owned()], from: String::new() }
}

/// As TOML and JSON tell it.
fn shown(key: &Key, words: &[String], secret: bool) -> Json {
    let name = |word: &String| word.split('=').next().unwrap_or(word).to_owned();
    let word = words.first().cloned().unwrap_or_default();
    match key.kind {
        Kind::List if secret => words.iter().map(name).collect(),
        Kind::List => words.iter().cloned().collect(),
        Kind::Flag => Json::from(word == "true"),
        Kind::FlagOrText => word.parse::<bool>().map_or(Json::from(word), Json::from),
        // A share of the processors stays a text.
        Kind::Count | Kind::Number => word.parse::<u64>().map_or(Json::from(word), Json::from),
        Kind::Time if word.ends_with(|it: char| it.is_ascii_digit() || it == '.') => Json::from(word + "s"),
        Kind::Time | Kind::Text => Json::from(word),
    }
}

fn profile(mut profiles: BTreeMap<String, Level>, name: &str, path: &Path) -> Result<Level> {
    let Some(profile) = profiles.remove(name) else {
        if !path.exists() {
            bail!(
                "there is no profile `{name}`: {} is not there; write it, with `[profile.{name}]`",
                path.display()
            );
        }
        let there: Vec<_> = profiles.keys().map(String::as_str).collect();
        let there =
            if there.is_empty() { "it has none".to_owned() } else { format!("it has {}", there.join(", ")) };
        bail!("there is no profile `{name}` in {}: {there}; write `[profile.{name}]`", path.display());
    };
    Ok(profile)
}

/// Whether the option can have this value, told with the place where it was found.
fn check(key: &Key, value: &Value) -> Result<()> {
    let words = ["xqute", "run"].map(String::from).into_iter().chain(value.spelled(key));
    let Err(error) = Args::try_parse_from(words) else { return Ok(()) };
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    bail!("{}: {}", value.from, line.strip_prefix("error: ").unwrap_or(line));
}

/// Reads the command line of `xqute run` once more, with what is set elsewhere before what was typed.
pub(crate) fn with_settings(settings: &Settings, typed: &args::Run) -> Result<(Args, Kept), clap::Error> {
    let words = whole(settings, env::args_os().collect(), typed)?;
    Ok((Args::try_parse_from(&words)?, Kept::of(&words, &settings.plugins)?))
}

/// The run that `xqute run` would be here, with these plugins typed.
pub(crate) fn run_here(settings: &Settings, plugins: &[String]) -> Result<args::Run> {
    let mut words = ["xqute", "run"].map(OsString::from).to_vec();
    if !plugins.is_empty() {
        words.push(format!("--plugins={}", plugins.join(",")).into());
    }
    let run = |words: &[OsString]| match Args::try_parse_from(words)?.verb {
        Verb::Run(run) => Ok(*run),
        _ => bail!("the command line is of another verb when it is read again"),
    };
    let typed = run(&words)?;
    run(&whole(settings, words, &typed)?)
}

/// A command line of `xqute run`, with what is set elsewhere before what was typed.
fn whole(
    settings: &Settings,
    mut words: Vec<OsString>,
    typed: &args::Run,
) -> Result<Vec<OsString>, clap::Error> {
    let matches = Args::command().try_get_matches_from(&words)?;
    let ids: BTreeSet<String> = matches
        .subcommand_matches("run")
        .into_iter()
        .flat_map(|run| {
            let given = |id: &&clap::Id| run.value_source(id.as_str()) == Some(ValueSource::CommandLine);
            run.ids().filter(given).map(ToString::to_string).collect::<Vec<_>>()
        })
        .collect();
    // The verb is the first word: there are no options before it.
    let at = words.len().min(2);
    words.splice(at..at, settings.before(typed, &ids));
    Ok(words)
}
