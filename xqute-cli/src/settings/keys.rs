//! Which options can be set elsewhere than on the command line? Those of `xqute run`, by their long names.

use clap::{ArgAction, CommandFactory};

use crate::args::Args;

/// Those that belong to one command line.
const TYPED_ONLY: [&str; 6] = ["help", "config", "profile", "dry-run", "arg-file", "null"];

/// `plugins` is a table of the file, so their selection has the builder's name.
const SELECT: (&str, &str) = ("plugins", "select");

/// An option.
#[derive(Debug)]
pub(crate) struct Key {
    /// In the file.
    pub(crate) name: String,
    /// On the command line.
    pub(crate) long: String,
    /// In clap.
    pub(crate) id: String,
    pub(crate) is_flag: bool,
    pub(crate) is_list: bool,
    pub(crate) default: Option<String>,
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

    /// `num-retries` and `num_retries` are one.
    pub(crate) fn get(&self, name: &str) -> Result<&Key, String> {
        let bare = name.replace('_', "-");
        self.0.iter().find(|key| key.name == bare).ok_or_else(|| {
            let names = self.0.iter().map(|key| &*key.name).chain(["profile", "backend", "plugins"]);
            let near = names
                .map(|it| (strsim::jaro_winkler(it, &bare), it))
                .max_by(|a, b| a.0.total_cmp(&b.0))
                .filter(|(score, _)| *score > 0.8);
            match near {
                Some((_, near)) => format!("there is no option `{name}`, did you mean `{near}`?"),
                None => format!("there is no option `{name}`: `xqute config` lists them"),
            }
        })
    }
}

fn key(arg: &clap::Arg) -> Option<Key> {
    let long = arg.get_long()?;
    if TYPED_ONLY.contains(&long) {
        return None;
    }
    let defaults = arg.get_default_values();
    let is_flag = matches!(arg.get_action(), ArgAction::SetTrue | ArgAction::Count);
    Some(Key {
        name: if long == SELECT.0 { SELECT.1 } else { long }.to_owned(),
        long: long.to_owned(),
        id: arg.get_id().to_string(),
        is_flag,
        is_list: matches!(arg.get_action(), ArgAction::Append),
        default: defaults.first().filter(|_| !is_flag).map(|it| it.to_string_lossy().into_owned()),
    })
}
