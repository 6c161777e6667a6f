//! The name of a hook is that of a function that every family has.
#[xqute::hookspec]
pub trait PipeHooks {
    fn build(target: &str);
}

fn main() {}
