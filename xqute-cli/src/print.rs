//! What does a run show? Each job's output when it ends, never mixed with another's. A plugin like any other.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use xqute::{BoxError, Job, Run, Signal, hook};

// Early, so that no other plugin holds a job's output up.
xqute::plugin!(name = "print", enabled = false, priority = -1000);

/// The plugin's name.
pub(crate) const NAME: &str = "print";

/// One job at a time, until nobody reads any more.
#[derive(Default)]
struct Printer {
    turn: Mutex<()>,
    closed: AtomicBool,
}

#[hook]
fn on_init(run: &Run) -> Result<(), BoxError> {
    Ok(run.init_state(Printer::default())?)
}

#[hook]
fn on_job_succeeded(run: &Run, job: &Job) -> io::Result<()> {
    print(run, job, None)
}

#[hook]
fn on_job_failed(run: &Run, job: &Job) -> io::Result<()> {
    print(run, job, Some("failed"))
}

#[hook]
fn on_job_cancelled(run: &Run, job: &Job) -> io::Result<()> {
    print(run, job, Some("cancelled"))
}

#[hook]
fn on_job_killed(run: &Run, job: &Job) -> io::Result<()> {
    print(run, job, Some("killed"))
}

#[hook]
fn on_shutdown(signal: Option<Signal>) -> io::Result<()> {
    let Some(signal) = signal else { return Ok(()) };
    writeln!(
        io::stderr(),
        "xqute: {signal}: no more jobs start, those that run go on to their end; again kills them, a third time leaves at once"
    )
}

fn print(run: &Run, job: &Job, bad: Option<&str>) -> io::Result<()> {
    let Some(printer) = run.state::<Printer>() else { return Ok(()) };
    let _turn = printer.turn.lock().unwrap_or_else(PoisonError::into_inner);
    // What never ran may have the output of an earlier run.
    if job.jid().is_some() && !printer.closed.load(Relaxed) {
        match copy(&job.stdout_file(), &mut io::stdout().lock()) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => printer.closed.store(true, Relaxed),
            copied => copied?,
        }
    }
    if job.jid().is_some() {
        copy(&job.stderr_file(), &mut io::stderr().lock())?;
    }
    if bad.is_some() {
        let why = job.outcome().map(ToString::to_string).unwrap_or_default();
        let again = if job.will_retry() { " (will be tried again)" } else { "" };
        writeln!(io::stderr(), "xqute: job {} {why}{again}: {}", job.index(), job.cmd())?;
    }
    Ok(())
}

/// A job that never ran has no output.
fn copy(from: &std::path::Path, to: &mut impl Write) -> io::Result<()> {
    match File::open(from) {
        Ok(mut file) => io::copy(&mut file, to).and_then(|_| to.flush()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
