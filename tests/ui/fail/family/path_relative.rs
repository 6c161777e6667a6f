//! The path of a family is not from the crate's root.
mod hooks {
    #[xqute::hookspec(path = hooks)]
    pub trait PipeHooks {
        fn on_step();
    }
}

fn main() {}
