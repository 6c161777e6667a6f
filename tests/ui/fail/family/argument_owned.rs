//! An argument that only the first implementation would get.
#[xqute::hookspec]
pub trait PipeHooks {
    fn on_step(step: String);
}

fn main() {}
