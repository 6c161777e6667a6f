//! How does a job move? Pure: a state and an event in, a state and what follows out. No clock, no I/O, no async.

mod state;
mod step;

pub(crate) use state::{Effect, Event, Point, State};
pub(crate) use step::step;
