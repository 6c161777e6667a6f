//! A mode that does not exist.
#[xqute::hookspec]
pub trait PipeHooks {
    #[last]
    fn on_step(step: &str) -> Option<u8>;
}

fn main() {}
