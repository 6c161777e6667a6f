//! A mode that collects, and nothing to collect.
#[xqute::hookspec]
pub trait PipeHooks {
    #[first]
    fn on_step(step: &str);
}

fn main() {}
