//! `xqute kill`, `wait`, `attach`: what can be done about a run from elsewhere?

use std::io::{self, IsTerminal};
use std::ops::RangeInclusive;
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::Parser;
use xqute::backend::Local;
use xqute::{JobState, KillReason, WorkDirView, Xqute};

use crate::answer::hint;
use crate::control::{Asked, ask};
use crate::settings::Before;
use crate::status::{Counts, meant};
use crate::{args, conduct, exit, options, output, say};

/// How often is looked whether a run has ended.
const PAUSE: Duration = Duration::from_millis(100);

#[derive(Debug, Parser)]
#[command(after_help = "\
A job that runs is sent SIGTERM, with all that it has started, and SIGKILL after the run's grace; plugins may veto it. One that
waits is cancelled. Nothing is waited for: `xqute status` tells what came of it.

Where the run's program is gone, and its jobs still run, they are killed, and waited for; `xqute resume` goes on with the others, and, where
all were killed, with these too.

Exit codes: 0 the run was told, 2 there is no such run or job.")]
pub(crate) struct Kill {
    #[command(flatten)]
    pub(crate) place: args::Place,
    /// The jobs, as `3` or `0-3,7`; without one, the whole run: what waits is cancelled, what runs is killed
    #[arg(value_name = "INDEX", value_delimiter = ',', value_parser = options::indices)]
    pub(crate) indices: Vec<RangeInclusive<usize>>,
}

#[derive(Debug, Parser)]
#[command(after_help = "\
Exit codes: 0 all jobs of the run succeeded, 1 some did not, or its list of jobs was not read to its end, 2 there is no run.")]
pub(crate) struct Wait {
    #[command(flatten)]
    pub(crate) place: args::Place,
}

/// Has jobs killed, or the run.
pub(crate) fn kill(args: &Kill) -> Result<u8> {
    let workdir = args.place.workdir()?;
    let view = WorkDirView::open(&workdir)?;
    let indices = meant(&view, &args.indices)?;
    let asked = if indices.is_empty() { Asked::Cancel } else { Asked::Kill(indices) };
    if ask(&workdir, &asked)? {
        return Ok(exit::SUCCESS);
    }
    let running = still_running(&view, &workdir);
    if running.is_empty() {
        let see = hint(&["status"], &workdir);
        bail!("no run goes on in {}: `{see}` tells what became of the last one", workdir.display());
    }
    let (jobs, why) = if let Asked::Kill(jobs) = asked {
        (jobs, KillReason::User)
    } else {
        (running, KillReason::RunCancelled)
    };
    conduct::on_threads(kill_left(&workdir, jobs, why))
}

/// The jobs that run of a run whose program is gone.
pub(crate) fn still_running(view: &WorkDirView, workdir: &Path) -> Vec<usize> {
    if view.is_live() {
        return Vec::new();
    }
    let running = Local::still_running(workdir).unwrap_or_default();
    // What it has of an earlier list of the directory is none of this one.
    running.into_iter().filter(|it| view.state(*it) == Some(JobState::Unfinished)).collect()
}

/// Nobody else can: adopts them, kills them, and writes that down.
async fn kill_left(workdir: &Path, jobs: Vec<usize>, why: KillReason) -> Result<u8> {
    let grace = Before::read(workdir)?.and_then(|it| it.kill_grace()).unwrap_or(xqute::DEFAULT_GRACE);
    let last = jobs.iter().max().copied();
    let run = Xqute::builder().workdir(workdir).kill_grace(grace).kills(jobs, why).build()?;
    for job in run.known_jobs()?.take(last.map_or(0, |it| it + 1)) {
        run.feed(job?.spec).await?;
    }
    run.break_off_feeding();
    let summary = run.run_until_complete().await?;
    say(format_args!(
        "the run's program is gone; of its jobs {} killed, {} cancelled",
        summary.counts.killed, summary.counts.cancelled
    ));
    Ok(exit::SUCCESS)
}

/// Returns when the run has ended, and what a program that is gone has left of it.
pub(crate) fn wait(args: &Wait) -> Result<u8> {
    let workdir = args.place.workdir()?;
    follow(&workdir, |_| (), true)
}

/// The same, and tells how far it is.
pub(crate) fn attach(args: &Wait) -> Result<u8> {
    let draws = io::stderr().is_terminal();
    follow(
        &args.place.workdir()?,
        |line| {
            if draws {
                output::draw_line(line);
            }
        },
        false,
    )
}

fn follow(workdir: &Path, look: impl Fn(&str), waits: bool) -> Result<u8> {
    let mut view = WorkDirView::open(workdir)?;
    while view.is_live() {
        look(&Counts::of(&view).line());
        std::thread::sleep(PAUSE);
        view.refresh()?;
    }
    while waits && is_left(&view, workdir) {
        std::thread::sleep(PAUSE);
    }
    say(format_args!("{}", Counts::of(&view).line()));
    for more in left(&view, workdir).into_iter().chain(cut(&view)) {
        say(format_args!("{more}"));
    }
    let good = view.is_whole() && view.states().all(|it| it == JobState::Succeeded);
    Ok(if good { exit::SUCCESS } else { exit::JOBS_FAILED })
}

/// Whether a program that is gone has left jobs that are looked after.
fn is_left(view: &WorkDirView, workdir: &Path) -> bool {
    !view.is_live() && Local::is_attended(workdir).unwrap_or_default()
}

/// That a run that is over did not read all of its list of jobs, for people.
pub(crate) fn cut(view: &WorkDirView) -> Option<String> {
    let known = view.len();
    let is_cut = !view.is_live() && !view.is_whole();
    is_cut
        .then(|| format!("the list of jobs was not read to its end: {known} of its jobs are known; {REPEAT}"))
}

/// What is to be done about it.
pub(crate) const REPEAT: &str = "repeat the command to run the rest";

/// What a program that is gone has left, for people.
pub(crate) fn left(view: &WorkDirView, workdir: &Path) -> Option<String> {
    let unfinished = view.states().any(|it| it == JobState::Unfinished);
    if view.is_live() || !unfinished {
        return None;
    }
    let (resume, running) = (hint(&["resume"], workdir), still_running(view, workdir).len());
    Some(match running {
        0 => format!("the run's program is gone before its end: `{resume}` goes on with it"),
        1 => format!("the run's program is gone; 1 of its jobs still runs, and `{resume}` goes on with it"),
        some => {
            format!("the run's program is gone; {some} of its jobs still run, and `{resume}` goes on with it")
        }
    })
}
