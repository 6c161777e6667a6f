//! A family says that it is where it is not.
mod hooks {
    #[xqute::hookspec(path = crate::spec)]
    pub trait PipeHooks {
        fn on_step();
    }
}

fn main() {}
