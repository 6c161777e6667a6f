//! Who decides? The dispatcher: one loop that owns every job's state. Around it the builder, the handle that feeds it,
//! the caller of hooks, and the thread that performs what it orders.

mod builder;
mod calls;
mod dispatcher;
mod error;
mod feeder;
mod handle;
mod jobs;
mod thread;
mod treaty;

pub use builder::XquteBuilder;
pub use error::{BuildError, Error, Result, RunError};
pub use handle::Xqute;
