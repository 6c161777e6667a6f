//! Which hooks does the framework call? Every mode, both colours, and every kind of argument.

use xq::Verdict;

use crate::{Measure, Pipe};

/// The hooks of a pipe.
#[xq::hookspec(path = crate::hooks, crate = xq)]
pub trait PipeHooks {
    /// A pipe is about to open; a broken hook keeps it closed.
    #[gate]
    fn on_open(pipe: &dyn Pipe, steps: usize);
    /// A step began.
    async fn on_step(pipe: &dyn Pipe, step: &str, after: Option<&str>, attempt: u32);
    /// Nothing to do.
    async fn on_idle();
    /// What to call a pipe: the first answer holds.
    #[first]
    fn on_name(pipe: &dyn Pipe) -> Option<String>;
    /// What a step was known to yield: the first answer holds.
    #[first]
    #[gate]
    async fn on_cached(step: &str) -> Option<u64>;
    /// Whether a pipe may close.
    #[veto]
    fn on_close(pipe: &dyn Pipe) -> Verdict;
    /// Whether what a pipe holds may be lost.
    #[veto]
    #[gate]
    async fn on_discard(pipe: &dyn Pipe) -> Verdict;
    /// What to write on a pipe.
    #[each]
    fn on_label() -> String;
    /// How much went through.
    #[each]
    #[gate]
    async fn on_measure(step: &str, mode: u8, each: u8) -> Measure;
}
