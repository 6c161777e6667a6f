//! A generic family.
#[xqute::hookspec]
pub trait PipeHooks<T> {
    fn on_step(step: &T);
}

fn main() {}
