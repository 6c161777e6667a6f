//! A line about each attempt of each job, with tabs between its columns: when it ran, how it ended, what it used.
//!
//! Off unless a run configures it:
//!
//! ```
//! # fn main() -> xqute::Result<()> {
//! # let dir = std::env::temp_dir().join(format!("xqute-trace-{}", std::process::id()));
//! # std::fs::create_dir_all(&dir).unwrap();
//! use xqute_plugins::trace::TraceConfig;
//! let config = TraceConfig::new(dir.join("trace.tsv"));
//! let xqute = xqute::Xqute::builder().workdir(dir.join("work")).config("trace", config).build()?;
//! # drop(xqute);
//! # std::fs::remove_dir_all(dir).unwrap();
//! # Ok(())
//! # }
//! ```
//!
//! Lines are in the order of the ends and reach the file within a second. A program that is killed loses none: the next run on
//! the work directory adds what the file lacks, from the journal.

mod columns;

use std::path::PathBuf;

use xqute::{BoxError, Job, Run, hook};

use crate::attempts::{self, Attempt, Known};
use crate::table::{self, Before, Table};
use columns::Columns;

xqute::plugin!(name = "trace", enabled = false, config = TraceConfig);

/// The configuration of `trace`.
#[xqute::config(default = false)]
#[derive(Debug, Clone)]
pub struct TraceConfig {
    /// The file, made for its owner alone. A relative path begins where the program was started. It must be given.
    pub path: PathBuf,
    /// The columns that follow `index`, `attempt` and `ended`, which are always there. Default: all, in the order of the page.
    #[serde(default)]
    pub columns: Option<Vec<String>>,
    /// Whether what the file has stays where a run begins on an empty work directory, or anew. Where a run goes on with what
    /// earlier ones left, it stays in any case. Default: no.
    #[serde(default)]
    pub append: bool,
}

impl TraceConfig {
    /// Into this file, with all columns, which a new run begins anew.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), columns: None, append: false }
    }
}

/// Of a run.
struct Trace {
    table: Table,
    columns: Columns,
}

#[hook]
fn on_init(run: &Run) -> Result<(), BoxError> {
    let config = run.config::<TraceConfig>("trace")?;
    let config = config.ok_or("no file is given: write `path = \"FILE\"` below `[plugins.trace]`")?;
    let columns = Columns::new(config.columns.as_deref())?;
    let past = table::past(run)?;
    let before = if past.is_some() || config.append { Before::Stays } else { Before::Goes };
    let (head, mut known, mut has) = (columns.head(), Known::default(), None);
    let table = Table::open(&config.path, &head, before, |line| match &has {
        None => has = Some(String::from_utf8_lossy(line).into_owned()),
        Some(_) => known.take(line, b'\t'),
    })?;
    if let Some(other) = has.filter(|it| *it != head) {
        let path = config.path.display();
        return Err(
            format!("{path} has other columns, {other:?}: name another file, or those columns").into()
        );
    }
    let trace = Trace { table, columns };
    if let Some(past) = past {
        attempts::missing(past, known, run.workdir())?.iter().for_each(|it| trace.add(it));
    }
    run.init_state(trace)?;
    Ok(())
}

impl Trace {
    fn add(&self, attempt: &Attempt) {
        self.table.add(&self.columns.line(attempt));
    }
}

#[hook]
fn on_job_succeeded(run: &Run, job: &Job) {
    add(run, job);
}

#[hook]
fn on_job_failed(run: &Run, job: &Job) {
    add(run, job);
}

#[hook]
fn on_job_killed(run: &Run, job: &Job) {
    add(run, job);
}

#[hook]
fn on_run_done(run: &Run) {
    if let Some(trace) = run.state::<Trace>()
        && let Err(why) = trace.table.finish()
    {
        run.note(why);
    }
}

fn add(run: &Run, job: &Job) {
    if let (Some(trace), Some(attempt)) = (run.state::<Trace>(), Attempt::of(job)) {
        trace.add(&attempt);
    }
}

#[cfg(test)]
mod tests;
