//! The engine of xqute. Name it through the facade, `xqute`, which re-exports all of it.
//!
//! A top-level module is a room: it answers one question and imports only what ARCHITECTURE.md's table allows.

// Generated code says `::xqute`, here as everywhere.
extern crate self as xqute;

pub mod backend;
mod engine;
pub mod hook;
pub mod job;
mod lifecycle;
mod macros;
pub mod script;
mod store;
#[cfg(feature = "testing")]
pub mod testing;

pub use backend::supervise;
pub use engine::{
    BuildError, DEFAULT_GRACE, DEFAULT_POLL_INTERVAL, DEFAULT_WORKDIR, EVENTS_KEPT, Error, ErrorStrategy,
    Events, HALT_MINIMUM, Halt, HaltAt, KnownJob, KnownJobs, Result, RunError, RunEvent, Xqute, XquteBuilder,
};
pub use hook::*;
pub use job::*;
pub use store::{
    Checked, Entries, Entry, Fact, Finding, JobState, JobView, JournalError, Mark, MarkError, RunView,
    WorkDirError, WorkDirView, check, utc,
};
pub use xqute_macros::{config, hook, hookspec, link_plugins};
#[doc(hidden)]
pub mod __private;
