//! `xqute status`: what became of the jobs in a work directory?

use std::io::Write;

use anyhow::{Result, bail};
use clap::Parser;
use serde::Serialize;
use xqute::{JobState, JobView, PeakMemory, RunView, WorkDirView, utc};

use crate::answer::to_stdout;

/// How many bad jobs are listed unless all are asked for.
const LISTED: usize = 20;

#[derive(Debug, Parser)]
#[command(after_help = "\
Nothing is locked or changed: it may be asked while a run goes on.

The JSON is one object: `workdir`, `live` (whether a run goes on there), `runs` (`id`, `version`, `scheduler`, `host`,
`pid`, `began`, `done`, `alive`), `counts` (by state, and `total`), `jobs`: those asked for, else all that failed, were
killed or cancelled. A job has `index`, `name`, `argv`, `argv_lossy` (whether bytes of it that are no text were replaced),
`cwd`, `state`, `attempts`, `why`, `rc`, `jid`, `started`, `ended`, `cpu_seconds`, `peak_memory_bytes`,
`peak_memory_exact`, `path`. What is not known is null. Times are milliseconds since 1970.

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
    /// The jobs to tell all about
    #[arg(value_name = "INDEX")]
    indices: Vec<usize>,
}

/// What JSON has before the jobs.
#[derive(Debug, Serialize)]
struct Head {
    workdir: String,
    live: bool,
    runs: Vec<Ran>,
    counts: Counts,
}

#[derive(Debug, Serialize)]
struct Ran {
    id: String,
    version: String,
    scheduler: String,
    host: String,
    pid: u32,
    began: u64,
    done: Option<u64>,
    alive: Option<bool>,
}

#[derive(Debug, Default, Serialize)]
struct Counts {
    queued: usize,
    submitted: usize,
    running: usize,
    retrying: usize,
    unfinished: usize,
    succeeded: usize,
    failed: usize,
    killed: usize,
    cancelled: usize,
    total: usize,
}

/// A job, as JSON tells of it.
#[derive(Debug, Serialize)]
pub(crate) struct Told {
    index: usize,
    name: Option<String>,
    argv: Vec<String>,
    argv_lossy: bool,
    cwd: Option<String>,
    state: &'static str,
    attempts: u32,
    why: Option<String>,
    rc: Option<i32>,
    jid: Option<String>,
    started: Option<u64>,
    ended: Option<u64>,
    cpu_seconds: Option<f64>,
    peak_memory_bytes: Option<u64>,
    peak_memory_exact: Option<bool>,
    path: String,
}

/// Tells it.
pub(crate) fn show(args: &Args) -> Result<u8> {
    let mut view = WorkDirView::open(&args.place.workdir()?)?;
    let wanted = if args.indices.is_empty() { bad(&view) } else { args.indices.clone() };
    known(&view, &wanted)?;
    to_stdout(
        |out| if args.json { as_json(&mut view, &wanted, out) } else { text(&mut view, args, &wanted, out) },
    )
}

/// Refuses the first job that there is not, with what there is.
pub(crate) fn known(view: &WorkDirView, wanted: &[usize]) -> Result<()> {
    let Some(missing) = wanted.iter().find(|it| **it >= view.len()) else { return Ok(()) };
    match view.len() {
        0 => bail!("there is no job {missing}: the run has none yet"),
        1 => bail!("there is no job {missing}: the only one is 0"),
        some => bail!("there is no job {missing}: they are numbered from 0 to {}", some - 1),
    }
}

fn bad(view: &WorkDirView) -> Vec<usize> {
    view.states().enumerate().filter(|(_, state)| state.is_bad()).map(|(index, _)| index).collect()
}

/// Job by job: there may be a million.
fn as_json(view: &mut WorkDirView, wanted: &[usize], out: &mut dyn Write) -> Result<()> {
    let head = serde_json::to_string(&Head::of(view))?;
    write!(out, "{},\"jobs\":[", head.strip_suffix('}').unwrap_or(&head))?;
    let mut gap = "";
    for index in wanted {
        let path = view.files(*index).metadir();
        if let Some(job) = view.job(*index)? {
            write!(out, "{gap}{}", serde_json::to_string(&Told::of(job, &path.to_string_lossy()))?)?;
            gap = ",";
        }
    }
    Ok(writeln!(out, "]}}")?)
}

fn text(view: &mut WorkDirView, args: &Args, wanted: &[usize], out: &mut dyn Write) -> Result<()> {
    if !args.indices.is_empty() {
        return wanted.iter().try_for_each(|index| detail(view, *index, out));
    }
    let all = if args.failed { wanted.len() } else { LISTED };
    if !args.failed {
        writeln!(out, "{}", Counts::of(view).line())?;
        for run in view.runs() {
            writeln!(out, "{}", line(run))?;
        }
    }
    for index in wanted.iter().take(all) {
        brief(view, *index, out)?;
    }
    if wanted.len() > all {
        writeln!(out, "and {} more: `xqute status --failed` lists all", wanted.len() - all)?;
    }
    Ok(())
}

fn brief(view: &mut WorkDirView, index: usize, out: &mut dyn Write) -> Result<()> {
    let path = view.files(index).metadir();
    let Some(job) = view.job(index)? else { return Ok(()) };
    let why = job.why.as_deref().unwrap_or(job.state.name());
    Ok(writeln!(out, "job {index} {why}: {}\n  {}", command(&job), path.display())?)
}

fn detail(view: &mut WorkDirView, index: usize, out: &mut dyn Write) -> Result<()> {
    let path = view.files(index).metadir();
    let Some(job) = view.job(index)? else { return Ok(()) };
    writeln!(out, "job {index} is {}", job.state)?;
    let mut row = |name: &str, value: Option<String>| match value {
        Some(value) => writeln!(out, "  {name:<9} {value}"),
        None => Ok(()),
    };
    row("name", job.name.clone())?;
    row("command", Some(command(&job)))?;
    row("cwd", job.cwd.as_ref().map(|it| it.display().to_string()))?;
    row("attempts", Some(job.attempts.to_string()))?;
    row("why", job.why.clone())?;
    row("exit code", job.rc.map(|it| it.to_string()))?;
    row("id", job.jid.clone())?;
    row("started", job.started.map(utc))?;
    row("ended", job.ended.map(utc))?;
    row("took", took(&job).map(|it| format!("{it:.3} s")))?;
    row("cpu", job.usage.map(|it| format!("{:.3} s", it.cpu().as_secs_f64())))?;
    row("memory", job.usage.map(|it| it.peak_memory.to_string()))?;
    row("files", Some(path.display().to_string()))?;
    Ok(())
}

fn took(job: &JobView) -> Option<f64> {
    Some(job.ended?.checked_sub(job.started?)? as f64 / 1000.0)
}

fn command(job: &JobView) -> String {
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

impl Head {
    fn of(view: &WorkDirView) -> Self {
        let workdir = view.files(0).workdir().to_string_lossy().into_owned();
        let runs = view.runs().cloned().map(Into::into).collect();
        Self { workdir, live: view.is_live(), runs, counts: Counts::of(view) }
    }
}

impl From<RunView> for Ran {
    fn from(run: RunView) -> Self {
        let RunView { id, version, scheduler, host, pid, began, done, alive, .. } = run;
        Self { id, version, scheduler, host, pid, began, done, alive }
    }
}

impl Told {
    /// `path`: where the job's files are.
    pub(crate) fn of(job: JobView, path: &str) -> Self {
        let memory = job.usage.map(|it| it.peak_memory);
        Self {
            index: job.index,
            name: job.name,
            argv: job.argv.iter().map(|it| it.to_string_lossy().into_owned()).collect(),
            argv_lossy: job.argv.iter().any(|it| it.to_str().is_none()),
            cwd: job.cwd.map(|it| it.to_string_lossy().into_owned()),
            state: job.state.name(),
            attempts: job.attempts,
            why: job.why,
            rc: job.rc,
            jid: job.jid,
            started: job.started,
            ended: job.ended,
            cpu_seconds: job.usage.map(|it| it.cpu().as_secs_f64()),
            peak_memory_bytes: memory.map(PeakMemory::bytes),
            peak_memory_exact: memory.map(|it| matches!(it, PeakMemory::Exactly(_))),
            path: path.to_owned(),
        }
    }
}

impl Counts {
    fn of(view: &WorkDirView) -> Self {
        let mut counts = Self { total: view.len(), ..Self::default() };
        for state in view.states() {
            *match state {
                JobState::Submitted => &mut counts.submitted,
                JobState::Running => &mut counts.running,
                JobState::Retrying => &mut counts.retrying,
                JobState::Unfinished => &mut counts.unfinished,
                JobState::Succeeded => &mut counts.succeeded,
                JobState::Failed => &mut counts.failed,
                JobState::Killed => &mut counts.killed,
                JobState::Cancelled => &mut counts.cancelled,
                _ => &mut counts.queued,
            } += 1;
        }
        counts
    }

    /// Those that are not 0.
    fn line(&self) -> String {
        let all = [
            (self.queued, "queued"),
            (self.submitted, "submitted"),
            (self.running, "running"),
            (self.retrying, "retrying"),
            (self.unfinished, "unfinished"),
            (self.succeeded, "succeeded"),
            (self.failed, "failed"),
            (self.killed, "killed"),
            (self.cancelled, "cancelled"),
        ];
        let some: Vec<String> = all
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, name)| format!("{count} {name}"))
            .collect();
        let jobs = if self.total == 1 { "job" } else { "jobs" };
        let gap = if some.is_empty() { "" } else { ": " };
        format!("{} {jobs}{gap}{}", self.total, some.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_tell_what_there_is() {
        let counts = Counts { running: 1, failed: 2, total: 3, ..Counts::default() };
        assert_eq!(counts.line(), "3 jobs: 1 running, 2 failed");
        assert_eq!(Counts::default().line(), "0 jobs");
    }
}
