//! `xqute config`: what is set, and where?

use anyhow::Result;
use clap::Parser;

use crate::answer::to_stdout;
use crate::args::Chosen;
use crate::settings::{Settings, Told, toml};

#[derive(Debug, Parser)]
#[command(after_help = "\
What is printed can be read again (`xqute run -c FILE`), but for what may be secret: of -e and -o only the names are shown,
of `[plugins.NAME]` nothing.")]
pub(crate) struct Args {
    #[command(flatten)]
    chosen: Chosen,
    /// One object
    #[arg(long)]
    json: bool,
}

/// Prints the effective options of `xqute run`, as far as nothing is typed.
pub(crate) fn show(args: &Args) -> Result<u8> {
    let mut settings = Settings::read(&args.chosen)?;
    settings.plugins.check()?;
    let text = if args.json { json(&settings) } else { as_toml(&settings)? };
    to_stdout(|out| Ok(out.write_all(text.as_bytes())?))
}

/// As xqute reads it.
fn as_toml(settings: &Settings) -> Result<String> {
    let options = settings.effective().into_iter().map(|Told { name, value, from }| {
        let line = match value {
            Some(value) => format!("{name} = {}", toml::value(&value)),
            None => format!("# {name} ="),
        };
        format!("{line:<32} # {from}\n")
    });
    let plugins = settings.plugins.values.keys().map(|name| {
        let name = toml::name(name);
        format!("{:<32} # its configuration is not shown: it may hold secrets\n", format!("[plugins.{name}]"))
    });
    let mut text: String = options.chain(plugins).collect();
    for (name, rule) in &settings.plugins.rules {
        text += &format!("[hooks.{}]\n", toml::name(name));
        rule.told()?.iter().for_each(|(key, value)| text += &format!("{key} = {value}\n"));
    }
    Ok(text)
}

fn json(settings: &Settings) -> String {
    let options: serde_json::Map<_, _> = settings
        .effective()
        .into_iter()
        .map(|it| (it.name, serde_json::json!({ "value": it.value, "from": it.from })))
        .collect();
    let plugins: Vec<_> = settings.plugins.values.keys().collect();
    format!("{}\n", serde_json::json!({ "options": options, "plugins": plugins }))
}
