//! An option that does not exist.
#[xqute::hookspec(paht = crate::hooks)]
pub trait PipeHooks {
    fn on_step();
}

fn main() {}
