//! A veto is a `Verdict`.
#[xqute::hookspec]
pub trait PipeHooks {
    #[veto]
    fn on_step(step: &str) -> bool;
}

fn main() {}
