//! A mode is misspelt.
#[xqute::hookspec]
pub trait PipeHooks {
    #[frist]
    fn on_step(step: &str) -> Option<u8>;
}

fn main() {}
