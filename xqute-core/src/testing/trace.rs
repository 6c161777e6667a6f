//! What has happened in a test's run?

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;

use super::jobs::JobTrace;
use super::text;
use crate::hook::record::{Call, Event, Step};
use crate::hook::{PluginInfo, Summary};

/// What has happened in a run: every hook that was called and every moment that a job has reached, in their order. `Display` shows it,
/// a step a line.
#[derive(Debug)]
pub struct Trace {
    pub(super) steps: Vec<Step>,
    pub(super) summary: Summary,
    /// How many jobs there were.
    pub(super) fed: usize,
    /// The plugins of the run, and the hooks that they have.
    pub(super) linked: Vec<PluginInfo>,
    /// It goes with the trace.
    pub(super) dir: TempDir,
}

impl Trace {
    /// What the run said at its end. Its times are virtual.
    #[must_use]
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// What has happened, in order.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The calls of hooks, in order.
    pub fn calls(&self) -> impl DoubleEndedIterator<Item = &Call> {
        self.steps.iter().filter_map(|step| match step {
            Step::Called(call) => Some(call),
            Step::Reached(_) => None,
        })
    }

    /// The moments that jobs have reached, in order.
    pub fn events(&self) -> impl DoubleEndedIterator<Item = &Event> {
        self.steps.iter().filter_map(|step| match step {
            Step::Reached(event) => Some(event),
            Step::Called(_) => None,
        })
    }

    /// What has happened to one job, by its index: the first that was fed has 0.
    #[must_use]
    pub fn job(&self, index: usize) -> JobTrace<'_> {
        JobTrace { trace: self, index }
    }

    /// The run's work directory, with the files of its jobs and plugins. It is removed with the trace.
    #[must_use]
    pub fn workdir(&self) -> PathBuf {
        self.dir.path().join("work")
    }

    /// How much virtual time has passed.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.summary.elapsed
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text::lines(&self.steps))
    }
}
