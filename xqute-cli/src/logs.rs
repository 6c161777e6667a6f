//! `xqute logs`: what did jobs write?

use std::io::{self, Write};
use std::ops::RangeInclusive;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Parser;
use serde::Serialize;
use xqute::{JobState, Output, Stream, WorkDirError, WorkDirView};

use crate::answer::{hint, json, to_stdout};
use crate::options;
use crate::status::{command, in_state, meant, why};
use crate::{exit, plain, say};

mod tail;

use tail::Tail;

/// How often is looked whether there is more.
const PAUSE: Duration = Duration::from_millis(200);
/// So many characters of a command are in a line above its output.
const WIDTH: usize = 200;

#[derive(Debug, Parser)]
#[command(after_help = "\
What the job wrote to standard output goes to standard output. What it wrote to standard error goes to standard error, and
then what was around its command (--prescript, --postscript, plugins) wrote; where only that is asked for (--stderr,
--script), it goes to standard output. Where several jobs are told, a line stands before each.

The JSON is one object a job and line: `index`, `state`, `stdout`, `stderr`, `script` (null: it was not asked for, or the
job has none), `lossy` (whether bytes that are no text were replaced).

Exit codes: 0 it was told, 2 there is no such run, job or attempt.")]
pub(crate) struct Args {
    #[command(flatten)]
    place: crate::args::Place,
    /// Only what it wrote to standard output
    #[arg(long, conflicts_with_all = ["stderr", "script"])]
    stdout: bool,
    /// Only what it wrote to standard error
    #[arg(long, conflicts_with = "script")]
    stderr: bool,
    /// Only what was written around its command
    #[arg(long)]
    script: bool,
    /// What an earlier attempt wrote: 1 is the first of all runs [default: the last]
    #[arg(long, value_name = "N", value_parser = options::attempt, conflicts_with = "follow")]
    attempt: Option<usize>,
    /// Go on until the jobs have ended, or their run; without INDEX those that run now
    #[arg(short, long, conflicts_with = "json")]
    follow: bool,
    /// Tell it as JSON
    #[arg(long)]
    json: bool,
    /// The jobs, as `3` or `0-3,7` [default: those that failed or were killed]
    #[arg(value_name = "INDEX", value_delimiter = ',', value_parser = options::indices)]
    indices: Vec<RangeInclusive<usize>>,
}

/// A job's output, as JSON tells of it.
#[derive(Debug, Serialize)]
struct Told {
    index: usize,
    state: &'static str,
    stdout: Option<String>,
    stderr: Option<String>,
    script: Option<String>,
    lossy: bool,
}

/// Prints it.
pub(crate) fn show(args: &Args) -> Result<u8> {
    let mut view = WorkDirView::open(&args.place.workdir()?)?;
    let wanted = match args.indices.is_empty() {
        true if args.follow => in_state(&view, |it| it == JobState::Running),
        true => in_state(&view, |it| matches!(it, JobState::Failed | JobState::Killed)),
        false => meant(&view, &args.indices)?,
    };
    if wanted.is_empty() {
        let see = hint(&["logs", "INDEX"], &args.place.workdir()?);
        let none = if args.follow { "no job runs now" } else { "no job failed or was killed" };
        say(format_args!("{none}; `{see}` prints what another wrote"));
        return Ok(exit::SUCCESS);
    }
    to_stdout(|out| {
        if args.json {
            return wanted.iter().try_for_each(|index| json(out, &read(&view, *index, args)?));
        }
        let shown = Shown { several: wanted.len() > 1, last: None };
        match args.follow {
            true => follow(&mut view, &wanted, args, shown, out),
            false => print(&mut view, &wanted, args, shown, out),
        }?;
        wanted.iter().filter_map(|index| nothing(&view, *index)).for_each(|told| say(format_args!("{told}")));
        Ok(())
    })
}

/// Why there is nothing of a job, if there is nothing.
fn nothing(view: &WorkDirView, index: usize) -> Option<String> {
    let (files, state) = (view.files(index), view.state(index)?);
    let all = [Stream::Stdout, Stream::Stderr, Stream::Script];
    if all.iter().any(|it| files.follow(*it, None).is_ok_and(|it| it.is_some())) {
        return None;
    }
    Some(match state {
        JobState::Cancelled => format!("job {index} wrote nothing: it was cancelled before it ran"),
        _ if view.output(index) == Output::None => {
            format!("what job {index} writes is kept nowhere: it runs with `--output none`")
        }
        state if state.is_over() => {
            let dir = files.metadir();
            format!(
                "what job {index} wrote is not there any more: {}",
                plain::whole(&dir.display().to_string())
            )
        }
        state => format!("job {index} has written nothing yet: it is {state}"),
    })
}

/// Standard output, standard error, what was written around the command; `None`: that was not asked for.
fn wanted(args: &Args) -> [Option<Stream>; 3] {
    let all = !(args.stdout || args.stderr || args.script);
    [(args.stdout, Stream::Stdout), (args.stderr, Stream::Stderr), (args.script, Stream::Script)]
        .map(|(wanted, stream)| (all || wanted).then_some(stream))
}

/// What is shown of whom.
struct Shown {
    several: bool,
    /// The job whose output stands last.
    last: Option<usize>,
}

impl Shown {
    /// Where it was another job's turn, tells whose turn it is, as `tail` does.
    fn turn(&mut self, view: &mut WorkDirView, index: usize, out: &mut dyn Write) -> Result<()> {
        if !self.several || self.last == Some(index) {
            return Ok(());
        }
        let gap = if self.last.is_some() { "\n" } else { "" };
        self.last = Some(index);
        let files = view.files(index);
        let Some(job) = view.job(index)? else { return Ok(()) };
        let why = why(&job, &files).unwrap_or_else(|| job.state.name().to_owned());
        let why = why.strip_prefix("failed: ").unwrap_or(&why);
        let told = plain::line(&format!("{why}: {}", command(&job)), WIDTH);
        let line = format!("{gap}==> job {index}: {told} <==\n");
        out.write_all(line.as_bytes()).context("cannot write to standard output")
    }
}

fn print(
    view: &mut WorkDirView,
    wanted: &[usize],
    args: &Args,
    mut shown: Shown,
    out: &mut dyn Write,
) -> Result<()> {
    for index in wanted {
        let mut job = Followed::new(view, *index, args)?;
        shown.turn(view, *index, out)?;
        job.copy(view, &mut shown, out)?;
    }
    Ok(())
}

/// Each as it writes, until all have ended.
fn follow(
    view: &mut WorkDirView,
    wanted: &[usize],
    args: &Args,
    mut shown: Shown,
    out: &mut dyn Write,
) -> Result<()> {
    let jobs = wanted.iter().map(|index| Followed::new(view, *index, args));
    let mut jobs: Vec<_> = jobs.collect::<Result<_>>()?;
    let first = |view: &WorkDirView| view.runs().next().map(|it| it.id.clone());
    let begun = first(view);
    loop {
        // First whether it is over, then the rest: so nothing is missed that was written in between.
        match view.refresh() {
            Err(WorkDirError::NoRun { .. }) => replaced(args)?,
            refreshed => refreshed?,
        }
        if first(view) != begun {
            replaced(args)?;
        }
        let mut over = true;
        for job in jobs.iter_mut().filter(|it| !it.over) {
            job.over = view.state(job.index).is_none_or(JobState::is_over);
            job.copy(view, &mut shown, out)?;
            over &= job.over;
        }
        if over {
            return Ok(());
        }
        std::thread::sleep(PAUSE);
    }
}

fn replaced(args: &Args) -> Result<()> {
    let see = hint(&["status"], &args.place.workdir()?);
    bail!(
        "the run was removed while it was followed, perhaps by another with --fresh: `{see}` tells of that one"
    )
}

/// A job and how much of its output was shown.
struct Followed {
    index: usize,
    over: bool,
    stdout: Option<Tail>,
    errors: Vec<Tail>,
    /// Whether nothing else was asked for.
    only_errors: bool,
}

impl Followed {
    fn new(view: &WorkDirView, index: usize, args: &Args) -> Result<Self> {
        let files = view.files(index);
        let tail = |stream: Option<Stream>| -> Result<Option<Tail>> {
            stream.map(|it| Tail::new(&files, it, args.attempt)).transpose()
        };
        let [stdout, stderr, script] = wanted(args);
        let (stdout, errors) = (tail(stdout)?, [tail(stderr)?, tail(script)?]);
        let only_errors = args.stderr || args.script;
        Ok(Self { index, over: false, stdout, errors: errors.into_iter().flatten().collect(), only_errors })
    }

    /// Copies what there is more.
    fn copy(&mut self, view: &mut WorkDirView, shown: &mut Shown, out: &mut dyn Write) -> Result<()> {
        let index = self.index;
        if let Some(tail) = &mut self.stdout {
            tail.copy(|more| {
                shown.turn(view, index, out)?;
                out.write_all(more).context("cannot write to standard output")
            })?;
        }
        for tail in &mut self.errors {
            tail.copy(|more| {
                shown.turn(view, index, out)?;
                if self.only_errors {
                    return out.write_all(more).context("cannot write to standard output");
                }
                out.flush().context("cannot write to standard output")?;
                io::stderr().write_all(more).context("cannot write to standard error")
            })?;
        }
        out.flush().context("cannot write to standard output")
    }
}

fn read(view: &WorkDirView, index: usize, args: &Args) -> Result<Told> {
    let (files, mut lossy) = (view.files(index), false);
    let mut text = |stream: Option<Stream>| -> Result<Option<String>> {
        let Some(stream) = stream else { return Ok(None) };
        let mut tail = Tail::new(&files, stream, args.attempt)?;
        let mut bytes = Vec::new();
        tail.copy(|more| {
            bytes.extend_from_slice(more);
            Ok(())
        })?;
        if !tail.is_there() {
            return Ok(None);
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        lossy |= text.as_bytes() != bytes;
        Ok(Some(text))
    };
    let [stdout, stderr, script] = wanted(args);
    let (stdout, stderr, script) = (text(stdout)?, text(stderr)?, text(script)?);
    let state = view.state(index).map_or("", JobState::name);
    Ok(Told { index, state, stdout, stderr, script, lossy })
}
