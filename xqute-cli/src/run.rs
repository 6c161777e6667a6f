//! `xqute run`: feeds the jobs, waits, and tells how it went.

use std::num::NonZeroUsize;

use anyhow::{Context, Result};
use xqute::{Argv, Error, FeedError, JobSpec, RunError, Signal, Stopped, Summary, Xqute};

use crate::jobs::Jobs;
use crate::{args, exit, print, say};

pub(crate) fn run(args: args::Run) -> Result<u8> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.context("cannot start the threads that a run needs")?;
    let ended = runtime.block_on(attend(args));
    // Reading standard input cannot be cancelled: nobody waits for it.
    runtime.shutdown_background();
    match ended {
        Ok(code) => Ok(code),
        Err(error) => match interrupted(&error) {
            Some(signal) => {
                say(format_args!("{error}"));
                Ok(by(signal))
            }
            None => Err(error),
        },
    }
}

/// The signal that a run was left at once for.
fn interrupted(error: &anyhow::Error) -> Option<Signal> {
    match error.downcast_ref()? {
        Error::Ended(error) => match **error {
            RunError::Interrupted(signal) => signal,
            _ => None,
        },
        _ => None,
    }
}

fn by(signal: Signal) -> u8 {
    exit::SIGNAL.saturating_add(u8::try_from(signal.0).unwrap_or_default())
}

async fn attend(args: args::Run) -> Result<u8> {
    let mut jobs = Jobs::new(args.words)?;
    let processors = || std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    // A mistake in the first job is told before anything is made.
    let first = jobs.next().await?;
    let run = Xqute::builder()
        .forks(args.forks.unwrap_or_else(processors).get())
        .workdir(args.workdir)
        .fresh(args.fresh)
        .retry_failed(args.retry_failed)
        .handle_signals(true)
        .select(selection(args.plugins))
        .config(print::NAME, ())
        .build()?;
    // The run may be stopped while the next job is waited for.
    let fed = tokio::select! {
        fed = feed(&run, first, &mut jobs) => fed,
        _ = run.wait() => Ok(()),
    };
    let summary = run.run_until_complete().await?;
    if let Err(error) = fed {
        if summary.counts.total() == 0 {
            return Err(error);
        }
        tell(&summary);
        return Err(error.context("no job was taken from there on; those before it have ended"));
    }
    Ok(tell(&summary))
}

/// Feeds the jobs, until there are no more or the run takes none.
async fn feed(run: &Xqute, first: Option<Argv>, jobs: &mut Jobs) -> Result<()> {
    let mut next = first;
    while let Some(argv) = next {
        match run.feed(JobSpec::from(argv)).await {
            Err(Error::Feed(FeedError::Stopping)) => return Ok(()),
            fed => fed?,
        };
        next = jobs.next().await?;
    }
    Ok(())
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
    if let Some(Stopped::Signal(signal)) = summary.stopped {
        return by(signal);
    }
    match (summary.is_success(), unprinted) {
        (true, false) => exit::SUCCESS,
        (false, false) => exit::JOBS_FAILED,
        (_, true) => exit::WRONG,
    }
}
