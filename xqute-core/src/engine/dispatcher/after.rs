//! Who waits for whom? A job that waits for others is in no queue: their ends put it there, or cancel it.

use std::collections::HashMap;

use super::Dispatcher;
use crate::job::{Cancelled, Need, Outcome};
use crate::lifecycle::{Event, State};
use crate::store::Record;

/// Jobs that wait for others.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// By the job that is waited for.
    dependents: HashMap<usize, Vec<(usize, Need)>>,
    /// How many a job waits for yet.
    left: HashMap<usize, usize>,
    /// Those that have ended, and whose dependents have not heard of it.
    ended: Vec<usize>,
}

impl Dispatcher {
    /// A job can be queued, unless it waits for others; one of those may have ended otherwise than it should.
    pub(super) fn enqueue(&mut self, index: usize, after: &[(usize, Need)]) {
        let mut left = Vec::new();
        for &(other, need) in after {
            match (self.jobs.ended_well(other), need) {
                (None, _) => {
                    self.waiting.dependents.entry(other).or_default().push((index, need));
                    left.push(other);
                }
                (Some(false), Need::Success) => return self.in_vain(index, other),
                (Some(_), _) => {}
            }
        }
        if left.is_empty() {
            return self.step(index, Event::Enqueue);
        }
        self.waiting.left.insert(index, left.len());
        self.records.push(&Record::Waits { index, on: left });
    }

    /// A job has ended: whoever waits for it is told by [`tell_dependents`](Self::tell_dependents).
    pub(super) fn note_end(&mut self, index: usize) {
        if self.waiting.dependents.contains_key(&index) {
            self.waiting.ended.push(index);
        }
    }

    /// Not where a job ends: a chain of a million cancels itself from here, in a loop.
    pub(super) fn tell_dependents(&mut self) {
        while let Some(index) = self.waiting.ended.pop() {
            let well = self.jobs.ended_well(index) == Some(true);
            for (dependent, need) in self.waiting.dependents.remove(&index).unwrap_or_default() {
                // It may have been stopped, or have waited in vain for another, meanwhile.
                if self.jobs.get(dependent).is_none_or(|entry| entry.state != State::Init) {
                    self.waiting.left.remove(&dependent);
                } else if need == Need::Success && !well {
                    self.waiting.left.remove(&dependent);
                    self.in_vain(dependent, index);
                } else {
                    self.one_less(dependent);
                }
            }
        }
    }

    fn one_less(&mut self, index: usize) {
        let Some(left) = self.waiting.left.get_mut(&index) else { return };
        *left -= 1;
        if *left == 0 {
            self.waiting.left.remove(&index);
            self.step(index, Event::Enqueue);
        }
    }

    fn in_vain(&mut self, index: usize, job: usize) {
        self.step(index, Event::Decided(Outcome::Cancelled(Cancelled::Dependency { job })));
    }
}
