//! Which scenarios are there? Each with its jobs, and what its hooks do; jobs and hooks wait for one another by named pipes,
//! so that each scenario has one trace.

mod ends;
mod kills;
mod stops;

use std::path::Path;
use std::time::Duration;

use xqute::{JobSpec, RetryPolicy};
use xqute_plugin_trace::{Act, Plan};

use crate::Scene;

/// All of them, in the order of their traces.
pub fn all() -> Vec<Scene> {
    ends::SCENES.into_iter().chain(kills::SCENES).chain(stops::SCENES).collect()
}

/// A job that runs this in `sh`, in the directory of the pipes.
fn shell(dir: &Path, script: &str, plan: Plan) -> JobSpec {
    JobSpec::new(["sh", "-c", script]).cwd(dir).data(plan)
}

/// A job that says through this pipe that it runs, and then runs until it is killed.
fn lasting(dir: &Path, up: &str, plan: Plan) -> JobSpec {
    shell(dir, &format!("echo up >{up}; exec sleep 1000"), plan)
}

/// Waits until somebody has written into the pipe, or its only writer is gone.
fn awaits(dir: &Path, pipe: &str) -> Act {
    Act::Await(dir.join(pipe))
}

/// Lets whoever reads the pipe go on.
fn opens(dir: &Path, pipe: &str) -> Act {
    Act::Open(dir.join(pipe))
}

/// So many retries, at once.
fn at_once(retries: u32) -> RetryPolicy {
    RetryPolicy::new(retries).delay(Duration::ZERO)
}

/// The timeout of the scenarios that have one. It runs out in each; whatever the job has come to, its hook waits for it.
const TIMEOUT: Duration = Duration::from_millis(100);
