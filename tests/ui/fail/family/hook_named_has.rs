//! The name of a hook is that of a function that another hook brings.
#[xqute::hookspec]
pub trait PipeHooks {
    fn on_step();
    fn has_on_step();
}

fn main() {}
