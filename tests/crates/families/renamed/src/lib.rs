//! Can a plugin give every crate that it depends on another name?
#![forbid(unsafe_code)]
#![deny(warnings, missing_docs)]

use xq::{Scheduler, Verdict};

xq::plugin!();

#[xq::hook(crate = xq)]
fn on_init(scheduler: &Scheduler) {
    let _ = scheduler;
}

#[xq::hook(fw::PipeHooks, priority = 1)]
fn on_name(pipe: &dyn fw::Pipe) -> Option<String> {
    (pipe.name() == "odd").then(|| "renamed".to_owned())
}

#[xq::hook(fw::PipeHooks, name = on_cached, priority = -1)]
async fn looked_up(step: &str) -> Result<Option<u64>, std::num::ParseIntError> {
    step.strip_prefix("number ").map(str::parse).transpose()
}

#[xq::hook(fw::PipeHooks)]
async fn on_discard(pipe: &dyn fw::Pipe) -> Verdict {
    assert_ne!(pipe.name(), "broken");
    if pipe.name() == "dear" { Verdict::veto("it is dear") } else { Verdict::Proceed }
}

#[xq::hook(fw::PipeHooks)]
fn on_label() -> String {
    "renamed".to_owned()
}

#[xq::hook(fw::PipeHooks)]
async fn on_measure(step: &str) -> Result<fw::Measure, String> {
    if step.is_empty() { Err("nothing to measure".to_owned()) } else { Ok(fw::Measure { bytes: 1 }) }
}
