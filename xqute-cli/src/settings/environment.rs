//! What does the environment set? `XQUTE_` and the name of an option; what begins so and is none is a mistake.

use std::env;
use std::ffi::OsString;

use anyhow::{Context, Result, anyhow, bail};

use super::check;
use super::keys::{Key, Keys, Kind, variable};
use super::level::{self, Level, Value};

const PREFIX: &str = "XQUTE_";

/// What is read elsewhere, and what every job, or command of the plugin `exec`, is given: it may call xqute.
const KNOWN: [&str; 7] = [
    "XQUTE_CONFIG",
    "XQUTE_PROFILE",
    "XQUTE_LOG",
    "XQUTE_JOB_INDEX",
    "XQUTE_METADIR",
    "XQUTE_JOB_METADIR",
    "XQUTE_HOOK",
];

/// Reads all of it.
pub(super) fn read(keys: &Keys) -> Result<Level> {
    // Sorted, so that the same mistake is told each time.
    let mut variables: Vec<(String, OsString)> = env::vars_os()
        .filter_map(|(name, text)| Some((name.into_string().ok()?, text)))
        .filter(|(name, _)| name.starts_with(PREFIX) && !KNOWN.contains(&&**name))
        .collect();
    variables.sort_unstable();
    let mut level = Level::new();
    for (name, text) in variables {
        let (key, off) = option(keys, &name)?;
        let text = text.into_string().ok().with_context(|| format!("the variable {name} is no text"))?;
        let value = Value { words: words(key, off, text, &name)?, from: name };
        check(key, &value)?;
        level::put(&mut level, key, value)?;
    }
    level::check(&level)?;
    Ok(level)
}

/// The option that a variable sets, and whether that is its other side.
fn option<'k>(keys: &'k Keys, name: &str) -> Result<(&'k Key, bool)> {
    let bare = name.strip_prefix(PREFIX).unwrap_or(name);
    let lower = bare.to_lowercase().replace('_', "-");
    match keys.find(&lower) {
        Some((key, _)) if key.variable().is_none() => {
            bail!("the variable {name}: `{}` is a list, so write it into xqute.toml, or type it", key.name)
        }
        Some(found) if *bare == *bare.to_uppercase() => return Ok(found),
        _ => {}
    }
    let known: Vec<String> = KNOWN
        .iter()
        .filter_map(|it| it.strip_prefix(PREFIX))
        .map(|it| it.to_lowercase().replace('_', "-"))
        .collect();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let near = keys.near(&lower, &known);
    let hint = match near {
        Some(near) => format!("did you mean {}?", variable(near)),
        None => "`xqute run --help` lists the options; unset it, or name it otherwise".to_owned(),
    };
    Err(anyhow!("the variable {name} sets no option of `xqute run`: {hint}"))
}

fn words(key: &Key, off: bool, text: String, name: &str) -> Result<Vec<String>> {
    match key.kind {
        Kind::Flag => match &*text {
            "1" | "true" | "yes" => Ok(vec![(!off).to_string()]),
            "" | "0" | "false" | "no" => Ok(vec![off.to_string()]),
            _ => bail!("the variable {name} is `{text}`: write 1 or 0"),
        },
        Kind::FlagOrText => match &*text {
            "1" | "true" | "yes" => Ok(vec![(!off).to_string()]),
            "" | "0" | "false" | "no" => Ok(vec![off.to_string()]),
            _ if off => bail!("the variable {name} is `{text}`: write 1 or 0"),
            _ => Ok(vec![text]),
        },
        Kind::Count => match &*text {
            "true" | "yes" => Ok(vec!["1".to_owned()]),
            "" | "false" | "no" => Ok(vec!["0".to_owned()]),
            _ if text.parse::<u8>().is_ok() => Ok(vec![text]),
            _ => bail!("the variable {name} is `{text}`: write how often, from 0 to 255"),
        },
        Kind::List => Ok(text.split(',').map(str::to_owned).collect()),
        _ => Ok(vec![text]),
    }
}
