//! Which facts are written down?
//!
//! On disk a record is its `postcard` form: **the order of variants and of fields is the format**. A new variant goes to
//! the end; anything else is a new `frame::VERSION`, and the old form is read for ever (`fixtures/`).

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::job::{Argv, Digest, JobSpec, Need};

use super::given::Policy;
use super::holder::Holder;
pub(crate) use super::parts::{By, Used};
use super::words::{Bytes, Words};

/// A fact about a run or a job. `when` is in milliseconds since the epoch, `index` the job's number, `attempt` which try
/// it is, from 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Record<'a> {
    /// A run begins; what follows is its.
    Run {
        /// Its identifier.
        id: &'a str,
        /// The version of xqute.
        version: &'a str,
        /// The name of the backend.
        scheduler: &'a str,
        /// Its process.
        #[serde(borrow)]
        holder: Holder<'a>,
        when: u64,
    },
    /// A job is known. The values of its environment are not written, since they may be secrets; the digest has them in.
    Fed {
        index: usize,
        digest: [u8; 16],
        #[serde(borrow)]
        name: Option<&'a str>,
        #[serde(borrow)]
        argv: Words<'a>,
        #[serde(borrow)]
        cwd: Option<Bytes<'a>>,
    },
    /// An attempt is about to be submitted: if nothing follows, nobody knows whether it was.
    Submitting { index: usize, attempt: u32 },
    /// The scheduler has it.
    Submitted {
        index: usize,
        attempt: u32,
        jid: &'a str,
        /// Process id and start time in clock ticks since boot, where it is a process of this machine.
        process: Option<(i32, u64)>,
        when: u64,
    },
    /// It runs.
    Started { index: usize, attempt: u32, when: u64 },
    /// It failed, and another follows.
    Failed { index: usize, attempt: u32, why: &'a str, rc: Option<i32>, usage: Option<Used>, when: u64 },
    /// The job ended.
    Ended {
        index: usize,
        attempt: u32,
        /// The code of its [`Status`](crate::job::Status).
        status: u8,
        why: &'a str,
        rc: Option<i32>,
        usage: Option<Used>,
        when: u64,
    },
    /// The run ended in order.
    Done { when: u64 },
    /// The run was stopped before the job's turn came, or its next attempt's, or while it ran: that is no end of the job.
    Unstarted { index: usize, why: &'a str, when: u64 },
    /// The directory that the run's program was started in: jobs run there that are given none. Empty: not known.
    RunIn {
        #[serde(borrow)]
        cwd: Bytes<'a>,
    },
    /// The names of what a job is given as environment. Their values may be secrets.
    Environment {
        index: usize,
        #[serde(borrow)]
        names: Words<'a>,
    },
    /// An attempt failed for a reason that says nothing about the job. Another follows, and this one cost none.
    Excused { index: usize, attempt: u32, why: &'a str, rc: Option<i32>, usage: Option<Used>, when: u64 },
    /// An attempt that an earlier run submitted, `run`, goes on in this one.
    Adopted {
        index: usize,
        attempt: u32,
        /// The run that submitted it, however many have taken it up since.
        run: &'a str,
        jid: &'a str,
        process: Option<(i32, u64)>,
        when: u64,
    },
    /// The run is about to tell an attempt to end.
    Killing { index: usize, attempt: u32, by: By, when: u64 },
    /// What the run goes by, where a job says nothing else. Times are in milliseconds.
    Rules {
        /// The most jobs at once.
        forks: usize,
        retries: u32,
        timeout: Option<u64>,
        /// When it is given up, and what holds starts back, in the words of the command line. Empty: nothing.
        halt: &'a str,
        held: &'a str,
    },
    /// An attempt failed, and the next is due after so many milliseconds; `used`: of its retries, with that one.
    Retry { index: usize, attempt: u32, used: u32, retries: u32, wait: u64, when: u64 },
    /// An attempt failed, and no other follows, although the job has a policy for that. `covered`: which is about
    /// failures like this one.
    GaveUp { index: usize, attempt: u32, used: u32, retries: u32, covered: bool, when: u64 },
    /// The run is being stopped; `by`: because of how this job ended.
    Stopped { why: &'a str, by: Option<usize>, when: u64 },
    /// A job has to wait for others: these had not ended yet when it came in.
    Waits { index: usize, on: Vec<usize> },
    /// The journal was written anew, without so many records that nothing depended on any more.
    Compacted { records: u64, when: u64 },
    /// What else a job was given, where it was given any of it: its tags, its time limit, when it is tried again.
    Given {
        index: usize,
        #[serde(borrow)]
        tags: Vec<&'a str>,
        timeout: Option<Duration>,
        retry: Option<Policy>,
    },
    /// The jobs that a job was fed to wait for, ended or not, and whether each has to succeed.
    After { index: usize, on: Vec<(usize, bool)> },
    /// The list of jobs was fed to its end: so many.
    ListEnded { jobs: usize, when: u64 },
    /// Where the run keeps what its jobs write, in the word of the command line, if that is not in files of their own.
    Output { kept: &'a str },
    /// The files that a job was said to read and to write, where it was said of any.
    Files {
        index: usize,
        #[serde(borrow)]
        inputs: Words<'a>,
        #[serde(borrow)]
        outputs: Words<'a>,
    },
    /// A plugin holds an attempt, and is asked about it again after so many milliseconds, and from then on as long as it says the
    /// same: that is not written again.
    Held { index: usize, attempt: u32, plugin: &'a str, why: &'a str, wait: u64, when: u64 },
}

impl<'a> Record<'a> {
    /// A run of this process begins.
    pub(crate) fn run(id: &'a str, scheduler: &'a str, when: u64) -> Self {
        let version = env!("CARGO_PKG_VERSION");
        Self::Run { id, version, scheduler, holder: Holder::this_process(), when }
    }

    /// Where it begins.
    pub(crate) fn run_in(cwd: &'a Path) -> Self {
        Self::RunIn { cwd: cwd.as_os_str().into() }
    }

    /// A job is known.
    pub(crate) fn fed(index: usize, digest: Digest, argv: &'a Argv, spec: &'a JobSpec) -> Self {
        let cwd = spec.given_cwd().map(|it| it.as_os_str().into());
        Self::Fed { index, digest: digest.0, name: spec.given_name(), argv: Words::Given(argv.words()), cwd }
    }

    /// What a job is given as environment, if it is given any.
    pub(crate) fn environment(index: usize, spec: &'a JobSpec) -> Option<Self> {
        let names = spec.given_env().iter().map(|(name, _value)| name.as_os_str().into());
        (!spec.given_env().is_empty())
            .then(|| Self::Environment { index, names: Words::Read(names.collect()) })
    }

    /// What else a job is given, if it is given any of it.
    pub(crate) fn given(index: usize, spec: &'a JobSpec) -> Option<Self> {
        let tags: Vec<&str> = spec.given_tags().iter().map(|it| &**it).collect();
        let (timeout, retry) = (spec.given_timeout(), spec.given_retry().map(Policy::of));
        let is_any = !tags.is_empty() || timeout.is_some() || retry.is_some();
        is_any.then_some(Self::Given { index, tags, timeout, retry })
    }

    /// The jobs that a job waits for, if there are any.
    pub(crate) fn after(index: usize, after: &[(usize, Need)]) -> Option<Self> {
        let on = after.iter().map(|(job, need)| (*job, *need == Need::Success)).collect();
        (!after.is_empty()).then_some(Self::After { index, on })
    }

    /// The files that a job is to read and to write, if it was said of any.
    pub(crate) fn files(index: usize, spec: &'a JobSpec) -> Option<Self> {
        let words =
            |paths: &'a [PathBuf]| Words::Read(paths.iter().map(|it| it.as_os_str().into()).collect());
        let (inputs, outputs) = (spec.given_inputs(), spec.given_outputs());
        let is_any = !inputs.is_empty() || !outputs.is_empty();
        is_any.then(|| Self::Files { index, inputs: words(inputs), outputs: words(outputs) })
    }

    /// The job that it is about.
    pub(super) fn index(&self) -> Option<usize> {
        match self {
            Self::Fed { index, .. }
            | Self::Environment { index, .. }
            | Self::Submitting { index, .. }
            | Self::Submitted { index, .. }
            | Self::Started { index, .. }
            | Self::Failed { index, .. }
            | Self::Ended { index, .. }
            | Self::Unstarted { index, .. }
            | Self::Excused { index, .. }
            | Self::Adopted { index, .. }
            | Self::Killing { index, .. }
            | Self::Retry { index, .. }
            | Self::GaveUp { index, .. }
            | Self::Waits { index, .. }
            | Self::Given { index, .. }
            | Self::After { index, .. }
            | Self::Files { index, .. }
            | Self::Held { index, .. } => Some(*index),
            Self::Run { .. }
            | Self::RunIn { .. }
            | Self::Rules { .. }
            | Self::Stopped { .. }
            | Self::Compacted { .. }
            | Self::ListEnded { .. }
            | Self::Output { .. }
            | Self::Done { .. } => None,
        }
    }

    /// The same fact in few words, where one with all of them is too long for a record: text for people goes.
    pub(super) fn shortened(self) -> Self {
        match self {
            Self::Run { holder, when, .. } => Self::Run { id: "", version: "", scheduler: "", holder, when },
            Self::Fed { index, digest, .. } => {
                Self::Fed { index, digest, name: None, argv: Words::Given(&[]), cwd: None }
            }
            Self::Submitted { index, attempt, process, when, .. } => {
                Self::Submitted { index, attempt, jid: "", process, when }
            }
            Self::Failed { index, attempt, rc, usage, when, .. } => {
                Self::Failed { index, attempt, why: "", rc, usage, when }
            }
            Self::Ended { index, attempt, status, rc, usage, when, .. } => {
                Self::Ended { index, attempt, status, why: "", rc, usage, when }
            }
            Self::Excused { index, attempt, rc, usage, when, .. } => {
                Self::Excused { index, attempt, why: "", rc, usage, when }
            }
            Self::Adopted { index, attempt, process, when, .. } => {
                Self::Adopted { index, attempt, run: "", jid: "", process, when }
            }
            Self::Unstarted { index, when, .. } => Self::Unstarted { index, why: "", when },
            Self::RunIn { .. } => Self::RunIn { cwd: Bytes(b"") },
            Self::Environment { index, .. } => Self::Environment { index, names: Words::Given(&[]) },
            Self::Rules { forks, retries, timeout, .. } => {
                Self::Rules { forks, retries, timeout, halt: "", held: "" }
            }
            Self::Stopped { by, when, .. } => Self::Stopped { why: "", by, when },
            Self::Waits { index, .. } => Self::Waits { index, on: Vec::new() },
            Self::Given { index, timeout, retry, .. } => {
                Self::Given { index, tags: Vec::new(), timeout, retry }
            }
            Self::After { index, .. } => Self::After { index, on: Vec::new() },
            Self::Output { .. } => Self::Output { kept: "" },
            Self::Files { index, .. } => {
                Self::Files { index, inputs: Words::Given(&[]), outputs: Words::Given(&[]) }
            }
            Self::Held { index, attempt, wait, when, .. } => {
                Self::Held { index, attempt, plugin: "", why: "", wait, when }
            }
            Self::Submitting { .. }
            | Self::Started { .. }
            | Self::Killing { .. }
            | Self::Retry { .. }
            | Self::GaveUp { .. }
            | Self::Compacted { .. }
            | Self::ListEnded { .. }
            | Self::Done { .. } => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsString;

    #[test]
    fn of_what_a_job_is_given_as_environment_the_names_are_written() {
        let spec = JobSpec::new(["a"]).name("n").env("TOKEN", "secret").cwd("/d");
        let names = Words::Read(vec![Bytes(b"TOKEN")]);
        assert_eq!(Record::environment(3, &spec), Some(Record::Environment { index: 3, names }));
        assert_eq!(Record::environment(3, &JobSpec::new(["a"])), None);
        let record = Record::fed(3, spec.digest(None).unwrap(), spec.argv().unwrap(), &spec);
        let words = [OsString::from("a")];
        let digest = spec.digest(None).unwrap().0;
        let (argv, cwd) = (Words::Given(&words), Some(Bytes(b"/d")));
        assert_eq!(record, Record::Fed { index: 3, digest, name: Some("n"), argv, cwd });
    }
}
