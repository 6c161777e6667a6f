//! Can one plugin serve two families? The engine's, and the framework's.
#![forbid(unsafe_code)]
#![deny(warnings, missing_docs)]

use families_framework::{Measure, Pipe, PipeHooks};
use xqute::{hook, Scheduler};

xqute::plugin!();

#[hook]
fn on_init(scheduler: &Scheduler) {
    let _ = scheduler;
}

#[hook(families_framework::PipeHooks)]
fn on_open(steps: usize, pipe: &dyn Pipe) -> Result<(), String> {
    match steps {
        0 => Err(format!("{} has no steps", pipe.name())),
        _ => Ok(()),
    }
}

#[hook(PipeHooks)]
async fn on_step(attempt: u32, after: Option<&str>, step: &str) {
    assert!(attempt > 0 && after != Some(step));
}

#[hook(PipeHooks)]
async fn on_idle() {}

// Asked second: a smaller priority comes first.
#[hook(PipeHooks, priority = 2)]
fn on_name(pipe: &dyn Pipe) -> Option<String> {
    Some(format!("both:{}", pipe.name()))
}

#[hook(PipeHooks)]
async fn on_cached(step: &str) -> Option<u64> {
    (step == "known").then_some(7)
}

#[hook(PipeHooks)]
fn on_close(pipe: &dyn Pipe) -> bool {
    pipe.name() != "open for ever"
}

#[hook(PipeHooks)]
fn on_label() -> String {
    "both".to_owned()
}

#[hook(PipeHooks)]
async fn on_measure(each: u8, step: &str, mode: u8) -> Measure {
    Measure { bytes: step.len() as u64 + u64::from(each) * u64::from(mode) }
}
