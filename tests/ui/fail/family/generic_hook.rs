//! A generic hook.
#[xqute::hookspec]
pub trait PipeHooks {
    fn on_step<T>(step: &T);
}

fn main() {}
