//! A number never abstains.
#[xqute::hookspec]
pub trait PipeHooks {
    #[first]
    fn on_step(step: &str) -> u32;
}

fn main() {}
