//! A hook that writes script returns a number.
use xqute::hook;

#[hook]
fn on_jobcmd_init() -> i32 {
    1
}

fn main() {}
