//! One of three in a list is no plugin.
mod slack {
    xqute::plugin!();
}
mod mail {}
mod audit {
    xqute::plugin!();
}

fn run() {
    let _ = xqute::plugins![slack, mail, audit];
}

fn main() {}
