//! Something that is no hook.
#[xqute::hookspec]
pub trait PipeHooks {
    type Step;
    fn on_step(step: &str);
}

fn main() {}
