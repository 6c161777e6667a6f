//! Does every job have exactly one end, whatever happens?

use std::time::Duration;

use proptest::prelude::*;
use xqute::testing::{Plan, TestRun};
use xqute::{Failure, Halt, RetryPolicy};

use crate::secs;

fn plan() -> impl Strategy<Value = Plan> {
    let ends = prop_oneof![
        (0..3).prop_map(Plan::exits),
        Just(Plan::lost()),
        Just(Plan::fails(Failure::Preempted)),
        Just(Plan::fails(Failure::NodeFailed("gone".into()))),
        Just(Plan::refused("no")),
        Just(Plan::endless()),
        Just(Plan::endless().ignores_sigterm()),
    ];
    let wait = || (0..40_u64).prop_map(|it| Duration::from_millis(it * 250));
    (ends, wait(), wait(), any::<bool>()).prop_map(|(plan, runs, queued, given)| {
        let plan = plan.queued_for(queued);
        if given { plan.after(runs) } else { plan }
    })
}

fn job() -> impl Strategy<Value = (&'static str, Vec<Plan>)> {
    let words = prop::sample::select(vec!["go", "go", "go", "veto", "skip", "later"]);
    (words, prop::collection::vec(plan(), 1..4))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_job_has_one_end(
        jobs in prop::collection::vec(job(), 0..12),
        kills in prop::collection::vec((0..12_usize, 0..20_u64), 0..4),
        (forks, retries, halts, cancels) in (1..4_usize, 0..3_u32, prop::option::of(1..4_usize), prop::option::of(0..30_u64)),
    ) {
        let fed = jobs.len();
        let mut test = TestRun::new(["kit-moody", "kit-watch"])
            .with(|it| it.forks(forks).retry(RetryPolicy::new(retries).max_delay(secs(10))).timeout(secs(8)).kill_grace(secs(1)));
        if let Some(failed) = halts {
            test = test.with(|it| it.halt(Halt::now().failed(failed)));
        }
        for (word, plans) in jobs {
            test = test.feed([word], plans);
        }
        for (index, when) in kills.into_iter().filter(|(index, _)| *index < fed) {
            test = test.at(secs(when), move |run| run.kill(index).unwrap());
        }
        if let Some(when) = cancels {
            test = test.at(secs(when), |run| run.cancel());
        }
        let run = test.give_up_after(secs(24 * 60 * 60)).run();
        run.assert_one_end_each();
        run.assert_no_faults();
        prop_assert!(run.calls().all(|call| call.took.is_some()), "a hook has not returned\n{}", run);
    }
}
