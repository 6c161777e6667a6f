//! One argument twice.
#[xqute::hookspec]
pub trait PipeHooks {
    fn on_step(step: &str, step: &str);
}

fn main() {}
