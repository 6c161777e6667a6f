//! `xqute kill`, `wait`, `attach`: what can be done about a run from elsewhere?

use std::io::{self, IsTerminal};
use std::ops::RangeInclusive;
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::Parser;
use xqute::{JobState, WorkDirView};

use crate::answer::hint;
use crate::control::{Asked, ask};
use crate::status::{Counts, meant};
use crate::{args, exit, options, output, say};

/// How often is looked whether a run has ended.
const PAUSE: Duration = Duration::from_millis(100);

#[derive(Debug, Parser)]
#[command(after_help = "\
A job that runs is sent SIGTERM, with all that it has started, and SIGKILL after the run's grace; plugins may veto it. One that
waits is cancelled. Nothing is waited for: `xqute status` tells what came of it.

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
Exit codes: 0 all jobs of the run succeeded, 1 some did not, 2 there is no run.")]
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
    if !ask(&workdir, &asked)? {
        let see = hint(&["status"], &workdir);
        bail!("no run goes on in {}: `{see}` tells what became of the last one", workdir.display());
    }
    Ok(exit::SUCCESS)
}

/// Returns when the run has ended.
pub(crate) fn wait(args: &Wait) -> Result<u8> {
    follow(&args.place.workdir()?, |_| ())
}

/// The same, and tells how far it is.
pub(crate) fn attach(args: &Wait) -> Result<u8> {
    let draws = io::stderr().is_terminal();
    follow(&args.place.workdir()?, |line| {
        if draws {
            output::draw_line(line);
        }
    })
}

fn follow(workdir: &Path, look: impl Fn(&str)) -> Result<u8> {
    let mut view = WorkDirView::open(workdir)?;
    while view.is_live() {
        look(&Counts::of(&view).line());
        std::thread::sleep(PAUSE);
        view.refresh()?;
    }
    say(format_args!("{}", Counts::of(&view).line()));
    let good = view.states().all(|it| it == JobState::Succeeded);
    Ok(if good { exit::SUCCESS } else { exit::JOBS_FAILED })
}
