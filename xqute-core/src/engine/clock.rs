//! What time is it for a run? The system's, or that of the runtime that it is tested on.

use tokio::time::Instant;

use crate::store;

/// Tells the time that is written down and shown to hooks.
#[derive(Debug, Default)]
pub(super) struct Clock {
    /// The system's time when a runtime's clock began to count instead.
    begun: Option<(u64, Instant)>,
}

impl Clock {
    /// The clock of the runtime that it is made on: where that jumps, this one does.
    #[cfg(feature = "testing")]
    pub(super) fn of_runtime() -> Self {
        Self { begun: Some((store::now(), Instant::now())) }
    }

    /// Milliseconds since the epoch.
    pub(super) fn now(&self) -> u64 {
        match &self.begun {
            None => store::now(),
            Some((then, begun)) => then + store::millis(begun.elapsed()),
        }
    }
}
