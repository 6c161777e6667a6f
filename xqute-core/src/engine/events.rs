//! What happens in a run, for whoever wants to follow it: a bounded stream.

use std::fmt;

use tokio::sync::broadcast::{self, error::RecvError};

use crate::job::{Job, Moment};

/// How many events a reader may be behind before it misses some.
pub const EVENTS_KEPT: usize = 1024;

/// Something that happened in a run.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum RunEvent {
    /// A job has reached a moment of its life: the job as it was then.
    Reached(Moment, Job),
    /// The reader was too slow: so many events are gone.
    Missed(u64),
}

/// The events of a run, from when it was asked for: [`Xqute::events`](crate::Xqute::events).
///
/// A slow reader holds nothing up: it misses the oldest events, and is told how many.
pub struct Events(broadcast::Receiver<(Moment, Job)>);

impl Events {
    pub(super) fn new(receiver: broadcast::Receiver<(Moment, Job)>) -> Self {
        Self(receiver)
    }

    /// The next event; `None` when the run is over.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it is ready, no event is lost.
    pub async fn next(&mut self) -> Option<RunEvent> {
        match self.0.recv().await {
            Ok((moment, job)) => Some(RunEvent::Reached(moment, job)),
            Err(RecvError::Lagged(missed)) => Some(RunEvent::Missed(missed)),
            Err(RecvError::Closed) => None,
        }
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Events(..)")
    }
}
