//! A gate that gives its fault twice.
#[xqute::hookspec]
pub trait Hooks {
    #[gate]
    #[faults]
    fn may_begin();
}

fn main() {}
