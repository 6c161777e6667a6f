//! A result that is borrowed.
#[xqute::hookspec]
pub trait PipeHooks {
    #[first]
    fn on_step(step: &str) -> Option<&str>;
}

fn main() {}
