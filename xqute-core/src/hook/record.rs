//! What happened in a run, in which order? Recorded for the test kit; without the feature `testing` there is nothing to pay for.

#[cfg(feature = "testing")]
mod kept;
#[cfg(not(feature = "testing"))]
mod none;

#[cfg(feature = "testing")]
pub use kept::{Call, Event, Step};
#[cfg(feature = "testing")]
pub(crate) use kept::{Record, Recorder, about};
#[cfg(not(feature = "testing"))]
pub(crate) use none::{Recorder, about};
