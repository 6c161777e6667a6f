//! The path of a family leads nowhere.
use xqute::hook;

#[hook(xqute::PipeHooks)]
async fn on_step_done() {}

fn main() {}
