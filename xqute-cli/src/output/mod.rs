//! What does a run show? The output of jobs, how far it is, and what went wrong: two plugins like any other, and a thread.

mod json;
pub(crate) mod logged;
mod order;
mod print;
mod printer;
mod progress;
mod report;
mod reporter;
pub(crate) mod screen;

use std::sync::{Arc, OnceLock};

use clap::ValueEnum;
use tokio::runtime::Handle;
use xqute::{JobSpec, Summary, Xqute, XquteBuilder};

use printer::Printer;
pub(crate) use progress::Drawer;
use reporter::Reporter;

/// The plugins that belong to the command line: options configure them.
pub(crate) const PLUGINS: [&str; 2] = [print::NAME, reporter::NAME];

/// When progress is shown. The command line has these words, and what stands here of them is its help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Progress {
    /// Where standard error is a terminal; else plain lines, at growing intervals
    #[default]
    Auto,
    /// Where there is no terminal, a line each second
    Always,
    /// None
    Never,
}

/// What a run is to show.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// The output of jobs, if any.
    pub(crate) print: Option<Print>,
    /// No progress and no notes; in the end only what went wrong.
    pub(crate) quiet: bool,
    /// What each plugin has cost, too.
    pub(crate) verbose: bool,
    pub(crate) progress: Progress,
}

/// How the output of jobs is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Print {
    /// In the order of the list.
    pub(crate) keep_order: bool,
    /// With the job's tag before each line.
    pub(crate) tag: bool,
    /// Instead of it a line of JSON about each job.
    pub(crate) json: bool,
}

/// What stands before each line of a job's output, as data of the job. Without it, its command does.
#[derive(Debug)]
pub(crate) struct Tag(pub(crate) Vec<u8>);

/// Tells when a job's last hook has returned, or that it has none because it was done before: then it is dropped.
#[derive(Debug)]
struct Ticket {
    index: OnceLock<usize>,
    printer: Arc<Printer>,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        // A job that was not taken has no index.
        if let Some(index) = self.index.get() {
            let (index, printer) = (*index, Arc::clone(&self.printer));
            // Without a runtime the program is going, and nobody waits for output.
            if let Ok(runtime) = Handle::try_current() {
                runtime.spawn(async move { printer.is_over(index).await });
            }
        }
    }
}

/// The run shows this. Without output to print, jobs that succeed have no hook of the command line.
pub(crate) fn configure(builder: XquteBuilder, settings: &Settings) -> XquteBuilder {
    let builder = builder
        .config(reporter::NAME, reporter::Settings { quiet: settings.quiet, verbose: settings.verbose });
    match settings.print {
        Some(print) => builder.config(print::NAME, print),
        None => builder,
    }
}

/// The plugins that [`configure`] turns on.
pub(crate) fn configured(settings: &Settings) -> impl Iterator<Item = &'static str> {
    let prints = settings.print.is_some();
    PLUGINS.into_iter().filter(move |name| prints || *name != print::NAME)
}

/// Shows how far the run is, until it is dropped.
pub(crate) fn draw(run: &Xqute, settings: &Settings) -> Option<Drawer> {
    if settings.quiet { None } else { Drawer::start(settings.progress, run) }
}

/// Draws a line over the one before, as wide as the terminal is.
pub(crate) fn draw_line(line: &str) {
    screen::draw(&progress::cut(line, progress::columns()));
}

/// Where only some plugins are wanted, the command line still shows what it shows.
pub(crate) fn select(names: &mut Vec<String>, prints: bool) {
    let missing = |name: &&str| (prints || *name != print::NAME) && !names.iter().any(|given| given == name);
    let missing: Vec<&str> = PLUGINS.into_iter().filter(missing).collect();
    names.extend(missing.into_iter().map(str::to_owned));
}

/// Feeds a job, so that its output has its place in the order.
pub(crate) async fn feed(run: &Xqute, job: JobSpec) -> xqute::Result<usize> {
    let printer = run.run().state::<Arc<Printer>>().filter(|printer| printer.keeps_order());
    let Some(printer) = printer else { return run.feed(job).await };
    let ticket = Arc::new(Ticket { index: OnceLock::new(), printer: Arc::clone(printer) });
    let index = run.feed(job.data(Arc::clone(&ticket))).await?;
    // It is set once, here; the job's own ticket may be gone already.
    let _ = ticket.index.set(index);
    Ok(index)
}

/// Tells how a run went, and in groups what went wrong. Whether all output that was to be printed was.
pub(crate) async fn tell(run: &Xqute, summary: &Summary, code: u8) -> bool {
    let printer = run.run().state::<Arc<Printer>>();
    if let Some(printer) = printer {
        printer.tell_end(summary, code).await;
    }
    if let Some(reporter) = run.run().state::<Reporter>() {
        reporter.tell(summary).await;
    }
    let fault = printer.and_then(|printer| printer.take_fault());
    let Some(fault) = fault else { return true };
    let kept = run.run().workdir();
    screen::say(format_args!("{fault}: what jobs wrote is kept in {}", kept.display()));
    false
}
