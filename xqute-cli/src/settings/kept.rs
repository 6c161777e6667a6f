//! `run.toml`: with which options was the last run of a work directory started?
//!
//! In the form of `xqute.toml`, for people and for `xqute resume`. Of what may be secret only the names are kept.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory, Parser};

use super::keys::{Key, Keys, Kind};
use super::plugins::Plugins;
use super::{SECRET, file, shown, toml};
use crate::args::{Args, Verb};

const NAME: &str = "run.toml";
const HEAD: &str = "\
# The options of the last run here, for `xqute resume`. What may be secret is not kept: of `env` the names, of plugins the names.
";

/// What belongs to the directory, to a list of jobs, or to one time.
const NOT_KEPT: [&str; 5] = ["workdir", "fresh", "cwd", "shell", "scheduler-opt"];

/// Options, to be kept.
#[derive(Debug)]
pub(crate) struct Kept(String);

/// Options that were kept.
#[derive(Debug)]
pub(crate) struct Before {
    /// As they would be typed.
    pub(crate) words: Vec<OsString>,
    /// The plugins that were configured, and those for whose hooks something was said: empty tables.
    pub(crate) plugins: Plugins,
}

impl Kept {
    /// Those of a whole command line of `xqute run`, and the names of the tables that plugins have beside it.
    pub(crate) fn of(words: &[OsString], plugins: &Plugins) -> Result<Self, clap::Error> {
        let matches = Args::command().try_get_matches_from(words)?;
        let mut text = HEAD.to_owned();
        if let Some(run) = matches.subcommand_matches("run") {
            for key in Keys::new().0.iter().filter(|it| !NOT_KEPT.contains(&&*it.name)) {
                let mut words = given(key, run);
                if key.name == "joblog" {
                    words.iter_mut().for_each(|it| *it = from_anywhere(it));
                }
                if !words.is_empty() {
                    let value = shown(key, &words, SECRET.contains(&&*key.name));
                    text += &format!("{} = {}\n", key.name, toml::value(&value));
                }
            }
        }
        plugins.tables().iter().for_each(|it| text += &format!("[{it}]\n"));
        Ok(Self(text))
    }

    pub(crate) fn is_in(workdir: &Path) -> bool {
        workdir.join(NAME).exists()
    }

    /// Writes them, for their owner alone; whoever reads finds the old ones or these.
    pub(crate) fn write(&self, workdir: &Path) -> Result<()> {
        let path = workdir.join(NAME);
        self.replace(&path)
            .with_context(|| format!("cannot write the options of the run to {}", path.display()))
    }

    fn replace(&self, path: &Path) -> io::Result<()> {
        let new = path.with_extension("toml.new");
        let mut file = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&new)?;
        file.write_all(self.0.as_bytes())?;
        fs::rename(new, path)
    }
}

impl Before {
    /// `None`: nothing was kept.
    pub(crate) fn read(workdir: &Path) -> Result<Option<Self>> {
        let (path, keys) = (workdir.join(NAME), Keys::new());
        if !path.exists() {
            return Ok(None);
        }
        let file = file::read(&path, &keys)?;
        let of_runs = file.options.iter().filter(|(name, _)| !SECRET.contains(&&***name));
        let words = of_runs.filter_map(|(name, value)| Some(value.spelled(keys.find(name)?.0)));
        let words = words.flatten().map(OsString::from).collect();
        Ok(Some(Self { words, plugins: file.plugins }))
    }
}

impl Before {
    /// What was kept of `--kill-grace`.
    pub(crate) fn kill_grace(&self) -> Option<Duration> {
        let words = ["xqute", "run"].map(OsString::from).into_iter().chain(self.words.iter().cloned());
        match Args::try_parse_from(words).ok()?.verb {
            Verb::Run(run) => run.kill_grace,
            _ => None,
        }
    }
}

/// The same file, `FILE` or `+FILE`, whatever directory `xqute resume` is called in.
fn from_anywhere(file: &str) -> String {
    let (plus, path) = file.strip_prefix('+').map_or(("", file), |path| ("+", path));
    match std::path::absolute(path) {
        Ok(path) => format!("{plus}{}", path.display()),
        Err(_) => file.to_owned(),
    }
}

/// What is typed behind an option, of a command line on which settings are typed, too.
fn given(key: &Key, run: &ArgMatches) -> Vec<String> {
    let is_on = |id: &str| run.try_get_one::<bool>(id).ok().flatten() == Some(&true);
    match key.kind {
        Kind::Flag if is_on(&key.id) => vec!["true".to_owned()],
        Kind::Flag if is_on(&format!("no_{}", key.id)) => vec!["false".to_owned()],
        Kind::Flag => Vec::new(),
        Kind::Count => Some(run.get_count(&key.id)).filter(|it| *it > 0).iter().map(u8::to_string).collect(),
        _ if run.value_source(&key.id) != Some(ValueSource::CommandLine) => Vec::new(),
        _ => run.get_raw(&key.id).into_iter().flatten().map(|it| it.to_string_lossy().into_owned()).collect(),
    }
}
