//! Did a job write what it was said to write? An attempt that exits with 0 and has not is a failed one, and what a failed or killed
//! attempt has written is moved aside.
//!
//! Declared outputs turn it on; there is nothing to configure. For a job without any it is not called.
//!
//! ```no_run
//! # async fn f() -> xqute::Result<()> {
//! use xqute::{JobSpec, Xqute};
//! use xqute_plugins as _; // links the plugin
//! let xqute = Xqute::builder().build()?;
//! xqute.feed(JobSpec::new(["sort", "-o", "sorted.txt", "names.txt"]).input("names.txt").output("sorted.txt")).await?;
//! # Ok(())
//! # }
//! ```
//!
//! What an output was before the attempt is compared with what it is then, by inode, size and times of the same file: no clock is
//! asked, so that it is right on a file system whose clock is another, and for programs that give what they write an older time
//! (`cp -p`, `tar`). `docs/plugins/outputs.md` says what is verified, and what is moved where.

mod aside;
mod stamp;
mod under_way;

#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use xqute::{BoxError, Job, Run, Scheduler, Verdict, hook};

use stamp::Before;
use under_way::{UnderWay, place};

xqute::plugin!(name = "outputs", config = OutputsConfig);

/// So many outputs are named in the reason of a failure.
const NAMED: usize = 3;

/// The configuration of `outputs`. All of it has defaults.
#[xqute::config]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutputsConfig {
    /// Whether an output may be an empty file or directory. Default: `false`.
    pub allow_empty: bool,
    /// What becomes of outputs that a failed or killed attempt has written. Default: `"aside"`.
    pub partial: Partial,
}

/// What becomes of what a failed or killed attempt has written.
#[xqute::config]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Partial {
    /// It is renamed to `PATH.failed-1`, or with the first number that is free.
    #[default]
    Aside,
    /// It stays where it is.
    Leave,
}

/// What is known of the attempts that are under way.
#[derive(Debug)]
struct Outputs {
    config: OutputsConfig,
    /// When the run began.
    began: SystemTime,
    under_way: Mutex<UnderWay>,
    /// How many files were moved, and the first of them.
    moved: Mutex<(usize, PathBuf)>,
}

impl Outputs {
    fn under_way(&self) -> MutexGuard<'_, UnderWay> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Each output of a job, where it is, and what it was before the attempt.
    fn of<'j>(&self, job: &'j Job) -> impl Iterator<Item = (&'j Path, PathBuf, Before)> {
        let known = self.under_way().before(job.index());
        // An earlier run has submitted the attempt: what was before it, nobody knows.
        let unseen = if known.is_none() { self.since(job) } else { Before::Unknown };
        let before = move |nth: usize| known.as_ref().and_then(|it| it.get(nth)).unwrap_or(&unseen).clone();
        job.outputs().enumerate().map(move |(nth, path)| (path, job.resolve(path), before(nth)))
    }

    /// Of an attempt of an earlier run, if the job has had one: its files are made as it starts, and when it was seen to run is told a little later. What
    /// this run has told, it told when it saw it first.
    fn since(&self, job: &Job) -> Before {
        if job.jid().is_none() {
            return Before::Unknown;
        }
        let made = fs::metadata(job.stdout_file()).and_then(|it| it.created()).ok();
        let seen = job.started().filter(|it| *it < self.began);
        made.into_iter().chain(seen).min().map_or(Before::Unknown, Before::Since)
    }

    /// What is wrong with the outputs of an attempt that has exited with 0.
    fn wanting(&self, job: &Job) -> Option<String> {
        let wrong = self.of(job).filter_map(|(path, at, before)| {
            let what = stamp::wanting(&at, &before, self.config.allow_empty)?;
            Some(format!("{} {what}", path.display()))
        });
        let mut wrong: Vec<String> = wrong.collect();
        let more = wrong.len().saturating_sub(NAMED);
        wrong.truncate(NAMED);
        if more > 0 {
            wrong.push(format!("and {more} more"));
        }
        (!wrong.is_empty()).then(|| wrong.join("; "))
    }

    /// Moves aside what the attempt has written, and nothing else.
    fn clear(&self, run: &Run, job: &Job) {
        if self.config.partial == Partial::Leave {
            return;
        }
        let inputs: Vec<PathBuf> = job.inputs().map(|it| place(&job.resolve(it))).collect();
        for (_, at, before) in self.of(job) {
            // A file that the job changes in its place is needed by the next attempt.
            if inputs.contains(&place(&at)) || !stamp::is_partial(&at, &before) {
                continue;
            }
            match aside::move_aside(&at) {
                Ok(to) => self.note_moved(job, &at, to),
                Err(error) => {
                    let path = at.display();
                    tracing::warn!(target: "xqute::outputs", job = job.index(), "cannot move {path} aside: {error}");
                    run.note(format!(
                        "outputs: {path} is of an attempt that has failed, and cannot be moved aside: {error}"
                    ));
                }
            }
        }
    }

    fn note_moved(&self, job: &Job, from: &Path, to: PathBuf) {
        tracing::info!(target: "xqute::outputs", job = job.index(), "moved {} to {}", from.display(), to.display());
        let mut moved = self.moved.lock().unwrap_or_else(PoisonError::into_inner);
        moved.0 += 1;
        if moved.0 == 1 {
            moved.1 = to;
        }
    }

    fn forget(&self, job: &Job) {
        self.under_way().ends(job.index());
    }
}

#[hook]
fn on_init(run: &Run, scheduler: &Scheduler) -> Result<(), BoxError> {
    let config = run.config("outputs")?.unwrap_or_default();
    run.only_with_outputs("outputs");
    // Where nothing is run, nothing is written.
    if scheduler.name() != "null" {
        run.init_state(Outputs {
            config,
            began: SystemTime::now(),
            under_way: Mutex::default(),
            moved: Mutex::default(),
        })?;
    }
    Ok(())
}

/// Last of all: nothing is to come between this and the start.
#[hook(priority = 1000)]
fn on_job_submitting(run: &Run, job: &Job) {
    if let Some(outputs) = run.state::<Outputs>().filter(|_| job.outputs().len() > 0) {
        let now = |path| {
            let at = job.resolve(path);
            (place(&at), Before::now(&at))
        };
        let before = job.outputs().map(now).collect();
        outputs.under_way().begins(job.index(), before);
    }
}

#[hook]
fn on_job_verify(run: &Run, job: &Job) -> Verdict {
    match run.state::<Outputs>().and_then(|it| it.wanting(job)) {
        Some(why) => Verdict::veto(why),
        None => Verdict::Proceed,
    }
}

#[hook]
fn on_job_failed(run: &Run, job: &Job) {
    ends_badly(run, job);
}

#[hook]
fn on_job_killed(run: &Run, job: &Job) {
    ends_badly(run, job);
}

#[hook]
fn on_job_succeeded(run: &Run, job: &Job) {
    if let Some(outputs) = run.state::<Outputs>() {
        outputs.forget(job);
    }
}

#[hook]
fn on_job_cancelled(run: &Run, job: &Job) {
    if let Some(outputs) = run.state::<Outputs>() {
        outputs.forget(job);
    }
}

#[hook]
fn on_run_done(run: &Run) {
    let Some(outputs) = run.state::<Outputs>() else { return };
    let moved = outputs.moved.lock().unwrap_or_else(PoisonError::into_inner);
    let (number, first) = (moved.0, moved.1.display());
    match number {
        0 => {}
        1 => run.note(format!("outputs: what a failed attempt had written was moved to {first}")),
        _ => run.note(format!(
            "outputs: {number} files of failed attempts were moved aside, the first to {first}"
        )),
    }
}

fn ends_badly(run: &Run, job: &Job) {
    if let Some(outputs) = run.state::<Outputs>() {
        outputs.clear(run, job);
        outputs.forget(job);
    }
}
