//! What does a workflow framework on top of xqute look like? Processes with inputs and outputs, results that are cached, hooks of
//! its own.
//!
//! It is an example to start from, and names nothing but the facade. `docs/guide/framework.md` walks through it.
//!
//! - `process`: what is to be run; `pipeline`: in which order, and how it comes into a run;
//! - `cache`: what need not run; `plugin`: the framework as a plugin of xqute; `hooks`: its own family.

mod cache;
mod error;
pub mod hooks;
mod pipeline;
mod plugin;
mod process;

#[cfg(doctest)]
#[doc = include_str!("../../docs/guide/framework.md")]
struct ThePageCompiles;

pub use error::FrameError;
pub use hooks::FrameHooks;
pub use pipeline::Pipeline;
pub use process::{Process, Task};
