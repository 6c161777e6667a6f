//! A hook with a receiver.
#[xqute::hookspec]
pub trait PipeHooks {
    fn on_step(&self, step: &str);
}

fn main() {}
