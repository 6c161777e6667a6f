//! `xqute config`: what is set, and where?

use anyhow::Result;

use crate::answer::to_stdout;
use crate::args;
use crate::settings::Settings;

/// Prints the effective options of `xqute run`, as far as nothing is typed.
pub(crate) fn show(args: &args::Config) -> Result<u8> {
    let settings = Settings::read(&args.chosen)?;
    let text = if args.json { json(&settings) } else { toml(&settings) };
    to_stdout(|out| Ok(out.write_all(text.as_bytes())?))
}

fn toml(settings: &Settings) -> String {
    let mut lines: Vec<String> = settings
        .effective()
        .into_iter()
        .map(|(key, value, from)| {
            let (mark, line) =
                if value.is_empty() { ("# ", format!("{key} =")) } else { ("", format!("{key} = {value}")) };
            format!("{:<32} # {from}\n", format!("{mark}{line}"))
        })
        .collect();
    // Their values may be secrets.
    lines.extend(settings.plugins.keys().map(|name| format!("[plugins.{name}]\n")));
    lines.concat()
}

fn json(settings: &Settings) -> String {
    let options = settings.effective().into_iter().map(|(key, value, from)| {
        let value = if value.is_empty() {
            serde_json::Value::Null
        } else {
            serde_json::from_str(&value).unwrap_or_default()
        };
        (key.to_owned(), serde_json::json!({ "value": value, "from": from }))
    });
    let options: serde_json::Map<_, _> = options.collect();
    let plugins: Vec<_> = settings.plugins.keys().collect();
    format!("{}\n", serde_json::json!({ "options": options, "plugins": plugins }))
}
