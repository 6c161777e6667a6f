//! Two plugins in one module.
mod slack {
    xqute::plugin!();
    xqute::plugin!(name = "second");
}

fn main() {}
