//! A hook with a body.
#[xqute::hookspec]
pub trait PipeHooks {
    fn on_step(step: &str) {
        let _ = step;
    }
}

fn main() {}
