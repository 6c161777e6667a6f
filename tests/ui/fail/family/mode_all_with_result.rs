//! Results that nobody collects.
#[xqute::hookspec]
pub trait PipeHooks {
    fn on_step(step: &str) -> Option<u8>;
}

fn main() {}
