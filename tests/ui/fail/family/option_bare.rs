//! A path without its key.
#[xqute::hookspec(crate::hooks)]
pub trait PipeHooks {
    fn on_step();
}

fn main() {}
