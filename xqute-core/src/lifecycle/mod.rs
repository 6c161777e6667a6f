//! How does a job move? Pure: a state and an event in, a state and what follows out. No clock, no I/O, no async.
//!
//! ```text
//! Init -> Queued -> Gating -> Submitting -> Submitted -> Running -> Verifying -> Ended(Finished | Failed)
//!           ^  Postponed <-/ (a limit)           \-> Asking -> Killing -> Ended(Killed | Failed)
//!           |-- Held <- the gate of `Gating` says: later
//!           \-- Waiting <- an attempt failed and is followed by another
//! before Submitted: -> Ended(Cancelled)
//! an earlier run's attempt: Init -> Submitted | Running | Killing (it lives), or Waiting (its end is not known)
//! ```

mod retry;
mod state;
mod step;

pub(crate) use retry::Tried;
pub(crate) use state::{Effect, Ends, Event, How, Rules, State, Stop, Why};
pub(crate) use step::step;

#[cfg(test)]
mod tests;
