//! A hook that its family has deprecated: a warning, which is an error here.
#![deny(deprecated)]

use xqute::hook;

xqute::plugin!();

#[xqute::hookspec(path = crate)]
trait Kitchen {
    #[deprecated = "use `on_plate`"]
    fn on_dish(name: &str);
}

#[hook(Kitchen)]
fn on_dish(name: &str) {
    let _ = name;
}

fn main() {}
