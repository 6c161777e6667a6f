//! Two modes.
#[xqute::hookspec]
pub trait PipeHooks {
    #[first]
    #[each]
    fn on_step(step: &str) -> Option<u8>;
}

fn main() {}
