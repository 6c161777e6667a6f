//! Who is asked about again later? Jobs of which the gate of submission said so: they wait, and take no slot.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use super::Dispatcher;
use crate::engine::treaty::{Order, Timer};
use crate::lifecycle::{Event, State};
use crate::store::{Record, millis};

/// Asking without end is not waiting.
const SHORTEST: Duration = Duration::from_millis(10);

/// Who said so, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine) struct Later {
    pub(super) plugin: Arc<str>,
    pub(super) reason: Cow<'static, str>,
}

impl Dispatcher {
    /// The gate is to be asked again after this wait. Written down is only what was not said the last time: a job may be asked
    /// about a thousand times.
    pub(super) fn later(&mut self, index: usize, said: Later, wait: Duration) {
        let (when, wait) = (self.now, wait.max(SHORTEST));
        let Some(entry) = self.jobs.get_mut(index) else { return };
        if entry.later.as_deref() != Some(&said) {
            let (attempt, wait) = (entry.tried.count(), millis(wait));
            let Later { plugin, reason: why } = &said;
            self.records.push(&Record::Held { index, attempt, plugin, why, wait, when });
            entry.later = Some(Box::new(said));
        }
        self.step(index, Event::Later);
        self.orders.push(Order::Timer(index, Timer::Later, Some(wait)));
        // It has not started: what it held back may.
        self.held &= self.last_turn != Some(index);
    }

    /// It is time to ask again. It has kept its place: see [`next_in_turn`](Self::next_in_turn).
    pub(super) fn asks_again(&mut self, index: usize) {
        if self.jobs.get(index).is_some_and(|entry| entry.state == State::Held) {
            self.step(index, Event::Due);
        }
    }

    /// Who is next: of those that were held, the first goes before what was fed after it.
    pub(super) fn next_in_turn(&mut self) -> Option<usize> {
        match (self.again.first(), self.queue.front()) {
            (Some(held), Some(next)) if held > next => self.queue.pop_front(),
            (Some(_), _) => self.again.pop_first(),
            (None, _) => self.queue.pop_front(),
        }
    }
}
