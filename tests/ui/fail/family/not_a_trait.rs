//! Not a trait.
#[xqute::hookspec]
pub struct PipeHooks;

fn main() {}
