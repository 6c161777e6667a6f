//! An argument whose type has no name.
#[xqute::hookspec]
pub trait PipeHooks {
    fn on_step(step: impl Send);
}

fn main() {}
