//! The engine of xqute. Name it through the facade, `xqute`, which re-exports all of it.
//!
//! A top-level module is a room: it answers one question and imports only what ARCHITECTURE.md's table allows.

// Generated code says `::xqute`, here as everywhere.
extern crate self as xqute;

mod backend;
mod engine;
pub mod hook;
pub mod job;
mod lifecycle;
mod macros;
mod store;

pub use engine::{BuildError, Error, Result, RunError, Xqute, XquteBuilder};
pub use hook::*;
pub use job::*;
pub use store::WorkDirError;
pub use xqute_macros::{hook, hookspec, link_plugins};
#[doc(hidden)]
pub mod __private;
