//! What has happened to one job of a test's run?

use super::text::is_end;
use super::trace::Trace;
use crate::hook::record::Event;
use crate::job::{Job, Moment, Outcome};

/// What has happened to one job.
#[derive(Debug, Clone, Copy)]
pub struct JobTrace<'a> {
    pub(super) trace: &'a Trace,
    pub(super) index: usize,
}

impl<'a> JobTrace<'a> {
    fn events(self) -> impl DoubleEndedIterator<Item = &'a Event> {
        self.trace.events().filter(move |event| event.job.index() == self.index)
    }

    /// How it ended.
    ///
    /// # Panics
    ///
    /// It has not ended in this run.
    #[must_use]
    #[track_caller]
    pub fn outcome(self) -> &'a Outcome {
        let end = self.events().rfind(|event| is_end(event)).and_then(|event| event.job.outcome());
        end.unwrap_or_else(|| panic!("job {} has not ended in this run\n{}", self.index, self.trace))
    }

    /// The job as it was when something happened to it last.
    ///
    /// # Panics
    ///
    /// Nothing has.
    #[must_use]
    #[track_caller]
    pub fn last(self) -> &'a Job {
        let last = self.events().next_back();
        &last.unwrap_or_else(|| panic!("there was no job {} in this run\n{}", self.index, self.trace)).job
    }

    /// The moments of its life, in order.
    #[must_use]
    pub fn moments(self) -> Vec<Moment> {
        self.events().map(|event| event.moment).collect()
    }

    /// The hooks that were called for it, in order: one that two plugins have comes twice.
    #[must_use]
    pub fn hooks(self) -> Vec<&'static str> {
        self.trace.calls().filter(|call| call.job() == Some(self.index)).map(|call| call.hook).collect()
    }

    /// How often it was submitted.
    #[must_use]
    pub fn attempts(self) -> usize {
        self.events().filter(|event| event.moment == Moment::Submitted).count()
    }
}
