//! Can a framework have hooks of its own? It declares a family, re-exports it alone, and calls it.
#![deny(warnings, missing_docs, rust_2018_idioms)]

pub mod hooks;

pub use hooks::PipeHooks;

/// What the hooks are about: the framework's own type, behind a trait.
pub trait Pipe: Sync {
    /// What it is called.
    fn name(&self) -> &str;
}

/// A result of the framework's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measure {
    /// How many bytes went through.
    pub bytes: u64,
}
