//! In which scenarios is the whole run stopped?

use std::path::Path;
use std::time::Duration;

use xqute::{ErrorStrategy, Halt, JobSpec, RetryPolicy};
use xqute_plugin_trace::{Act, Plan};

use super::{at_once, awaits, lasting, opens, shell};
use crate::Scene;

pub(super) const SCENES: [Scene; 4] = [
    Scene {
        name: "halt soon",
        pipes: &["a", "b", "c", "go"],
        settings: |it| it.forks(2).halt(Halt::soon().failed(1)),
        jobs: halt_soon,
    },
    // What the strategy `halt` is short for.
    Scene {
        name: "halt now",
        pipes: &["a", "b", "c", "up", "go"],
        settings: |it| it.forks(3).error_strategy(ErrorStrategy::Halt),
        jobs: halt_now,
    },
    Scene {
        name: "threshold",
        pipes: &["good", "last"],
        settings: |it| it.halt(Halt::soon().failed_percent(66.0)),
        jobs: threshold,
    },
    Scene {
        name: "cancelled run",
        pipes: &["up0", "up1", "began0", "began1", "queued", "go"],
        settings: |it| it.forks(3),
        jobs: cancelled,
    },
];

/// It fails when it has read a line from each of these pipes.
const FAILS_LAST: &str = "read line <a; read line <b; read line <c; exit 1";

/// The first fails when the second waits for its retry, the third runs and the fourth is queued. The third goes on, and
/// fails after the halt: it is not tried again.
fn halt_soon(dir: &Path) -> Vec<JobSpec> {
    let waits = RetryPolicy::new(1).delay(Duration::from_secs(300));
    vec![
        shell(dir, FAILS_LAST, Plan::new()),
        shell(dir, "exit 5", Plan::new().at("on_job_failed", opens(dir, "a"))).retry(waits),
        shell(dir, "read line <go; exit 6", Plan::new().at("on_job_started", opens(dir, "b")))
            .retry(at_once(1)),
        shell(
            dir,
            "exit 0",
            Plan::new().at("on_job_queued", opens(dir, "c")).at("on_job_cancelled", opens(dir, "go")),
        ),
    ]
}

/// The first fails when the others run, but for the fourth, which is queued. The second is killed; the third is spared.
fn halt_now(dir: &Path) -> Vec<JobSpec> {
    let killed = Plan::new().at("on_job_started", opens(dir, "a")).at("on_job_killing", awaits(dir, "up"));
    let spared = Plan::new()
        .at("on_job_started", opens(dir, "b"))
        .at("on_job_killing", Act::Veto("it is nearly done"))
        .alive_after(1, opens(dir, "go"));
    vec![
        shell(dir, FAILS_LAST, Plan::new()),
        lasting(dir, "up", killed),
        shell(dir, "read line <go", spared),
        shell(dir, "exit 0", Plan::new().at("on_job_queued", opens(dir, "c"))),
    ]
}

/// Two failed are too few to tell, three of the six are not enough, four are.
fn threshold(dir: &Path) -> Vec<JobSpec> {
    vec![
        shell(dir, "exit 1", Plan::new()),
        shell(dir, "exit 1", Plan::new()),
        shell(dir, "exit 0", Plan::new().at("on_job_succeeded", opens(dir, "good"))),
        shell(dir, "read line <good; exit 1", Plan::new()),
        shell(dir, "read line <last; exit 1", Plan::new()),
        shell(dir, "exit 0", Plan::new().at("on_job_queued", opens(dir, "last"))),
    ]
}

/// The third cancels the run from the gate of its submission, when two run and the fourth is queued.
fn cancelled(dir: &Path) -> Vec<JobSpec> {
    let began = |pipe| Plan::new().at("on_job_started", opens(dir, pipe));
    let spared =
        began("began1").at("on_job_killing", Act::Veto("it is nearly done")).alive_after(1, opens(dir, "go"));
    let awaited = ["up0", "up1", "began0", "began1", "queued"];
    let cancels = awaited
        .into_iter()
        .fold(Plan::new(), |plan, pipe| plan.at("on_job_submitting", awaits(dir, pipe)))
        .at("on_job_submitting", Act::Cancel);
    vec![
        lasting(dir, "up0", began("began0")),
        shell(dir, "echo up >up1; read line <go", spared),
        shell(dir, "exit 0", cancels),
        shell(dir, "exit 0", Plan::new().at("on_job_queued", opens(dir, "queued"))),
    ]
}
