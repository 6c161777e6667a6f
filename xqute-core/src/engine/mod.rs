//! Who decides? The dispatcher: one loop that owns every job's state. Around it the builder, the handle that feeds it,
//! the caller of hooks, and the thread that performs what it orders.

mod build;
mod builder;
mod calls;
mod clock;
mod crew;
mod dispatcher;
mod error;
mod events;
mod feeder;
mod halt;
mod handle;
mod history;
mod jobs;
mod known;
mod perform;
mod questions;
mod recovery;
mod signals;
mod thread;
mod throttle;
mod timers;
mod treaty;

pub use builder::{DEFAULT_GRACE, DEFAULT_POLL_INTERVAL, DEFAULT_WORKDIR, ErrorStrategy, XquteBuilder};
pub use error::{BuildError, Error, Result, RunError};
pub use events::{EVENTS_KEPT, Events, RunEvent};
pub use halt::{HALT_MINIMUM, Halt, HaltAt};
pub use handle::Xqute;
pub use known::{KnownJob, KnownJobs};
