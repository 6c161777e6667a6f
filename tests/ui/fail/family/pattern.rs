//! An argument without a name to match.
#[xqute::hookspec]
pub trait PipeHooks {
    fn on_step((name, count): (&str, u32));
}

fn main() {}
