//! Which options can be set elsewhere than on the command line? Those of `xqute run`, by their long names.

use std::any::TypeId;
use std::num::NonZeroUsize;
use std::time::Duration;

use clap::{ArgAction, CommandFactory, ValueEnum};
use serde_json::Value as Json;
use xqute::{DEFAULT_DELAY, DEFAULT_GRACE, DEFAULT_RETRIES, ErrorStrategy};

use crate::args::{Args, Strategy};
use crate::options::processors;

/// Those that belong to one command line.
const TYPED_ONLY: [&str; 11] =
    ["help", "config", "profile", "dry-run", "detach", "detached", "file", "arg-file", "null", "in", "out"];

/// `plugins` is a table of the file, so their selection has the builder's name.
const SELECT: (&str, &str) = ("plugins", "select");

/// What the same is called elsewhere.
const ELSEWHERE: [(&str, &str); 10] = [
    ("jobs", "forks"),
    ("max-procs", "forks"),
    ("procs", "forks"),
    ("threads", "forks"),
    ("workers", "forks"),
    ("retries", "num-retries"),
    ("wd", "cwd"),
    ("dir", "cwd"),
    ("backend", "scheduler"),
    ("plugins", "select"),
];

/// What is said of an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `--tag`, and `--no-tag`.
    Flag,
    /// `--shell`, `--shell=bash`, and `--no-shell`.
    FlagOrText,
    /// `-vv`
    Count,
    Number,
    Time,
    Text,
    List,
}

/// An option.
#[derive(Debug)]
pub(crate) struct Key {
    /// In the file.
    pub(crate) name: String,
    /// On the command line.
    pub(crate) long: String,
    /// In clap.
    pub(crate) id: String,
    pub(crate) kind: Kind,
    /// What it is where nobody sets it.
    pub(crate) default: Option<Json>,
}

impl Key {
    /// Its variable in the environment. Lists have none, but for the selection, in which a comma separates.
    pub(crate) fn variable(&self) -> Option<String> {
        (self.kind != Kind::List || self.name == SELECT.1).then(|| variable(&self.name))
    }
}

/// `keep-order` is XQUTE_KEEP_ORDER.
pub(crate) fn variable(name: &str) -> String {
    format!("XQUTE_{}", name.to_uppercase().replace('-', "_"))
}

/// All of them.
#[derive(Debug)]
pub(crate) struct Keys(pub(crate) Vec<Key>);

impl Keys {
    pub(crate) fn new() -> Self {
        let mut command = Args::command();
        command.build();
        let run = command.find_subcommand("run").map(clap::Command::get_arguments);
        Self(run.into_iter().flatten().filter_map(key).collect())
    }

    /// The option, and whether it is named with a `no-` before it; `num-retries` and `num_retries` are one.
    pub(crate) fn find(&self, name: &str) -> Option<(&Key, bool)> {
        let bare = name.replace('_', "-");
        let named = |name: &str| self.0.iter().find(|key| key.name == name);
        let off = || {
            named(bare.strip_prefix("no-")?).filter(|key| matches!(key.kind, Kind::Flag | Kind::FlagOrText))
        };
        named(&bare).map(|key| (key, false)).or_else(|| Some((off()?, true)))
    }

    /// What was meant, as far as one can tell.
    pub(crate) fn near<'n>(&'n self, name: &str, others: &[&'n str]) -> Option<&'n str> {
        let bare = name.replace('_', "-");
        if let Some((_, here)) = ELSEWHERE.iter().find(|(there, _)| *there == bare) {
            return Some(here);
        }
        let names = self.0.iter().map(|key| &*key.name).chain(others.iter().copied());
        names
            .map(|it| (strsim::jaro_winkler(it, &bare), it))
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .filter(|(score, _)| *score > 0.8)
            .map(|(_, near)| near)
    }
}

fn key(arg: &clap::Arg) -> Option<Key> {
    let long = arg.get_long()?;
    // What begins with `no-` is the other side of a flag.
    if TYPED_ONLY.contains(&long) || long.starts_with("no-") {
        return None;
    }
    let kind = kind(arg);
    let typed = arg.get_default_values().first().map(|it| Json::from(it.to_string_lossy()));
    Some(Key {
        name: if long == SELECT.0 { SELECT.1 } else { long }.to_owned(),
        long: long.to_owned(),
        id: arg.get_id().to_string(),
        kind,
        default: match kind {
            // Printing is the one thing that is done unasked.
            Kind::Flag | Kind::FlagOrText => Some(Json::from(long == "print")),
            Kind::Count => Some(Json::from(0)),
            _ => typed.or_else(|| library(long)),
        },
    })
}

fn kind(arg: &clap::Arg) -> Kind {
    let value = arg.get_value_parser().type_id();
    match arg.get_action() {
        ArgAction::SetTrue => Kind::Flag,
        ArgAction::Count => Kind::Count,
        ArgAction::Append => Kind::List,
        _ if arg.get_num_args().is_some_and(|it| it.min_values() == 0) => Kind::FlagOrText,
        _ if value == TypeId::of::<NonZeroUsize>() || value == TypeId::of::<u32>() => Kind::Number,
        _ if value == TypeId::of::<Duration>() => Kind::Time,
        _ => Kind::Text,
    }
}

/// What the library does unless it is told otherwise.
fn library(option: &str) -> Option<Json> {
    let time = |it: Duration| Json::from(format!("{}s", it.as_secs_f64()));
    match option {
        "forks" => Some(Json::from(processors().get())),
        "error-strategy" => {
            let default = |it: &&Strategy| ErrorStrategy::from(**it) == ErrorStrategy::default();
            let strategy = Strategy::value_variants().iter().find(default)?;
            Some(Json::from(strategy.to_possible_value()?.get_name()))
        }
        "num-retries" => Some(Json::from(DEFAULT_RETRIES)),
        "retry-delay" => Some(time(DEFAULT_DELAY)),
        "kill-grace" => Some(time(DEFAULT_GRACE)),
        _ => None,
    }
}
