//! Memory is short: who makes room?

use super::Dispatcher;
use crate::lifecycle::{Event, State, Why};

impl Dispatcher {
    /// The job that began last is told to end, and waits for its turn again. The one that began first goes on, so that the run
    /// comes forward; and nobody is told before the last who was is gone, because until then its memory is not free.
    pub(in crate::engine) fn preempt(&mut self) {
        let jobs = self.live.values().filter_map(|index| Some((*index, self.jobs.get(*index)?)));
        let (mut running, mut going) = (Vec::new(), false);
        for (index, job) in jobs {
            match job.state {
                State::Running => running.push((job.times.0, index)),
                State::Asking { why: Why::Memory, .. } | State::Killing { why: Why::Memory, .. } => {
                    going = true
                }
                _ => {}
            }
        }
        let youngest = running.iter().max().filter(|_| !going && running.len() > 1);
        if let Some((_, index)) = youngest {
            // Whoever is next waits until there is memory.
            self.held = self.settings.paced;
            self.step(*index, Event::Preempt);
        }
    }
}
