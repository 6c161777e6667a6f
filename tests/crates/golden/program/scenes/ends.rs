//! Which scenarios end by what the job does, or by what hooks say of that?

use std::path::Path;

use xqute::{ErrorStrategy, JobSpec};
use xqute_plugin_trace::{Act, Plan};

use super::{at_once, opens, shell};
use crate::Scene;

pub(super) const SCENES: [Scene; 9] = [
    // It lives for three polls at least.
    Scene { name: "success", pipes: &["go"], settings: |it| it, jobs: success },
    Scene {
        name: "failure",
        pipes: &[],
        settings: |it| it,
        jobs: |dir| vec![shell(dir, "exit 3", Plan::new())],
    },
    // The run's own strategy, with the wait that it has by default.
    Scene {
        name: "retry then success",
        pipes: &[],
        settings: |it| it.error_strategy(ErrorStrategy::Retry).num_retries(2),
        jobs: |dir| vec![shell(dir, r#"test -d "$XQUTE_JOB_METADIR/job.retry" || exit 7"#, Plan::new())],
    },
    Scene {
        name: "retries used up",
        pipes: &[],
        settings: |it| it.retry(at_once(2)),
        jobs: |dir| vec![shell(dir, "exit 7", Plan::new())],
    },
    Scene { name: "veto of submission", pipes: &[], settings: |it| it, jobs: veto },
    Scene { name: "skip as succeeded", pipes: &[], settings: |it| it, jobs: skip },
    Scene {
        name: "verify that overturns and is retried",
        pipes: &[],
        settings: |it| it.retry(at_once(1)),
        jobs: overturned,
    },
    // The gate is asked again for each attempt.
    Scene {
        name: "veto and skip of a retry",
        pipes: &[],
        settings: |it| it.retry(at_once(3)),
        jobs: not_again,
    },
    // Twice before the first attempt, and once before the second.
    Scene { name: "held and asked again", pipes: &[], settings: |it| it.retry(at_once(1)), jobs: held },
];

fn success(dir: &Path) -> Vec<JobSpec> {
    let plan = Plan::new().at_call(2, "on_job_polling", opens(dir, "go"));
    vec![shell(dir, "read line <go", plan)]
}

fn veto(dir: &Path) -> Vec<JobSpec> {
    vec![shell(dir, "exit 3", Plan::new().at("on_job_submitting", Act::Veto("not this one")))]
}

fn skip(dir: &Path) -> Vec<JobSpec> {
    vec![shell(dir, "exit 3", Plan::new().at("on_job_submitting", Act::Skip("it is done already")))]
}

fn overturned(dir: &Path) -> Vec<JobSpec> {
    vec![shell(dir, "exit 0", Plan::new().at("on_job_verify", Act::Veto("it wrote nothing")))]
}

fn not_again(dir: &Path) -> Vec<JobSpec> {
    let [veto, skip] = [Act::Veto("not again"), Act::Skip("another has done it")]
        .map(|act| Plan::new().at_call(1, "on_job_submitting", act));
    vec![shell(dir, "exit 3", veto), shell(dir, "exit 4", skip)]
}

fn held(dir: &Path) -> Vec<JobSpec> {
    let later = |plan: Plan, nth| plan.at_call(nth, "on_job_submitting", Act::Later("there is no room"));
    vec![shell(dir, "exit 3", later(later(later(Plan::new(), 0), 1), 3))]
}
