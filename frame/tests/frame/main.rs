//! Does the framework do what it promises? Pipelines of real commands, run again and again.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cache;
mod failures;
mod families;
mod scene;
mod words;
