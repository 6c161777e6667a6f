//! What does a hook see of a job? A snapshot of the moment that the hook is about.

use std::any::Any;
use std::ffi::OsStr;
use std::fmt;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::argv::Argv;
use super::files::JobFiles;
use super::outcome::Outcome;
use super::spec::JobSpec;
use super::status::Status;
use super::usage::Usage;

/// What was asked for a job: the same all its life, so that what is seen of its moments shares it.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) spec: JobSpec,
    pub(crate) argv: Argv,
    pub(crate) workdir: Arc<Path>,
}

/// A job as it was at the moment that a hook is called for. What happens meanwhile does not change it.
#[derive(Clone)]
pub struct Job {
    pub(crate) index: usize,
    pub(crate) asked: Arc<Asked>,
    pub(crate) status: Status,
    pub(crate) jid: Option<Arc<str>>,
    pub(crate) trial_count: u32,
    pub(crate) will_retry: bool,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) usage: Option<Usage>,
    pub(crate) rc: Option<i32>,
    /// Milliseconds since the epoch.
    pub(crate) times: (Option<NonZeroU64>, Option<NonZeroU64>),
}

impl Job {
    /// Its number in the run, from 0: the name of its directory.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// The name that it was given, if any.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.asked.spec.given_name()
    }

    /// Its program and arguments.
    #[must_use]
    pub fn argv(&self) -> &Argv {
        &self.asked.argv
    }

    /// Its command as a line, quoted as a shell would want it. For people: it allocates, and loses what is no text.
    #[must_use]
    pub fn cmd(&self) -> String {
        self.asked.argv.to_string()
    }

    /// The scheduler's name for it (on this machine its process id), once it is submitted.
    #[must_use]
    pub fn jid(&self) -> Option<&str> {
        self.jid.as_deref()
    }

    /// Where it was in its life.
    #[must_use]
    pub fn status(&self) -> Status {
        self.status
    }

    /// How often it has been tried again: 0 in the first attempt.
    #[must_use]
    pub fn trial_count(&self) -> u32 {
        self.trial_count
    }

    /// Whether a failed attempt is followed by another.
    #[must_use]
    pub fn will_retry(&self) -> bool {
        self.will_retry
    }

    /// How it ended, where the hook is about its end; how its attempt ended, where that failed.
    #[must_use]
    pub fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_ref()
    }

    /// The exit code of its attempt as a shell would tell it, 128 and the number for a signal, where the hook is about the
    /// attempt's end and that is known.
    #[must_use]
    pub fn rc(&self) -> Option<i32> {
        self.rc
    }

    /// What its attempt used of its machine, where the hook is about the attempt's end and the scheduler knows.
    #[must_use]
    pub fn usage(&self) -> Option<&Usage> {
        self.usage.as_ref()
    }

    /// When its attempt was seen to run; as exact as the scheduler is asked often.
    #[must_use]
    pub fn started(&self) -> Option<SystemTime> {
        self.times.0.map(time)
    }

    /// When its attempt was seen to have ended, where the hook is about that or what follows.
    #[must_use]
    pub fn ended(&self) -> Option<SystemTime> {
        self.times.1.map(time)
    }

    /// The words that [`JobSpec::tag`] put to it.
    pub fn tags(&self) -> impl Iterator<Item = &str> {
        self.asked.spec.given_tags().iter().map(|it| &**it)
    }

    /// The value that [`JobSpec::env`] gave this variable. It may be a secret: write it down nowhere. What the job inherits from
    /// the program is not looked at.
    #[must_use]
    pub fn env(&self, name: impl AsRef<OsStr>) -> Option<&OsStr> {
        let name = name.as_ref();
        self.asked.spec.given_env().iter().find(|it| it.0 == name).map(|it| &*it.1)
    }

    /// The directory that it runs in; `None`: the program's own.
    #[must_use]
    pub fn cwd(&self) -> Option<&Path> {
        self.asked.spec.given_cwd()
    }

    /// How long an attempt of it may run, where it was given a limit of its own: else the [run's](crate::Run::timeout) counts.
    #[must_use]
    pub fn timeout(&self) -> Option<Duration> {
        self.asked.spec.given_timeout()
    }

    /// Its files.
    #[must_use]
    pub fn files(&self) -> JobFiles {
        JobFiles::new(Arc::clone(&self.asked.workdir), self.index)
    }

    /// Its directory.
    #[must_use]
    pub fn metadir(&self) -> PathBuf {
        self.files().metadir()
    }

    /// Where its standard output goes.
    #[must_use]
    pub fn stdout_file(&self) -> PathBuf {
        self.files().stdout()
    }

    /// Where its standard error goes.
    #[must_use]
    pub fn stderr_file(&self) -> PathBuf {
        self.files().stderr()
    }

    /// Its exit code, as a line; there once it has ended.
    #[must_use]
    pub fn rc_file(&self) -> PathBuf {
        self.files().rc()
    }

    /// The number of its status, as a line; there once it has ended.
    #[must_use]
    pub fn status_file(&self) -> PathBuf {
        self.files().status()
    }

    /// What [`JobSpec::data`] attached, of this type.
    #[must_use]
    pub fn data<T: Any>(&self) -> Option<&T> {
        self.asked.spec.find_data()
    }
}

fn time(millis: NonZeroU64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(millis.get())
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job")
            .field("index", &self.index)
            .field("argv", &self.asked.argv)
            .field("status", &self.status)
            .field("jid", &self.jid)
            .field("outcome", &self.outcome)
            .finish_non_exhaustive()
    }
}
