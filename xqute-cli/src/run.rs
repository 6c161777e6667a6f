//! `xqute run`: feeds the jobs, waits, and tells how it went.

use std::io::{ErrorKind, Write};
use std::pin::pin;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use xqute::backend::{Local, Null};
use xqute::{Error, ErrorStrategy, FeedError, RetryPolicy, Xqute, XquteBuilder};

use crate::answer::hint;
use crate::conduct::{self, Begun, conduct};
use crate::jobs::{Asked, Each, Jobs, Planned};
use crate::options::{Scheduler, processors, variable};
use crate::settings::{Kept, Plugins};
use crate::{args, exit, output, say, workdir};

/// After so long without a first job, who waits is told for what.
const PATIENCE: Duration = Duration::from_secs(2);

pub(crate) fn run(args: args::Run, plugins: Plugins, kept: Kept) -> Result<u8> {
    conduct::on_threads(attend(args, plugins, kept))
}

async fn attend(mut args: args::Run, plugins: Plugins, kept: Kept) -> Result<u8> {
    check(&args)?;
    if let Some(note) = crate::hints::misplaced(&args.words).filter(|_| !args.quiet) {
        say(format_args!("{note}"));
    }
    if !args.quiet && !args.outputs.is_empty() && is_without_outputs(&args.plugins) {
        say(format_args!(
            "the plugin `outputs` is not among those of --plugins: what jobs were said to write (--out) is not verified; add it there"
        ));
    }
    let each = Each::new(&args)?;
    let mut jobs = Jobs::new(asked(&mut args), &|argv| each.job(argv)).await?;
    if args.dry_run {
        return show(jobs).await;
    }
    workdir::check(&args.workdir)?;
    // A share of the jobs is of all of them.
    let shared = args.halt.flatten().is_some_and(|it| it.is_share());
    let expected = if shared { jobs.count().await? } else { 0 };
    // A mistake in the first job is told before anything is made.
    let Some(first) = patiently(&mut jobs).await? else {
        if !args.quiet {
            let resume = hint(&["resume", "--retry-failed"], &args.workdir);
            let more = match args.retry_failed {
                true => format!("; `{resume}` needs no list"),
                false => String::new(),
            };
            say(format_args!(
                "there are no jobs: the arguments, or the lines of standard input, are none{more}"
            ));
        }
        return Ok(exit::SUCCESS);
    };
    let feeding = async move |run: &Xqute, begun| feed(run, first, &mut jobs, &each, begun).await;
    conduct(args, plugins, expected, kept, feeding).await
}

/// What was typed about the jobs.
fn asked(args: &mut args::Run) -> Asked {
    let (words, files) = (std::mem::take(&mut args.words), std::mem::take(&mut args.arg_file));
    let (null, shell, quiet, file) = (args.null, args.shell.take(), args.quiet, args.file.take());
    let (inputs, outputs) = (std::mem::take(&mut args.inputs), std::mem::take(&mut args.outputs));
    Asked { words, files, null, shell, quiet, inputs, outputs, file }
}

/// What does not go together.
fn check(args: &args::Run) -> Result<()> {
    // Here, and not where options are read: there a message shows the value, which may be a secret.
    if let Some(option) = args.scheduler_opt.first() {
        let (name, _) = variable(option).map_err(|why| anyhow!("-o: {why}"))?;
        bail!("`-o {}`: the scheduler has no options: leave it out", name.display());
    }
    if args.scheduler == Scheduler::Null && (args.prescript.is_some() || args.postscript.is_some()) {
        bail!(
            "the scheduler `null` runs nothing, so no --prescript or --postscript: leave them out, or use `-s local`"
        );
    }
    Ok(())
}

/// What does not go together where it is typed; where it is set elsewhere, what is nearer wins.
pub(crate) fn check_typed(args: &args::Run) -> Result<()> {
    let retries = args.num_retries.is_some_and(|it| it > 0) || args.retry_delay.is_some();
    if retries && args.error_strategy.is_some_and(|it| it != args::Strategy::Retry) {
        bail!("--num-retries and --retry-delay are for `--error-strategy retry`: leave one of the two out");
    }
    if args.json && (args.print || args.keep_order || args.tag) {
        bail!(
            "with --json standard output is JSON, and jobs' output is kept in their files: leave out --print, --keep-order and --tag"
        );
    }
    if args.error_strategy == Some(args::Strategy::Halt) && args.halt.is_some() {
        bail!("`--error-strategy halt` is short for `--halt now,fail=1`: leave one of the two out");
    }
    Ok(())
}

/// The run that was asked for.
pub(crate) fn builder(args: args::Run) -> Result<XquteBuilder> {
    let prints = prints(&args);
    let mut builder = Xqute::builder()
        .forks(args.forks.unwrap_or_else(processors).get())
        .workdir(args.workdir)
        .output(args.output.into())
        .fresh(args.fresh)
        .retry_failed(args.retry_failed)
        .handle_signals(true)
        .select(selection(args.plugins, prints));
    builder = match args.scheduler {
        Scheduler::Local => builder.backend(Local::new()),
        Scheduler::Null => builder.backend(Null::default()),
    };
    let strategy = args.error_strategy.map(ErrorStrategy::from).unwrap_or_default();
    builder = builder.error_strategy(strategy);
    if strategy == ErrorStrategy::Retry {
        let policy = RetryPolicy::new(args.num_retries.unwrap_or(xqute::DEFAULT_RETRIES));
        builder = builder.retry(match args.retry_delay {
            Some(delay) => policy.delay(delay),
            None => policy,
        });
    }
    if let Some(Some(halt)) = args.halt {
        builder = builder.halt(halt);
    }
    if let Some(limit) = args.timeout {
        builder = builder.timeout(limit);
    }
    if let Some(delay) = args.delay {
        builder = builder.start_delay(delay);
    }
    if let Some(threads) = args.load {
        builder = builder.max_load(threads);
    }
    if let Some(bytes) = args.memfree {
        builder = builder.min_free_memory(bytes);
    }
    if let Some(grace) = args.kill_grace {
        builder = builder.kill_grace(grace);
    }
    if let Some(text) = args.prescript {
        builder = builder.prescript(text);
    }
    if let Some(text) = args.postscript {
        builder = builder.postscript(text);
    }
    Ok(builder)
}

/// Whether something is printed of each job.
fn prints(args: &args::Run) -> bool {
    !args.no_print || args.json
}

/// Whether jobs run one after the other, each once.
fn in_order(args: &args::Run) -> bool {
    let one = args.forks.unwrap_or_else(processors).get() == 1;
    one && args.error_strategy != Some(args::Strategy::Retry)
}

/// What is shown of it.
pub(crate) fn shown(args: &args::Run) -> output::Settings {
    let print = match args.json {
        true => output::Print { json: true, ..Default::default() },
        // One at a time ends in order; two hooks may run at once, and one that tries again holds up those behind it.
        false => output::Print { keep_order: args.keep_order || in_order(args), tag: args.tag, json: false },
    };
    // In the background nobody looks: `xqute attach` does.
    let progress = if args.detached { output::Progress::Never } else { args.progress };
    output::Settings {
        print: prints(args).then_some(print),
        quiet: args.quiet,
        verbose: args.verbose > 0,
        progress,
    }
}

/// `--dry-run`: the commands, each as a shell would read it.
async fn show(mut jobs: Jobs) -> Result<u8> {
    let mut next = patiently(&mut jobs).await?;
    while let Some(job) = next {
        if let Some(note) = &job.note {
            say(format_args!("{note}"));
        }
        let mut line = xqute::script::line(&job.argv);
        line.push(b'\n');
        match std::io::stdout().write_all(&line) {
            // Whoever reads has read enough.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => break,
            written => written.context("cannot write to standard output")?,
        }
        next = jobs.next().await?;
    }
    Ok(exit::SUCCESS)
}

/// Waits for the first job. A pipe into which nobody writes looks like a program that hangs.
async fn patiently(jobs: &mut Jobs) -> Result<Option<Planned>> {
    let awaited = jobs.awaited();
    let mut next = pin!(jobs.next());
    if let Ok(first) = tokio::time::timeout(PATIENCE, &mut next).await {
        return first;
    }
    say(format_args!("waiting for {awaited}"));
    next.await
}

/// Feeds the jobs, until there are no more or the run takes none.
async fn feed(run: &Xqute, first: Planned, jobs: &mut Jobs, each: &Each, mut begun: Begun) -> Result<bool> {
    let mut next = Some(first);
    while let Some(mut planned) = next {
        if let Some(note) = planned.note.take() {
            say(format_args!("{note}"));
        }
        match output::feed(run, each.spec(planned)).await {
            Err(Error::Feed(FeedError::Stopping)) => return Ok(true),
            fed => fed?,
        };
        begun.has_begun()?;
        next = jobs.next().await?;
    }
    Ok(true)
}

/// Whether only some plugins are wanted.
pub(crate) fn is_only(names: &[String]) -> bool {
    !names.is_empty() && names.iter().all(|name| !name.starts_with(['+', '-']))
}

/// Whether the plugin that verifies outputs is left out without having been named.
fn is_without_outputs(names: &[String]) -> bool {
    is_only(names) && !names.iter().any(|it| it == "outputs")
}

/// Where only some plugins are wanted, the command line still shows what it shows.
pub(crate) fn selection(mut names: Vec<String>, prints: bool) -> Vec<String> {
    if is_only(&names) {
        output::select(&mut names, prints);
    }
    names
}
