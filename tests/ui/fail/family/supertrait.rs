//! A family with a supertrait.
#[xqute::hookspec]
pub trait PipeHooks: Send {
    fn on_step(step: &str);
}

fn main() {}
