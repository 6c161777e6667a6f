//! How does a run go, whatever it is fed with? Built, fed, shown, waited for, told of.

use std::path::PathBuf;

use anyhow::{Context, Result};
use xqute::{Error, RunError, Signal, Stopped, Summary, Xqute};

use crate::detach::Beginning;
use crate::run::{builder, shown};
use crate::settings::{Kept, Plugins};
use crate::{args, control, exit, output};

/// Runs it on threads, and tells the exit code.
pub(crate) fn on_threads(run: impl Future<Output = Result<u8>>) -> Result<u8> {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    // Printing may block one thread: signals are heard on another.
    let threads = processors.max(2);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build();
    let runtime = runtime.context("cannot start the threads that a run needs")?;
    let ended = runtime.block_on(run);
    // Reading standard input cannot be cancelled: nobody waits for it.
    runtime.shutdown_background();
    if let Err(error) = &ended
        && let Some(signal) = interrupted(error)
    {
        output::screen::say_in_passing(error.to_string());
        return Ok(by(signal));
    }
    output::logged::write();
    ended
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

/// A run that has no job yet. With the first, its options are kept, and who waits for it to begin is told.
#[derive(Debug)]
pub(crate) struct Begun {
    beginning: Option<Beginning>,
    kept: Option<Kept>,
    workdir: PathBuf,
}

impl Begun {
    fn new(run: &Xqute, args: &Told, kept: Kept) -> Result<Self> {
        let workdir = run.run().workdir().to_path_buf();
        let beginning = args.detached.then(|| Beginning::new(&workdir)).transpose()?;
        let mut kept = Some(kept);
        // What an earlier run kept stays until a job of this one is taken: it may be of another list.
        if args.fresh || !Kept::is_in(&workdir) {
            kept.take().map_or(Ok(()), |it| it.write(&workdir))?;
        }
        Ok(Self { beginning, kept, workdir })
    }

    /// A job was taken.
    pub(crate) fn has_begun(&mut self) -> Result<()> {
        if let Some(kept) = self.kept.take() {
            kept.write(&self.workdir)?;
        }
        self.beginning.take().map_or(Ok(()), Beginning::has_begun)
    }
}

/// What is asked of the command line after the run was made of it.
struct Told {
    detached: bool,
    fresh: bool,
    /// It is halted because enough jobs have succeeded.
    wanted: bool,
}

/// Makes a run of it, has it fed, and tells how it went. What feeds it says whether that was the whole list.
pub(crate) async fn conduct(
    args: args::Run,
    mut plugins: Plugins,
    expected: usize,
    kept: Kept,
    feeding: impl AsyncFnOnce(&Xqute, Begun) -> Result<bool>,
) -> Result<u8> {
    configure(&args, &mut plugins);
    let wanted = args.halt.flatten().is_some_and(|it| it.is_for_success());
    let told = Told { detached: args.detached, fresh: args.fresh, wanted };
    let shown = shown(&args);
    let configured = output::configure(builder(args)?, &shown).expected_jobs(expected);
    let Plugins { values, rules, .. } = plugins;
    let configured = values.into_iter().fold(configured, |it, (name, config)| it.config(name, config));
    let configured = rules.iter().fold(configured, |it, (name, rule)| rule.apply(name, it));
    let run = configured.build()?;
    run.start()?;
    let begun = Begun::new(&run, &told, kept)?;
    let _control = control::listen(&run);
    let drawing = output::draw(&run, &shown);
    // The run may be stopped while the next job is waited for.
    let fed = tokio::select! {
        fed = feeding(&run, begun) => fed,
        _ = run.wait() => Ok(true),
    };
    if !matches!(fed, Ok(true)) {
        run.break_off_feeding();
    }
    let summary = match run.run_until_complete().await.map_err(anyhow::Error::from) {
        Err(error) if interrupted(&error).is_some() => {
            // Who leaves at once waits for nobody.
            if let Some(drawing) = drawing {
                drawing.leave();
            }
            return Err(error);
        }
        summary => summary?,
    };
    drop(drawing);
    let error = match fed {
        Ok(is_whole) => return Ok(tell(&run, &summary, code(&summary, told.wanted, is_whole)).await),
        Err(error) => error,
    };
    if summary.counts.total() == 0 {
        return Err(error);
    }
    tell(&run, &summary, exit::WRONG).await;
    Err(error.context("no job was taken from there on; those before it have ended"))
}

/// Options that are the configuration of a plugin.
pub(crate) fn configure(args: &args::Run, plugins: &mut Plugins) {
    if args.verbose > 0 {
        // It tells each job's steps.
        plugins.values.entry("log".to_owned()).or_insert_with(|| serde_json::json!({}));
    }
    if let Some(file) = &args.joblog {
        plugins.values.insert("joblog".to_owned(), joblog(file));
    }
}

/// What `--joblog` says, as the configuration of the plugin.
fn joblog(file: &str) -> serde_json::Value {
    let (path, append) = file.strip_prefix('+').map_or((file, false), |rest| (rest, true));
    serde_json::json!({ "path": path, "append": append })
}

/// Where a run was halted because enough jobs had succeeded, which was `wanted`, it is a success.
fn code(summary: &Summary, wanted: bool, is_whole: bool) -> u8 {
    match summary.stopped {
        Some(Stopped::Signal(signal)) => by(signal),
        Some(Stopped::Halted) if wanted => exit::SUCCESS,
        Some(Stopped::Broken) => exit::JOBS_FAILED,
        _ if summary.is_success() && is_whole => exit::SUCCESS,
        _ => exit::JOBS_FAILED,
    }
}

/// Tells how it went. Output that could not be printed is no success, even of successful jobs.
async fn tell(run: &Xqute, summary: &Summary, code: u8) -> u8 {
    if output::tell(run, summary, code).await { code } else { exit::WRONG }
}
