//! `xqute run`: feeds the jobs, waits, and tells how it went.

use std::num::NonZeroUsize;

use anyhow::{Context, Result};
use xqute::{JobSpec, Summary, Xqute};

use crate::jobs::Jobs;
use crate::signals::Signals;
use crate::{args, exit, print, say};

/// How a run ended.
enum Ended {
    Done(Summary),
    /// By a signal, of this number: its jobs are killed.
    Signal(u8),
}

pub(crate) fn run(args: args::Run) -> Result<u8> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.context("cannot start the threads that a run needs")?;
    let ended = runtime.block_on(attend(args));
    // Reading standard input cannot be cancelled: nobody waits for it.
    runtime.shutdown_background();
    Ok(match ended? {
        Ended::Done(summary) => tell(&summary),
        Ended::Signal(number) => {
            let name = xqute::Signal(i32::from(number));
            say(format_args!("ended by {name}; the jobs that ran were killed, their output is kept"));
            exit::SIGNAL + number
        }
    })
}

/// Runs until the jobs have ended or a signal comes; then dropping the run kills its jobs.
async fn attend(args: args::Run) -> Result<Ended> {
    let mut signals = Signals::new().context("cannot listen to signals")?;
    tokio::select! {
        summary = feed(args) => summary.map(Ended::Done),
        number = signals.first() => Ok(Ended::Signal(number)),
    }
}

async fn feed(args: args::Run) -> Result<Summary> {
    let mut jobs = Jobs::new(args.words)?;
    let processors = || std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    // A mistake in the first job is told before anything is made.
    let mut next = jobs.next().await?;
    let run = Xqute::builder()
        .forks(args.forks.unwrap_or_else(processors).get())
        .workdir(args.workdir)
        .fresh(args.fresh)
        .select(selection(args.plugins))
        .config(print::NAME, ())
        .build()?;
    while let Some(argv) = next {
        run.feed(JobSpec::from(argv)).await?;
        next = match jobs.next().await {
            Ok(next) => next,
            Err(error) => {
                tell(&run.run_until_complete().await?);
                return Err(error.context("no job was taken from there on; those before it have ended"));
            }
        };
    }
    Ok(run.run_until_complete().await?)
}

/// Where only some plugins are wanted, the command line still prints.
pub(crate) fn selection(mut names: Vec<String>) -> Vec<String> {
    let only = !names.is_empty() && names.iter().all(|name| !name.starts_with(['+', '-']));
    if only && !names.iter().any(|name| name == print::NAME) {
        names.push(print::NAME.to_owned());
    }
    names
}

/// Tells how it went. Output that could not be printed is no success, even of successful jobs.
fn tell(summary: &Summary) -> u8 {
    say(format_args!("{summary}"));
    let unprinted = summary.costs.iter().any(|cost| &*cost.plugin == print::NAME && cost.faults() > 0);
    match (summary.is_success(), unprinted) {
        (true, false) => exit::SUCCESS,
        (false, false) => exit::JOBS_FAILED,
        (_, true) => exit::WRONG,
    }
}
