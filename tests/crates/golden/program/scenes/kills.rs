//! In which scenarios is a job killed, or asked whether it may be?

use std::path::Path;

use xqute::JobSpec;
use xqute_plugin_trace::{Act, Plan};

use super::{TIMEOUT, at_once, awaits, lasting, opens, shell};
use crate::Scene;

pub(super) const SCENES: [Scene; 5] = [
    Scene { name: "timeout", pipes: &["up"], settings: |it| it.timeout(TIMEOUT), jobs: timeout },
    Scene {
        name: "timeout with retry",
        pipes: &["up", "go", "life"],
        settings: |it| it.retry(at_once(1)).timeout(TIMEOUT),
        jobs: timeout_and_retry,
    },
    Scene {
        name: "vetoed timeout",
        pipes: &["up"],
        settings: |it| it.timeout(TIMEOUT),
        jobs: vetoed_timeout,
    },
    Scene { name: "kill", pipes: &["up", "began"], settings: |it| it, jobs: kill },
    Scene { name: "veto of killing", pipes: &["up0", "go0", "up1"], settings: |it| it, jobs: vetoed_kill },
];

fn timeout(dir: &Path) -> Vec<JobSpec> {
    vec![lasting(dir, "up", Plan::new().at("on_job_killing", awaits(dir, "up")))]
}

/// The second attempt ends by itself while it is being asked whether it may be killed: that is how it ended.
fn timeout_and_retry(dir: &Path) -> Vec<JobSpec> {
    let script = r#"
        if test -d "$XQUTE_JOB_METADIR/job.retry"; then read line <go; exec 3>life; exit 0; fi
        echo up >up
        exec sleep 1000
    "#;
    let plan = Plan::new()
        .at("on_job_killing", awaits(dir, "up"))
        .at_call(1, "on_job_killing", opens(dir, "go"))
        .at_call(1, "on_job_killing", awaits(dir, "life"));
    vec![shell(dir, script, plan)]
}

fn vetoed_timeout(dir: &Path) -> Vec<JobSpec> {
    let plan = Plan::new().at("on_job_killing", Act::Veto("let it be")).at_call(
        1,
        "on_job_killing",
        awaits(dir, "up"),
    );
    vec![lasting(dir, "up", plan)]
}

/// The second, which waits for the slot of the first, is killed before it; it kills the first when it has ended, and the
/// first is known to run: the job may say so before the program knows.
fn kill(dir: &Path) -> Vec<JobSpec> {
    let plan = Plan::new()
        .at("on_job_queued", Act::Kill(1))
        .at("on_job_cancelled", awaits(dir, "up"))
        .at("on_job_cancelled", awaits(dir, "began"))
        .at("on_job_cancelled", Act::Kill(0));
    let first = Plan::new().at("on_job_started", opens(dir, "began"));
    vec![lasting(dir, "up", first), shell(dir, "exit 0", plan)]
}

/// Both live on after a veto. The first ends by itself after a second one; the second is killed when it is asked again.
fn vetoed_kill(dir: &Path) -> Vec<JobSpec> {
    let killed = |index, up| {
        Plan::new()
            .at("on_job_started", awaits(dir, up))
            .at("on_job_started", Act::Kill(index))
            .at("on_job_killing", Act::Veto("not yet"))
            .alive_after(1, Act::Kill(index))
    };
    let spared =
        killed(0, "up0").at_call(1, "on_job_killing", Act::Veto("never")).alive_after(2, opens(dir, "go0"));
    vec![shell(dir, "echo up >up0; read line <go0", spared), lasting(dir, "up1", killed(1, "up1"))]
}
