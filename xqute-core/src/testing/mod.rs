//! How is a plugin tested? In a run with chosen plugins, pretended jobs and virtual time, of which everything is recorded.

mod backend;
mod check;
mod jobs;
mod plan;
mod run;
mod text;
mod trace;

pub use crate::hook::record::{Call, Event, Step};
pub use jobs::JobTrace;
pub use plan::Plan;
pub use run::{GIVE_UP_AFTER, TestError, TestRun};
pub use trace::Trace;
