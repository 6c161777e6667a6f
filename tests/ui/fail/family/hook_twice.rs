//! One hook twice.
#[xqute::hookspec]
pub trait PipeHooks {
    fn on_step(step: &str);
    fn on_step(name: &str);
}

fn main() {}
