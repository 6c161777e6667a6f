//! An unsafe hook.
#[xqute::hookspec]
pub trait PipeHooks {
    unsafe fn on_step(step: &str);
}

fn main() {}
