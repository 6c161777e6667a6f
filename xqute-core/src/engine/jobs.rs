//! Which jobs are there? A dense table: an index is a place in it, and no job is ever deleted.

use std::path::Path;
use std::sync::Arc;

use super::treaty::{Asked, Notice};
use crate::backend::Jid;
use crate::hook::Counts;
use crate::job::{Argv, Job, JobSpec, Outcome};
use crate::lifecycle::{Point, State};

/// A job and its hooks.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) state: State,
    /// What was asked; gone when the job has ended and its hooks have returned.
    asked: Option<Asked>,
    pub(super) jid: Option<Jid>,
    outcome: Option<Outcome>,
    /// Its hooks are being called.
    pub(super) calling: bool,
    /// What its hooks are called for next.
    pub(super) waiting: Vec<Notice>,
}

impl Entry {
    pub(super) fn new(spec: JobSpec, argv: Argv) -> Self {
        let asked = Some(Asked { spec: Arc::new(spec), argv });
        Self { state: State::Init, asked, jid: None, outcome: None, calling: false, waiting: Vec::new() }
    }

    /// The job as the hooks of a moment see it.
    pub(super) fn snapshot(&self, index: usize, workdir: &Arc<Path>, point: Point) -> Option<Job> {
        let Asked { spec, argv } = self.asked.as_ref()?;
        Some(Job {
            index,
            argv: argv.clone(),
            spec: Arc::clone(spec),
            workdir: Arc::clone(workdir),
            status: point.status().unwrap_or_else(|| self.state.status()),
            jid: self.jid.clone(),
            trial_count: 0,
            will_retry: false,
            outcome: if point.status().is_none() { self.outcome.clone() } else { None },
        })
    }

    pub(super) fn argv(&self) -> Option<&Argv> {
        self.asked.as_ref().map(|asked| &asked.argv)
    }

    pub(super) fn end(&mut self, outcome: Outcome) {
        self.outcome = Some(outcome);
    }

    /// Gives away what nobody needs any more.
    pub(super) fn settle(&mut self) -> Option<Asked> {
        if !matches!(self.state, State::Ended(_)) || self.calling {
            return None;
        }
        self.jid = None;
        self.outcome = None;
        self.waiting = Vec::new();
        self.asked.take()
    }
}

/// Counts an end.
pub(super) fn count(counts: &mut Counts, outcome: &Outcome) {
    let count = match outcome {
        Outcome::Succeeded => &mut counts.succeeded,
        Outcome::Skipped { .. } => &mut counts.skipped,
        Outcome::Failed(_) => &mut counts.failed,
        Outcome::Cancelled(_) => &mut counts.cancelled,
    };
    *count += 1;
}
