//! `xqute explain`: why does a job wait, or why did it end as it did? What the journal has, and nothing else.

use std::io::Write;

use anyhow::{Result, bail};
use clap::Parser;
use serde::Serialize;
use xqute::{Entries, JobState, JobView, WorkDirView, utc};

use crate::answer::{json, to_stdout};
use crate::plain;
use crate::status::{command, meant, why};

mod history;
mod reasons;

use history::{Attempt, History};
use reasons::{Around, reasons};

#[derive(Debug, Parser)]
#[command(after_help = "\
Examples:
  xqute explain 3                   its attempts, and why it is what it is
  xqute explain 3 --json            one object

The JSON is one object: `index`, `state`, `command`, `reasons` (sentences), `plugin` and `reason` (who vetoed, skipped,
rejected or holds it), `attempts`, and `compacted` (whether the journal was written anew since: then earlier attempts may be missing). An
attempt has `run`, `attempt` (from 1, in its run), `jid`, `submitted`, `started`, `ended`, `seconds`, `state`, `why`, `rc`, and
where it failed `used` of `retries`, `covered` (whether those are for such a failure), and `next` (when the next one was due).
Times are milliseconds since 1970. What is not known is null.

Exit codes: 0 it was told, 2 there is no such run or job.")]
pub(crate) struct Args {
    #[command(flatten)]
    place: crate::args::Place,
    /// Tell it as one JSON object
    #[arg(long)]
    json: bool,
    /// The job
    #[arg(value_name = "INDEX")]
    index: usize,
}

#[derive(Debug, Serialize)]
struct Explained<'a> {
    index: usize,
    state: &'static str,
    command: String,
    reasons: Vec<String>,
    plugin: Option<&'a str>,
    reason: Option<&'a str>,
    attempts: &'a [Attempt],
    compacted: bool,
}

/// Tells it.
pub(crate) fn show(args: &Args) -> Result<u8> {
    let workdir = args.place.workdir()?;
    let mut view = WorkDirView::open(&workdir)?;
    meant(&view, &[args.index..=args.index])?;
    let Some(mut job) = view.job(args.index)? else { bail!("there is no job {}", args.index) };
    let history = History::read(Entries::open(&workdir)?, args.index)?;
    job.why = why(&job, &view.files(job.index));
    let around = Around::of(&view, &history, job.index);
    let told = job.why.clone().unwrap_or_default();
    let judged = judged(&told);
    let explained = Explained {
        index: job.index,
        state: job.state.name(),
        command: command(&job),
        reasons: reasons(&job, &history, &around),
        plugin: judged.map(|(plugin, _)| plugin),
        reason: judged.map(|(_, reason)| reason),
        attempts: &history.attempts,
        compacted: history.compacted,
    };
    to_stdout(|out| if args.json { json(out, &explained) } else { text(&job, &explained, out) })
}

/// The plugin that decided, and its reason, as an [`Outcome`](xqute::Outcome) tells them.
fn judged(why: &str) -> Option<(&str, &str)> {
    let told = ["skipped by plugin `", "vetoed by plugin `", "rejected by plugin `", "held by plugin `"];
    let (_, rest) = told.iter().find_map(|told| why.split_once(told))?;
    rest.split_once("`: ")
}

fn text(job: &JobView, explained: &Explained<'_>, out: &mut dyn Write) -> Result<()> {
    let is = match job.state {
        JobState::Succeeded | JobState::Failed => "",
        JobState::Killed | JobState::Cancelled => "was ",
        _ => "is ",
    };
    writeln!(out, "job {} {is}{}: {}", job.index, job.state, plain::whole(&explained.command))?;
    for reason in &explained.reasons {
        writeln!(out, "  {}", plain::whole(reason))?;
    }
    let mut run = None;
    for attempt in explained.attempts {
        if run != Some(&attempt.run) {
            writeln!(out, "run {}:", plain::whole(&attempt.run))?;
            run = Some(&attempt.run);
        }
        writeln!(out, "  {}", plain::whole(&line(attempt)))?;
    }
    if explained.compacted {
        writeln!(out, "The journal was written anew since it was begun: earlier attempts may be missing.")?;
    }
    Ok(())
}

fn line(attempt: &Attempt) -> String {
    let Attempt { attempt: number, started, ended, seconds, state, why, next, .. } = attempt;
    let mut line = match number {
        Some(number) => format!("attempt {number}: "),
        None => "not submitted: ".to_owned(),
    };
    if let Some(started) = started {
        line.push_str(&format!("began {}, ", utc(*started)));
    }
    match (ended, seconds) {
        (Some(_), Some(seconds)) => line.push_str(&format!("{state} after {seconds:.3} s")),
        (Some(ended), None) => line.push_str(&format!("{state} {}", utc(*ended))),
        (None, _) => line.push_str(state),
    }
    if let Some(why) = why.as_deref().filter(|why| !why.is_empty()) {
        line.push_str(&format!(": {}", why.strip_prefix(&format!("{state}: ")).unwrap_or(why)));
    }
    if let Some(rule) = history::rule(attempt) {
        line.push_str(&format!("; {rule}"));
    }
    if let Some(next) = next {
        line.push_str(&format!(", the next one due {}", utc(*next)));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_decided_is_read_as_it_is_told() {
        assert_eq!(judged("cancelled: vetoed by plugin `a-b`: no: disk"), Some(("a-b", "no: disk")));
        assert_eq!(judged("skipped by plugin `a`: there"), Some(("a", "there")));
        assert_eq!(judged("failed: rejected by plugin `a`: empty"), Some(("a", "empty")));
        assert_eq!(judged("held by plugin `a`: no disk"), Some(("a", "no disk")));
        assert_eq!(judged("failed: exit code 3"), None);
    }
}
