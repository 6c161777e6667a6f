//! `xqute resume`: runs what is left of the last run, of which the work directory knows the jobs and the options.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use clap::{Parser, ValueEnum};
use xqute::{Error, FeedError, KnownJob, WorkDirView, Xqute};

use crate::answer::hint;
use crate::args::{self, Args, Verb};
use crate::attend::REPEAT;
use crate::conduct::{self, Begun, conduct};
use crate::output::Progress;
use crate::settings::{Before, Kept, Plugins, Settings};
use crate::{detach, log, options, output, say};

#[derive(Debug, Parser)]
#[command(after_help = "\
Examples:
  xqute resume                      what is left of the last run of the directory that `xqute run` takes here
  xqute resume -j 2 results         two at a time

The jobs are those of the last run, and so are its options (DIR/run.toml has them); jobs that are done are not run again, and jobs that still
run are adopted. Values that may be secret are not kept: give those of `-e` once more, the same; a job that is given others would be another.
A plugin is configured in xqute.toml (-c), as it was then; what [hooks.NAME] says there holds as it is now, and a table that
it had must not be missing.

Where the run was killed while its list was still being read, what is known of it is run, and the exit code is 1: repeat the command to run
the rest.

Exit codes: as those of `xqute run`.")]
pub(crate) struct Resume {
    #[command(flatten)]
    place: args::Place,
    /// The most jobs at once, or a share of the processors: `50%` [default: as before]
    #[arg(short = 'j', long, value_name = "N", value_parser = options::forks, allow_negative_numbers = true)]
    forks: Option<NonZeroUsize>,
    /// Run the jobs again that failed, were killed or vetoed
    #[arg(long)]
    retry_failed: bool,
    /// The value of a variable that jobs were given; NAME alone: the value that it has here
    #[arg(short, long, value_name = "NAME=VALUE")]
    env: Vec<OsString>,
    /// Run in the background, as the option of the same name of `run` does
    #[arg(long)]
    detach: bool,
    /// That background.
    #[arg(long, hide = true)]
    detached: bool,
    /// Print no progress, and a summary only where something went wrong
    #[arg(short, long)]
    quiet: bool,
    /// Whether to show progress [default: as before]
    #[arg(long, value_name = "WHEN")]
    progress: Option<Progress>,
    /// The directory, as with -w
    #[arg(value_name = "DIR", conflicts_with = "workdir")]
    dir: Option<PathBuf>,
}

/// The values of variables, by their names.
type Values = BTreeMap<OsString, OsString>;

/// Runs it.
pub(crate) fn resume(typed: &Resume) -> Result<u8> {
    let given = match &typed.dir {
        Some(dir) => dir.clone(),
        None => typed.place.workdir()?,
    };
    let workdir = std::path::absolute(&given).with_context(|| given.display().to_string())?;
    let mut view = WorkDirView::open(&given)?;
    check(&view, &given)?;
    let Some(before) = Before::read(&workdir)? else {
        bail!(
            "{}: with which options its last run was started is not known, because an older xqute or another program has made it: run the same list again",
            given.display()
        );
    };
    let plugins = plugins(&typed.place.chosen, &before)?;
    let words = typed.words(&before, &workdir);
    let (Args { verb: Verb::Run(run) }, kept) = (Args::try_parse_from(&words)?, Kept::of(&words, &plugins)?)
    else {
        bail!("{}: its run.toml makes no sense", given.display());
    };
    let values = typed.values()?;
    check_values(&mut view, run.retry_failed, &values)?;
    if typed.detach && !typed.detached {
        return detach::start();
    }
    log::start(run.verbose)?;
    let (jobs, quiet) = (view.len(), run.quiet);
    let feeding = async move |run: &Xqute, begun| feed(run, begun, &values, quiet).await;
    conduct::on_threads(conduct(*run, plugins, jobs, kept, feeding))
}

/// Whether there is something that can be gone on with.
fn check(view: &WorkDirView, given: &Path) -> Result<()> {
    let is_alive = view.runs().last().is_some_and(|it| it.done.is_none() && it.alive == Some(true));
    if is_alive {
        bail!("the run in {} goes on: `{}` shows how far it is", given.display(), hint(&["attach"], given));
    }
    if view.is_empty() {
        bail!(
            "no job of the run in {} is known, because it ended before its first: run its list again",
            given.display()
        );
    }
    Ok(())
}

/// The configuration of the plugins that were configured, and what holds for hooks now.
fn plugins(chosen: &args::Chosen, before: &Before) -> Result<Plugins> {
    let mut now = Settings::read(chosen)?.plugins;
    now.values.retain(|name, _| before.plugins.values.contains_key(name));
    now.check()?;
    let missing: Vec<_> =
        (&before.plugins.tables() - &now.tables()).iter().map(|it| format!("[{it}]")).collect();
    if !missing.is_empty() {
        bail!(
            "the run had plugins configured, and how is not kept, since it may be secret: name the file that has {}: `-c FILE`",
            missing.join(", ")
        );
    }
    Ok(now)
}

/// Each variable of a job that is to run has a value.
fn check_values(view: &mut WorkDirView, retry_failed: bool, values: &Values) -> Result<()> {
    let needed: BTreeSet<OsString> = view.variables(retry_failed)?;
    let missing: Vec<_> =
        needed.iter().filter(|it| !values.contains_key(*it)).map(|it| it.to_string_lossy()).collect();
    if !missing.is_empty() {
        bail!(
            "jobs were given variables whose values are not kept, since they may be secret: {}; give each once more, as it was: `-e {}=VALUE`",
            missing.join(", "),
            missing[0]
        );
    }
    Ok(())
}

impl Resume {
    /// The command line of `xqute run` that this comes to, without its list of jobs.
    fn words(&self, before: &Before, workdir: &Path) -> Vec<OsString> {
        let mut words: Vec<OsString> = ["xqute", "run"].map(OsString::from).to_vec();
        words.extend(before.words.iter().cloned());
        let flags =
            [(self.retry_failed, "--retry-failed"), (self.detached, "--detached"), (self.quiet, "--quiet")];
        words.extend(flags.iter().filter(|it| it.0).map(|it| OsString::from(it.1)));
        words.extend(self.forks.map(|it| format!("--forks={it}").into()));
        let when = self.progress.and_then(|it| it.to_possible_value());
        words.extend(when.map(|it| format!("--progress={}", it.get_name()).into()));
        words.extend([OsString::from("--workdir"), workdir.into()]);
        words
    }

    fn values(&self) -> Result<Values> {
        self.env.iter().map(|it| options::variable(it).map_err(|why| anyhow!("-e: {why}"))).collect()
    }
}

/// Feeds all that is known. `false`: the list had more, or may have had.
async fn feed(run: &Xqute, mut begun: Begun, values: &Values, quiet: bool) -> Result<bool> {
    let known = run.known_jobs()?;
    let (jobs, is_whole, mut left) = (known.len(), known.is_whole(), 0);
    if !is_whole {
        // Behind all that runs, where it is not overlooked.
        run.run().note(format!("the list of jobs was not read to its end: {REPEAT}"));
    }
    for job in known {
        let job = job?;
        left += usize::from(job.is_left);
        match feed_one(run, job, values).await {
            Err(error) if is_stopping(&error) => return Ok(is_whole),
            fed => fed?,
        }
        begun.has_begun()?;
    }
    let workdir = run.run().workdir().display();
    if !is_whole {
        say(format_args!(
            "the list of jobs had not been read to its end: {jobs} of its jobs are known in {workdir}; {REPEAT}"
        ));
    } else if left == 0 && !quiet {
        say(format_args!("nothing is left to run in {workdir}"));
    }
    Ok(is_whole)
}

async fn feed_one(run: &Xqute, job: KnownJob, values: &Values) -> Result<()> {
    let KnownJob { mut spec, env, index, is_left, .. } = job;
    // What is done stays so, whatever its variables were.
    for name in env.iter().filter(|_| is_left) {
        if let Some(value) = values.get(name) {
            spec = spec.env(name, value);
        }
    }
    match output::feed(run, spec).await {
        Err(Error::Feed(FeedError::Different { .. })) if !env.is_empty() => {
            let names: Vec<_> = env.iter().map(|it| it.to_string_lossy()).collect();
            bail!(
                "job {index} was given other values of {}, and would be another job: give them as they were, or run its list anew, with --fresh",
                names.join(", ")
            )
        }
        fed => Ok(fed.map(drop)?),
    }
}

fn is_stopping(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(Error::Feed(FeedError::Stopping)))
}
