//! An unsafe family.
#[xqute::hookspec]
pub unsafe trait PipeHooks {
    fn on_step(step: &str);
}

fn main() {}
