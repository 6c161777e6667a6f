//! An argument that only one implementation could have.
#[xqute::hookspec]
pub trait PipeHooks {
    fn on_step(step: &mut String);
}

fn main() {}
