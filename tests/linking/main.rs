//! Are plugins linked, and called in one order, however a program is built? Each test builds programs, and runs them.
//!
//! The plugins are the crates in `tests/crates/linking`; the programs are written here, beside what they print.

mod dependencies;
mod libraries;
mod manifests;
mod order;
mod program;
