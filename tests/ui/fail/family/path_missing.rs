//! A family in a module does not say where it is.
mod hooks {
    #[xqute::hookspec]
    pub trait PipeHooks {
        fn on_step();
    }
}

fn main() {}
