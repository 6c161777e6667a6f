//! What does a run show? The output of jobs, how far it is, and what went wrong. A plugin like any other.

mod counting;
mod order;
mod print;
mod progress;
mod report;
mod screen;

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use xqute::{BoxError, Job, JobSpec, Run, Signal, Xqute, XquteBuilder, hook};

use print::Printer;
use progress::{Counters, Drawer};
use report::Report;
use screen::Screen;

// Early, so that no other plugin holds a job's output up.
xqute::plugin!(name = "print", enabled = false, priority = -1000);

/// The plugin's name.
pub(crate) const NAME: &str = "print";

/// So many failures are told when they happen, and so many attempts that are followed by another.
const NOTED: usize = 10;

/// When progress is shown. The command line has these words, and what stands here of them is its help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum, Serialize, Deserialize)]
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
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// The output of jobs.
    pub(crate) print: bool,
    /// In the order of the list.
    pub(crate) keep_order: bool,
    /// With the job's tag before each line.
    pub(crate) tag: bool,
    /// No progress and no notes; in the end only what went wrong.
    pub(crate) quiet: bool,
    pub(crate) progress: Progress,
}

impl Default for Settings {
    fn default() -> Self {
        Self { print: true, keep_order: false, tag: false, quiet: false, progress: Progress::Auto }
    }
}

/// What stands before each line of a job's output, as data of the job. Without it, its command does.
#[derive(Debug)]
pub(crate) struct Tag(pub(crate) Vec<u8>);

/// What the hooks of a run share.
#[derive(Debug)]
struct Show {
    quiet: bool,
    workdir: Arc<Path>,
    counters: Arc<Counters>,
    screen: Arc<Screen>,
    printer: Arc<Printer>,
    report: Mutex<Report>,
    failures: AtomicUsize,
    retries: AtomicUsize,
    progress: Progress,
    /// From the first job that is counted on.
    drawer: OnceLock<Mutex<Option<Drawer>>>,
}

impl Show {
    fn new(settings: Settings, workdir: &Path) -> Self {
        let workdir: Arc<Path> = workdir.into();
        let (counters, screen) = (Arc::<Counters>::default(), Arc::new(Screen::new()));
        let quiet = settings.quiet;
        let progress = if quiet { Progress::Never } else { settings.progress };
        let printer = Printer::new(settings, Arc::clone(&workdir), Arc::clone(&screen));
        Self {
            quiet,
            workdir,
            counters,
            screen,
            printer: Arc::new(printer),
            report: Mutex::default(),
            failures: AtomicUsize::new(0),
            retries: AtomicUsize::new(0),
            progress,
            drawer: OnceLock::new(),
        }
    }

    fn ended(&self, job: &Job, well: bool) -> io::Result<()> {
        self.counters.ended(well);
        if well {
            return self.printer.ended(job, None);
        }
        self.report.lock().unwrap_or_else(PoisonError::into_inner).take(job);
        let note = self.note(job, &self.failures, "fail");
        self.printer.ended(job, note.as_deref())
    }

    /// One of the first that end so is told; of the next one, that no more are.
    fn note(&self, job: &Job, noted: &AtomicUsize, word: &str) -> Option<String> {
        if self.quiet || noted.load(Relaxed) > NOTED {
            return None;
        }
        match noted.fetch_add(1, Relaxed) {
            ..NOTED => {
                let why = job.outcome().map(ToString::to_string).unwrap_or_default();
                let again = if job.will_retry() { " (will be tried again)" } else { "" };
                Some(format!("job {} {why}{again}: {}", job.index(), report::line(&job.cmd())))
            }
            NOTED => Some(format!("from here on jobs that {word} are only counted")),
            _ => None,
        }
    }

    fn start_drawing(&self) {
        let start = || Drawer::start(self.progress, Arc::clone(&self.counters), Arc::clone(&self.screen));
        self.drawer.get_or_init(|| Mutex::new(start()));
    }

    fn stop_drawing(&self) {
        let drawer =
            self.drawer.get().and_then(|it| it.lock().unwrap_or_else(PoisonError::into_inner).take());
        drop(drawer);
    }
}

#[hook]
fn on_init(run: &Run) -> Result<(), BoxError> {
    let settings = run.config::<Settings>(NAME)?.unwrap_or_default();
    Ok(run.init_state(Show::new(settings, run.workdir()))?)
}

#[hook]
fn on_job_succeeded(run: &Run, job: &Job) -> io::Result<()> {
    let Some(show) = run.state::<Show>() else { return Ok(()) };
    show.counters.attempted(job.jid().is_some());
    show.ended(job, true)
}

#[hook]
fn on_job_failed(run: &Run, job: &Job) -> io::Result<()> {
    let Some(show) = run.state::<Show>() else { return Ok(()) };
    show.counters.attempted(job.jid().is_some());
    if !job.will_retry() {
        return show.ended(job, false);
    }
    let note = show.note(job, &show.retries, "will be tried again");
    note.inspect(|note| show.screen.lock().say(format_args!("{note}")));
    Ok(())
}

#[hook]
fn on_job_killed(run: &Run, job: &Job) -> io::Result<()> {
    let Some(show) = run.state::<Show>() else { return Ok(()) };
    show.counters.attempted(job.jid().is_some());
    show.ended(job, false)
}

#[hook]
fn on_job_cancelled(run: &Run, job: &Job) -> io::Result<()> {
    // If it had an attempt, that has failed before.
    run.state::<Show>().map_or(Ok(()), |show| show.ended(job, false))
}

#[hook]
fn on_shutdown(run: &Run, signal: Option<Signal>) {
    let (Some(show), Some(signal)) = (run.state::<Show>(), signal) else { return };
    show.screen.lock().say(format_args!(
        "{signal}: no more jobs start, those that run go on to their end; again kills them, a third time leaves at once"
    ));
}

#[hook]
fn on_run_done(run: &Run) -> io::Result<()> {
    let Some(show) = run.state::<Show>() else { return Ok(()) };
    show.stop_drawing();
    show.printer.finish()
}

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
            self.printer.is_over(*index);
        }
    }
}

/// The run shows this.
pub(crate) fn configure(builder: XquteBuilder, settings: Settings) -> XquteBuilder {
    let counts = !settings.quiet && settings.progress != Progress::Never;
    let builder = builder.config(NAME, settings);
    if counts { builder.config(counting::NAME, ()) } else { builder }
}

/// Where only some plugins are wanted, the command line still shows what it shows.
pub(crate) fn select(names: &mut Vec<String>) {
    let missing = |name: &&str| !names.iter().any(|given| given == name);
    let missing: Vec<&str> = [NAME, counting::NAME].into_iter().filter(missing).collect();
    names.extend(missing.into_iter().map(str::to_owned));
}

/// Feeds a job, so that its output has its place in the order.
pub(crate) async fn feed(run: &Xqute, job: JobSpec) -> xqute::Result<usize> {
    let show = run.run().state::<Show>().filter(|show| show.printer.keeps_order());
    let Some(show) = show else { return run.feed(job).await };
    let ticket = Arc::new(Ticket { index: OnceLock::new(), printer: Arc::clone(&show.printer) });
    let index = run.feed(job.data(Arc::clone(&ticket))).await?;
    // It is set once, here; the job's own ticket may be gone already.
    let _ = ticket.index.set(index);
    Ok(index)
}

/// There are no more jobs to feed: the progress has an end.
pub(crate) fn all_fed(run: &Xqute) {
    run.run().state::<Show>().inspect(|show| show.counters.complete());
}

/// Tells how a run went, and in groups what went wrong.
pub(crate) fn tell(run: &Xqute, summary: &xqute::Summary) {
    let show = run.run().state::<Show>();
    let quiet = show.is_some_and(|show| show.quiet);
    let say =
        |what: fmt::Arguments<'_>| show.map_or_else(|| crate::say(what), |it| it.screen.lock().say(what));
    if !quiet || !summary.is_success() || summary.stopped.is_some() || summary.fault_count() > 0 {
        say(format_args!("{summary}"));
    }
    let Some(show) = show else { return };
    let report = show.report.lock().unwrap_or_else(PoisonError::into_inner);
    report.tell(&show.workdir).inspect(|told| told.lines().for_each(|line| tell_line(show, line)));
}

/// A group begins with the program's name, what belongs to it is set in.
fn tell_line(show: &Show, line: &str) {
    if line.starts_with(' ') {
        // Nobody can be told that standard error is closed.
        let _ = io::Write::write_all(&mut io::stderr(), format!("{line}\n").as_bytes());
    } else {
        show.screen.lock().say(format_args!("{line}"));
    }
}
