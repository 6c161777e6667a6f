//! What is to happen in a job's hooks, and at which call? Attached to the job as its data.

use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// What a hook does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Reads this pipe to its end: until somebody has opened it for writing, and closed it.
    Await(PathBuf),
    /// Writes a line into this pipe: whoever waits for one goes on.
    Open(PathBuf),
    /// Has this job killed.
    Kill(usize),
    /// Cancels the run.
    Cancel,
    /// Says no, for this reason.
    Veto(&'static str),
    /// Says that the job need not run, for this reason.
    Skip(&'static str),
    /// Says that it is to be asked again at once, for this reason.
    Later(&'static str),
}

/// At which call of a hook.
#[derive(Debug, Clone, Copy)]
enum When {
    /// This one, from 0.
    Call(usize),
    /// The first one since this hook was called for the last of so many times.
    After(&'static str, usize),
}

/// What the hooks of one job do, besides writing themselves down.
#[derive(Debug, Default)]
pub struct Plan(Vec<(&'static str, When, Act)>);

impl Plan {
    /// Nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// At the first call of a hook.
    pub fn at(self, hook: &'static str, act: Act) -> Self {
        self.at_call(0, hook, act)
    }

    /// At this call of a hook, from 0.
    pub fn at_call(mut self, nth: usize, hook: &'static str, act: Act) -> Self {
        self.0.push((hook, When::Call(nth), act));
        self
    }

    /// When the job is polled for the first time after it was asked so many times whether it may be killed: then the
    /// answer has been heard, and it lives on.
    pub fn alive_after(mut self, asked: usize, act: Act) -> Self {
        self.0.push(("on_job_polling", When::After("on_job_killing", asked), act));
        self
    }

    /// What is to be done now; `before` are the hooks that were called for the job before.
    pub(crate) fn acts(&self, hook: &str, before: &[&str]) -> Vec<Act> {
        let count = |hooks: &[&str], hook: &str| hooks.iter().filter(|it| **it == hook).count();
        let is_now = |when| match when {
            When::Call(nth) => count(before, hook) == nth,
            When::After(other, times) => {
                let since = before.iter().rposition(|it| *it == other).map(|last| &before[last..]);
                count(before, other) == times && since.is_some_and(|since| count(since, hook) == 0)
            }
        };
        let due = self.0.iter().filter(|(of, when, _)| *of == hook && is_now(*when));
        due.map(|(_, _, act)| act.clone()).collect()
    }
}

/// The pipe must be there: nothing is made in its place.
pub(crate) fn awaits(fifo: &Path) -> io::Result<String> {
    let mut text = String::new();
    OpenOptions::new().read(true).open(fifo)?.read_to_string(&mut text).map(|_| text)
}

pub(crate) fn opens(fifo: &Path) -> io::Result<()> {
    OpenOptions::new().write(true).open(fifo)?.write_all(b"go\n")
}
