//! `xqute status`: what became of the jobs in a work directory?

use std::io::Write;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Result, bail};
use clap::Parser;
use xqute::{JobFiles, JobState, JobView, RunView, Stream, WorkDirView, script, utc};

use crate::answer::{hint, to_stdout};
use crate::{attend, options, plain};

mod hooks;
mod told;

pub(crate) use told::{Common, Counts};
use told::{Head, Told};

/// How many bad jobs are listed unless all are asked for,
const LISTED: usize = 20;
/// and how many characters of a command.
const WIDTH: usize = 200;
/// So much of the end of a script's log is read.
const TAIL: u64 = 1 << 16;

#[derive(Debug, Parser)]
#[command(after_help = "\
Nothing is locked or changed: it may be asked while a run goes on.

A job that was cancelled or killed because its run was stopped is run again when the same list is, and so is one that is
unfinished: how it ended was not written down, because the program ended before it did.

The JSON is one object: `workdir`, `live` (whether a run goes on there), `whole` (whether the list of jobs
was read to its end; if not, and no run goes on, the command has to be repeated to run the rest), `runs` (`id`, `version`, `scheduler`, `host`, `pid`,
 `cwd`, `began`, `done`, `alive`), `counts` (`queued`, `held`, `submitted`, `running`, `retrying`, `unfinished`,
`succeeded`, `failed`, `killed`, `cancelled`, `total`), `hooks` (see below), `jobs`: those asked for (--all, --running, INDEX), else all that
failed, were killed or cancelled. A job has `index`, `name`, `argv`, `argv_lossy` (whether bytes of it that are no text were replaced), `cwd`,
`env` (the names of its variables), `inputs` and `outputs` (the files that it was said to read and write), `state`,
`runs_again` (whether the next run of the list runs it unasked), `attempts`, `why`, `rc`, `jid`, `started`, `ended`,
`cpu_seconds`, `peak_memory_bytes`, `peak_memory_exact`, `path`. What is not
known is null. Times are milliseconds since 1970.

Where a run of `xqute` goes on, it is asked which calls of hooks wait at this moment: `hooks` is a list of `plugin`, `hook`, `calls`. One that blocks
its thread is not told; if these hold up all threads, the run does not answer. Without an answer it is null.

Exit codes: 0 it was told, 2 there is no such run or job.")]
pub(crate) struct Args {
    #[command(flatten)]
    place: crate::args::Place,
    /// Tell it as one JSON object
    #[arg(long)]
    json: bool,
    /// List every job that failed, was killed or cancelled, instead of the first 20, and nothing else
    #[arg(long, conflicts_with = "indices")]
    failed: bool,
    /// List every job that runs, with how long it has, and nothing else
    #[arg(long, conflicts_with_all = ["indices", "failed"])]
    running: bool,
    /// List every job, a line each: index, state, exit code, seconds, command
    #[arg(long, conflicts_with_all = ["indices", "failed", "running"])]
    all: bool,
    /// The jobs to tell all about, as `3` or `0-3,7`
    #[arg(value_name = "INDEX", value_delimiter = ',', value_parser = options::indices)]
    indices: Vec<RangeInclusive<usize>>,
}

impl Args {
    fn wanted(&self, view: &WorkDirView) -> Result<Vec<usize>> {
        match () {
            () if !self.indices.is_empty() => meant(view, &self.indices),
            () if self.all => Ok((0..view.len()).collect()),
            () if self.running => Ok(in_state(view, is_running)),
            () => Ok(in_state(view, JobState::is_bad)),
        }
    }
}

/// Tells it.
pub(crate) fn show(args: &Args) -> Result<u8> {
    let mut view = WorkDirView::open(&args.place.workdir()?)?;
    let wanted = args.wanted(&view)?;
    to_stdout(
        |out| if args.json { as_json(&mut view, &wanted, out) } else { text(&mut view, args, wanted, out) },
    )
}

/// The jobs that were named. Refuses the first that there is not, with what there is.
pub(crate) fn meant(view: &WorkDirView, wanted: &[RangeInclusive<usize>]) -> Result<Vec<usize>> {
    let missing = wanted.iter().find(|it| *it.end() >= view.len()).map(|it| *it.start().max(&view.len()));
    let Some(missing) = missing else { return Ok(wanted.iter().cloned().flatten().collect()) };
    match view.len() {
        0 => bail!("there is no job {missing}: the run has none yet"),
        1 => bail!("there is no job {missing}: the only one is 0"),
        some => bail!("there is no job {missing}: they are numbered from 0 to {}", some - 1),
    }
}

/// Those in a state that is asked for.
pub(crate) fn in_state(view: &WorkDirView, is: fn(JobState) -> bool) -> Vec<usize> {
    view.states().enumerate().filter(|(_, state)| is(*state)).map(|(index, _)| index).collect()
}

fn is_running(state: JobState) -> bool {
    state == JobState::Running
}

/// Why a job ended as it did, or is unfinished: what the journal has, and what its script's log has beside that.
pub(crate) fn why(job: &JobView, files: &JobFiles) -> Option<String> {
    let why = match job.state {
        JobState::Unfinished => return Some("unfinished: the program ended before it did".to_owned()),
        _ => job.why.as_deref()?,
    };
    if job.state != JobState::Failed {
        return Some(why.to_owned());
    }
    Some(gave_up(why, files).unwrap_or_else(|| why.to_owned()))
}

/// The exit code is that of a text before the command.
pub(crate) fn gave_up(why: &str, files: &JobFiles) -> Option<String> {
    let bytes = plain::end_of(files, Stream::Script, TAIL).ok()?;
    let log = String::from_utf8_lossy(&bytes);
    let place = script::not_run(&log)?;
    let (code, _text) = place.split_once(" in ")?;
    Some(format!("{}{place}: the command was not run", why.strip_suffix(code)?))
}

/// Job by job: there may be a million.
fn as_json(view: &mut WorkDirView, wanted: &[usize], out: &mut dyn Write) -> Result<()> {
    let head = serde_json::to_string(&Head::of(view))?;
    write!(out, "{},\"jobs\":[", head.strip_suffix('}').unwrap_or(&head))?;
    let mut gap = "";
    for index in wanted {
        let files = view.files(*index);
        if let Some(job) = view.job(*index)? {
            write!(out, "{gap}{}", serde_json::to_string(&Told::of(job, &files))?)?;
            gap = ",";
        }
    }
    Ok(writeln!(out, "]}}")?)
}

fn text(view: &mut WorkDirView, args: &Args, mut wanted: Vec<usize>, out: &mut dyn Write) -> Result<()> {
    if !args.indices.is_empty() {
        return wanted.iter().try_for_each(|index| detail(view, *index, out));
    }
    if args.all || args.running {
        return wanted.iter().try_for_each(|index| row(view, *index, args.all, out));
    }
    let all = if args.failed { wanted.len() } else { LISTED };
    if !args.failed {
        writeln!(out, "{}", Counts::of(view).line())?;
        for run in view.runs() {
            writeln!(out, "{}", plain::whole(&line(run)))?;
        }
        let workdir = args.place.workdir()?;
        let left = attend::still_running(view, &workdir);
        let jobs = if view.is_live() { in_state(view, is_running) } else { left };
        running(view, args, &jobs, out)?;
        held(view, args, out)?;
        hooks::tell(view, out)?;
        // There may be many, and of what failed more is to be learned.
        wanted.sort_by_key(|index| view.state(*index) == Some(JobState::Cancelled));
    }
    for index in wanted.iter().take(all) {
        brief(view, *index, out)?;
    }
    if wanted.len() > all {
        let see = hint(&["status", "--failed"], &args.place.workdir()?);
        writeln!(out, "and {} more: `{see}` lists all", wanted.len() - all)?;
    }
    if !args.failed && !view.is_live() {
        let left = attend::left(view, &args.place.workdir()?);
        for more in left.into_iter().chain(attend::cut(view)) {
            writeln!(out, "{more}")?;
        }
        again(view, out)?;
    }
    Ok(())
}

/// The first of those that run.
fn running(view: &mut WorkDirView, args: &Args, jobs: &[usize], out: &mut dyn Write) -> Result<()> {
    jobs.iter().take(LISTED).try_for_each(|index| row(view, *index, false, out))?;
    if jobs.len() > LISTED {
        let see = hint(&["status", "--running"], &args.place.workdir()?);
        writeln!(out, "and {} more that run: `{see}` lists all", jobs.len() - LISTED)?;
    }
    Ok(())
}

/// The first of those that a plugin holds, each with its reason.
fn held(view: &mut WorkDirView, args: &Args, out: &mut dyn Write) -> Result<()> {
    let jobs = in_state(view, |it| it == JobState::Held);
    for index in jobs.iter().take(LISTED) {
        let Some(job) = view.job(*index)? else { continue };
        let (why, command) = (job.why.as_deref().unwrap_or("held"), command(&job));
        writeln!(out, "job {index} is {}: {}", plain::line(why, WIDTH), plain::line(&command, WIDTH))?;
    }
    if jobs.len() > LISTED {
        let see = hint(&["status", "--all"], &args.place.workdir()?);
        writeln!(out, "and {} more that are held: `{see}` lists all jobs", jobs.len() - LISTED)?;
    }
    Ok(())
}

/// A job in one line: of one that runs, how long.
fn row(view: &mut WorkDirView, index: usize, all: bool, out: &mut dyn Write) -> Result<()> {
    let Some(job) = view.job(index)? else { return Ok(()) };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |it| it.as_millis() as u64);
    let so_far = || Some(now.saturating_sub(job.started?) as f64 / 1000.0);
    let seconds = if is_running(job.state) || !all { so_far() } else { took(&job) };
    let seconds = seconds.map_or_else(|| "-".to_owned(), |it| format!("{it:.1}"));
    let command = plain::line(&command(&job), WIDTH);
    if !all {
        return Ok(writeln!(out, "job {index} has run for {seconds} s: {command}")?);
    }
    let rc = job.rc.map_or_else(|| "-".to_owned(), |it| it.to_string());
    Ok(writeln!(out, "{index:>6} {:<10} {rc:>4} {seconds:>9} {command}", job.state.name())?)
}

/// What another run of the list runs unasked, and why.
fn again(view: &WorkDirView, out: &mut dyn Write) -> Result<()> {
    let all = view.run_again();
    let unfinished = view.states().filter(|it| *it == JobState::Unfinished).count();
    let parts = [
        (unfinished, "unfinished, because the program ended before"),
        (all - unfinished, "cancelled or killed because the run was stopped"),
    ];
    let parts = parts.iter().filter(|(count, _)| *count > 0);
    let parts: Vec<_> = parts.map(|(count, why)| format!("{count} {why}")).collect();
    if !parts.is_empty() {
        writeln!(out, "run the same list again to run what is left: {}", parts.join("; "))?;
    }
    Ok(())
}

fn brief(view: &mut WorkDirView, index: usize, out: &mut dyn Write) -> Result<()> {
    let files = view.files(index);
    let Some(job) = view.job(index)? else { return Ok(()) };
    let why = why(&job, &files).unwrap_or_else(|| job.state.name().to_owned());
    let (why, command) = (plain::line(&why, WIDTH), plain::line(&command(&job), WIDTH));
    Ok(writeln!(out, "job {index} {why}: {command}\n  {}", shown(&files.metadir()))?)
}

fn detail(view: &mut WorkDirView, index: usize, out: &mut dyn Write) -> Result<()> {
    let files = view.files(index);
    let Some(job) = view.job(index)? else { return Ok(()) };
    writeln!(out, "job {index} is {}", job.state)?;
    let mut row = |name: &str, value: Option<String>| match value {
        Some(value) => writeln!(out, "  {name:<9} {}", plain::whole(&value)),
        None => Ok(()),
    };
    let names: Vec<_> = job.env.iter().map(|it| it.to_string_lossy()).collect();
    row("name", job.name.clone())?;
    row("command", Some(command(&job)))?;
    row("cwd", job.cwd.as_ref().map(|it| it.display().to_string()))?;
    row("variables", (!names.is_empty()).then(|| names.join(" ")))?;
    row("reads", files_of(&job.inputs))?;
    row("writes", files_of(&job.outputs))?;
    row("attempts", Some(job.attempts.to_string()))?;
    row("why", why(&job, &files))?;
    row("again", job.runs_again.then(|| "run the same list again to run it again".to_owned()))?;
    row("exit code", job.rc.map(|it| it.to_string()))?;
    row("id", job.jid.clone())?;
    row("started", job.started.map(utc))?;
    row("ended", job.ended.map(utc))?;
    row("took", took(&job).map(|it| format!("{it:.3} s")))?;
    row("cpu", job.usage.map(|it| format!("{:.3} s", it.cpu().as_secs_f64())))?;
    row("memory", job.usage.map(|it| it.peak_memory.to_string()))?;
    row("files", Some(files.metadir().display().to_string()))?;
    Ok(())
}

/// Each as a shell would want it.
fn files_of(paths: &[PathBuf]) -> Option<String> {
    xqute::Argv::new(paths).ok().map(|it| it.to_string())
}

fn took(job: &JobView) -> Option<f64> {
    Some(job.ended?.checked_sub(job.started?)? as f64 / 1000.0)
}

fn shown(path: &Path) -> String {
    plain::whole(&path.display().to_string())
}

/// For people.
pub(crate) fn command(job: &JobView) -> String {
    xqute::Argv::new(job.argv.iter())
        .map_or_else(|_| "(its record cannot be read)".to_owned(), |it| it.to_string())
}

fn line(run: &RunView) -> String {
    let RunView { id, scheduler, host, pid, began, done, alive, .. } = run;
    let end = match (done, alive) {
        (Some(done), _) => format!("ended {}", utc(*done)),
        (None, Some(true)) => "goes on".to_owned(),
        (None, Some(false)) => "was ended before its end: its process is gone".to_owned(),
        (None, None) => "goes on, or its process is gone: that cannot be seen from this machine".to_owned(),
    };
    format!("run {id} on {scheduler}, process {pid} of {host}, began {}, {end}", utc(*began))
}
