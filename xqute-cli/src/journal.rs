//! `xqute journal`: what is written down about a run, record by record?

use std::io::Write;

use anyhow::Result;
use clap::Parser;
use serde_json::{Map, Value};
use xqute::{Entries, Entry, Fact, utc};

use crate::answer::{json, to_stdout};
use crate::plain;

/// What is at the head of each line, or stands for the job.
const HEAD: [&str; 6] = ["at", "bytes", "when", "index", "attempt", "record"];

#[derive(Debug, Parser)]
#[command(after_help = "\
Examples:
  xqute journal                     what happened, in the order in which it was written
  xqute journal --json              an object a line

A line is a time, the job and its attempt, the record, and what it says. Nothing is locked or changed: it may be asked while
a run goes on. What cannot be read stands in its place, with its length; `xqute check` says what that means.

The JSON has, of each record, `at` and `bytes` (where it is in the file), `when` (milliseconds since 1970), `index`, `attempt`
(from 1, in its run), `record`, and by that: `run` (`id`, `version`, `scheduler`, `host`, `pid`), `run_in` (`cwd`), `rules`
(`forks`, `retries`, `timeout`, `halt`, `held`: what holds starts back), `fed` (`name`, `argv`, `cwd`), `environment` (`names`;
values are not kept), `submitting`, `submitted` (`jid`), `started`, `failed` (`why`, `rc`, `usage`: CPU seconds and peak memory), `retry` (`used` of `retries`, `wait`),
`gave_up` (`used`, `retries`, `covered`: whether those are for such a failure), `ended` (`state`, `why`, `rc`, `usage`), `unstarted`
(`why`), `stopped` (`why`, `by`: because of which job), `waits` (`on`: for which jobs), `done`, `compacted` (`records` that were left out), `terms`
(`tags`, `timeout`, `retries` of the job itself), `after` (`on`, `any`: the jobs that it was fed to wait for), `list_ended` (`jobs`), `files` (`inputs`,
`outputs`: those that the job was said to read and write), `held` (by `plugin`, `why`, and after which `wait` it is asked again), `unreadable`. Times of
waiting are milliseconds. What is not known is null.

Exit codes: 0 it was told, 2 there is no such run.")]
pub(crate) struct Args {
    #[command(flatten)]
    place: crate::args::Place,
    /// Tell each record as a JSON object
    #[arg(long)]
    json: bool,
}

/// Prints it.
pub(crate) fn show(args: &Args) -> Result<u8> {
    let entries = Entries::open(args.place.workdir()?)?;
    to_stdout(|out| {
        for entry in entries {
            let entry = entry?;
            if args.json { json(out, &entry)? } else { line(&entry, out)? }
        }
        Ok(())
    })
}

fn line(entry: &Entry, out: &mut dyn Write) -> Result<()> {
    let time = entry.when.map_or_else(|| "-".to_owned(), utc);
    let job = match (entry.index, entry.attempt) {
        (Some(index), Some(attempt)) => format!("job {index}, attempt {attempt}"),
        (Some(index), None) => format!("job {index}"),
        (None, _) => "-".to_owned(),
    };
    if entry.fact == Fact::Unreadable {
        let Entry { at, bytes, .. } = entry;
        return Ok(writeln!(out, "{time:<23}  {job:<20}  {bytes} bytes from byte {at} on cannot be read")?);
    }
    let told = serde_json::to_value(entry)?;
    let told = told.as_object().cloned().unwrap_or_default();
    let record = told.get("record").and_then(Value::as_str).unwrap_or_default().replace('_', " ");
    let line = format!("{time:<23}  {job:<20}  {record}{}", words(&told));
    Ok(writeln!(out, "{}", plain::whole(&line))?)
}

/// What a record says, in the order of its names.
fn words(told: &Map<String, Value>) -> String {
    let said = told.iter().filter(|(name, value)| !HEAD.contains(&name.as_str()) && !is_nothing(value));
    // What it used is in the JSON, and for people in `xqute status INDEX`.
    let said = said.filter(|(_, value)| !value.is_object());
    said.map(|(name, value)| format!("  {name}: {}", word(value))).collect()
}

fn is_nothing(value: &Value) -> bool {
    value.is_null() || value.as_str() == Some("")
}

fn word(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(words) => {
            let texts: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
            // Numbers are no words of a command.
            xqute::Argv::new(&texts).map_or_else(|_| value.to_string(), |it| it.to_string())
        }
        other => other.to_string(),
    }
}
