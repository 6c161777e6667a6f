//! What does the engine ask of a backend, and what does it promise?

use std::ffi::OsString;
use std::fmt;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use thiserror::Error;

use crate::job::{Argv, Failure, JobFiles, Output, Usage};

/// The scheduler's name for an attempt of a job. While a run lives it has no two that are equal.
pub type Jid = Arc<str>;

/// The future of a method of a [`Backend`].
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A job to submit. Where the backend [uses files](Backend::uses_files), its directory exists.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Submission {
    /// The job's number in the run.
    pub index: usize,
    /// Which attempt this is, from 0.
    pub attempt: u32,
    /// Its command. Where there is a `script`, that runs it.
    pub argv: Argv,
    /// What is added to its environment.
    pub env: Env,
    /// Where it runs; `None`: where the program does.
    pub cwd: Option<PathBuf>,
    /// Where its files are.
    pub files: JobFiles,
    /// Where its output goes: [`Output::Files`], unless the backend [keeps](Backend::keeps) it in another way too. Else it has no
    /// directory. With a `script` it always has.
    pub output: Output,
    /// A bash script in `files.script(name)`, which writes the job's output, exit code and status. It is run by `bash`, in `cwd`,
    /// with `env` added, its standard input empty, and what it prints itself goes to `files.script_log()`. Without one, the
    /// backend sends the command's output to `files.stdout()` and `files.stderr()`. In either case the engine writes
    /// `files.jid()`, and exit code and status as the backend tells them.
    pub script: Option<PathBuf>,
    /// The run's own identifier.
    pub run: Arc<str>,
    /// Whether it may have to wait: it is to start when fewer jobs than this run of those that the backend was given, and is answered
    /// then. Only a backend that [looks ahead](Backend::looks_ahead) is given one.
    pub at_once: Option<usize>,
}

/// Variables for a job's environment, which may be secrets: `Debug` shows their names alone.
#[derive(Clone, Default)]
pub struct Env(pub Vec<(OsString, OsString)>);

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

/// The scheduler has the job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// What it calls it.
    pub jid: Jid,
    /// It runs already, and will not be observed to start.
    pub running: bool,
    /// The process, where the job is one of this machine.
    pub process: Option<Process>,
}

/// A process of this machine, by what no other process of this boot has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: i32,
    /// When it started, in clock ticks since boot: field 22 of `/proc/PID/stat`.
    pub start: u64,
}

/// The scheduler did not take the job.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refused {
    /// It never will: the attempt has failed, for this reason.
    #[error("{0}")]
    ForGood(String),
    /// Not now: a limit is reached, or the cluster does not answer. It is asked again when a job has ended, or after a while; that costs no attempt.
    #[error("{0}")]
    Later(String),
    /// The run cannot go on, because its files cannot be written: no job's fault.
    #[error("{0}")]
    Storage(String),
    /// It was [taken back](Backend::withdraw) before it started.
    #[error("it was taken back before it started")]
    Withdrawn,
}

/// What was seen of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// The job.
    pub jid: Jid,
    /// What was seen.
    pub seen: Seen,
}

/// What can be seen of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// It runs.
    Started,
    /// It has ended. A start that was not seen is put in before it.
    Exited {
        /// By itself with 0, or with this failure.
        end: Result<(), Failure>,
        /// What it used, where that is known.
        usage: Option<Usage>,
    },
}

/// An attempt that an earlier run had submitted, or was about to, and whose end its journal does not tell.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Left {
    /// The job's number in the run.
    pub index: usize,
    /// Which attempt it is, from 0.
    pub attempt: u32,
    /// The run that submitted it, or was about to: its [`Submission::run`], however many runs have adopted it since.
    pub run: Arc<str>,
    /// What the scheduler called it. `None`: the run died before it had written down an answer.
    pub jid: Option<Jid>,
    /// Its process, as [`Accepted::process`] told.
    pub process: Option<Process>,
}

impl Left {
    /// An attempt of which nothing more was written down.
    #[must_use]
    pub fn new(run: Arc<str>, index: usize, attempt: u32) -> Self {
        Self { index, attempt, run, jid: None, process: None }
    }
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The scheduler has it, by this name, which may be another than before: it is observed and killed as if it had been submitted now.
    Live(Accepted),
    /// It has ended, by itself with 0 or with this failure.
    Ended {
        /// How.
        end: Result<(), Failure>,
        /// What it used, where that is known.
        usage: Option<Usage>,
    },
    /// It was never started, and never will be: it is submitted again.
    NotStarted,
    /// That cannot be told, for this reason: it may have done its work. It is run again, and that is told.
    Unknown(String),
}

/// How to kill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kill {
    /// Ask it to end: SIGTERM.
    Term,
    /// End it: SIGKILL.
    Kill,
}

/// A scheduler that cannot be asked, for now: nothing is known of any job, which is not to say that one has ended. It is
/// logged as a warning, and asked again for as long as the run lives.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct Unreachable(pub String);

/// A scheduler of jobs: what one implements to run jobs somewhere else.
///
/// The engine calls it from a thread of its own, within a tokio runtime with I/O and time that lives as long as the run;
/// `submit` (unless it [looks ahead](Self::looks_ahead)), `observe` and `kill` each at most once at a time, but side by side. A backend knows no hook, no journal and
/// no retry: it says what it is told by its cluster, and decides nothing.
///
/// Its futures may be dropped at any await, when the run is dropped. What `observe` has not told then is told by its next
/// call, if there is one.
///
/// A panic of a backend ends the run: [`RunError::EngineLost`](crate::RunError::EngineLost). Jobs of a run whose program died are
/// asked about with [`recover`](Self::recover): an attempt has one name for ever, its [`run`](Submission::run), index and number.
///
/// The example `custom-backend` is one, in a file. [`Local`](super::Local) and [`Null`](super::Null) are two more.
pub trait Backend: fmt::Debug + Send + Sync + 'static {
    /// Its name: letters of `a-z`, digits and hyphens. It stands in the names of files (`job.wrapped.<name>`).
    fn name(&self) -> &str;

    /// Whether its jobs have a directory with files. A backend without runs no scripts. Default: yes.
    fn uses_files(&self) -> bool {
        true
    }

    /// Whether it can keep the output of jobs so. Default: in their files.
    fn keeps(&self, output: Output) -> bool {
        output == Output::Files
    }

    /// Whether it needs a script for every job. Default: only where hooks or the user put something into it.
    fn needs_script(&self) -> bool {
        false
    }

    /// Whether it can be given jobs before there is room for them, so that the next one starts as soon as one ends, without a word
    /// of the engine. Then `submit` is called for each job alone, with [`Submission::at_once`], while earlier ones have not been
    /// answered; it starts them in their order. Once it says no, it answers those that it has not started with [`Refused::Withdrawn`].
    /// Default: no.
    fn looks_ahead(&self) -> bool {
        false
    }

    /// Takes back what it was given ahead and has not started: that is answered with [`Refused::Withdrawn`], the rest as it was going
    /// to be. Default: there is nothing of the kind.
    fn withdraw(&self) -> Answer<'_, ()> {
        Box::pin(std::future::ready(()))
    }

    /// Submits jobs: an answer for each, in their order. One call for as many as there are. When it is called, it stands in
    /// the journal that they are about to be submitted; their answers stand there before anybody is told.
    fn submit<'a>(&'a self, jobs: &'a [Submission]) -> Answer<'a, Vec<Result<Accepted, Refused>>>;

    /// Tells what is new of these jobs, and of any others that were accepted meanwhile. It waits until it knows something
    /// new, if that comes by itself; where the cluster has to be asked, it waits a while, asks once for all jobs, and returns,
    /// be it with nothing: then it is called again, with the jobs of then. So it is what paces the questions to a cluster.
    ///
    /// Each end is told once, and never one that is not known: where the cluster does not answer, that is an error, and the
    /// engine asks again after a while (1 second, doubling to 60). A job that the cluster has forgotten ended with
    /// [`Failure::Lost`]; one that ended while nobody watched it, so that it may have done its work, with [`Failure::Unknown`].
    fn observe<'a>(&'a self, jids: &'a [Jid]) -> Answer<'a, Result<Vec<Observation>, Unreachable>>;

    /// Tells what became of attempts of earlier runs in this work directory: an answer for each, in their order. It is asked
    /// before anything is submitted, once a run, and only where something is left; where it cannot be told now, again after a
    /// while. Until then the run submits nothing.
    ///
    /// What is [`Live`](Found::Live) is observed from then on. What has [`Ended`](Found::Ended) is told again to a later run, if
    /// this one dies before it has written that down. [`NotStarted`](Found::NotStarted) is a promise: the attempt is submitted
    /// again, and two of a job at once are what nobody wants. It may also be asked by a run that only begins, of which nothing
    /// comes: on a runtime that ends after the answer ([`fresh`](crate::XquteBuilder::fresh)).
    ///
    /// Default: [`Unknown`](Found::Unknown) for each.
    fn recover<'a>(
        &'a self,
        workdir: &'a Path,
        left: &'a [Left],
    ) -> Answer<'a, Result<Vec<Found>, Unreachable>> {
        let _ = workdir;
        let unknown = || Found::Unknown("this scheduler cannot tell what became of it".to_owned());
        Box::pin(async move { Ok(left.iter().map(|_| unknown()).collect()) })
    }

    /// Secrets of plugins are in these variables of the program's environment: no job may have a variable of such a name, and no
    /// process that looks after jobs may show one. It is told once a run, before anything is submitted, and only where there are some; a
    /// job's own [`env`](Submission::env) has none of them. Default: nothing to do, for a backend that gives its jobs nothing of this
    /// program's environment.
    fn withholds(&self, names: &[String]) {
        let _ = names;
    }

    /// What people should know of how this backend works here, for the end of the run's summary. Default: nothing.
    fn note(&self) -> Option<String> {
        None
    }

    /// Kills jobs, with everything that they started. Whether one ended is observed, not told here; one that has ended is
    /// no error.
    fn kill<'a>(&'a self, jids: &'a [Jid], how: Kill) -> Answer<'a, Result<(), Unreachable>>;
}
