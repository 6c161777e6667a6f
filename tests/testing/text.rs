//! What does a test say that fails?

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use xqute::RetryPolicy;
use xqute::testing::{Plan, TestRun, Trace};

use crate::secs;

fn said(check: impl FnOnce()) -> String {
    *catch_unwind(AssertUnwindSafe(check)).unwrap_err().downcast::<String>().unwrap()
}

fn run() -> Trace {
    TestRun::new(["kit-gate", "kit-watch"]).feed(["x"], Plan::exits(1)).run()
}

#[test]
fn the_order_of_hooks_is_held() {
    let run = run();
    run.assert_order(0, ["kit-gate::on_job_submitting", "kit-watch::on_job_submitting", "on_job_failed"]);
    run.assert_order(None, ["kit-gate::on_init", "kit-watch::on_init", "on_run_done", "on_shutdown"]);
    run.assert_never(0, "on_job_succeeded");
    let missing = said(|| run.assert_order(0, ["on_job_failed", "on_job_started"]));
    let told = "`on_job_started` of job 0 was not called after `on_job_failed`; wanted in this order: on_job_failed, on_job_started\n";
    assert!(missing.starts_with(told), "{missing}");
    let unknown = said(|| run.assert_never(0, "kit-gate::on_job_failed"));
    assert_eq!(
        unknown,
        "no plugin of the run has a hook `kit-gate::on_job_failed`; that a job never ran is `run.job(INDEX).attempts() == 0`"
    );
    let there = said(|| run.assert_never(None, "kit-watch::on_job_failed"));
    assert!(there.starts_with("kit-watch::on_job_failed of job 0 was called\n"), "{there}");
}

#[test]
fn the_trace_is_shown_whole() {
    let run = TestRun::new(["kit-gate", "kit-panics"])
        .with(|it| it.retry(RetryPolicy::new(1)))
        .feed(["x"], [Plan::exits(1).after(secs(60)), Plan::exits(0)])
        .run();
    assert_eq!(
        run.to_string(),
        "       0.000 s    kit-gate::on_init
       0.000 s  job 0 init
       0.000 s  job 0 queued
       0.000 s  job 0 submitting
       0.000 s    kit-gate::on_job_submitting of job 0
       0.000 s  job 0 submitted
       0.000 s  job 0 started
      60.000 s  job 0 failed: exit code 1, and is tried again
      60.000 s    kit-panics::on_job_failed of job 0, took 5s, panicked: this plugin is broken
      65.000 s  job 0 queued
      65.000 s  job 0 submitting
      65.000 s    kit-gate::on_job_submitting of job 0
      65.000 s  job 0 submitted
      65.000 s  job 0 started
      65.000 s  job 0 verifying
      65.000 s  job 0 succeeded
"
    );
}

#[test]
fn a_test_that_cannot_be_is_told() {
    let nobody = TestRun::new([""; 0]).try_run().unwrap_err().to_string();
    assert!(nobody.contains("a test needs the names of the plugins"), "{nobody}");
    for when in [secs(100), Duration::MAX] {
        let late = TestRun::new(["kit-gate"]).give_up_after(secs(100)).at(when, |run| run.cancel());
        let late = late.try_run().unwrap_err().to_string();
        let told = format!("at {when:?} is too late: the run is given up after 100s");
        assert!(late.contains(&told), "{late}");
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let within = runtime.block_on(async { TestRun::new(["kit-gate"]).try_run() }).unwrap_err().to_string();
    assert!(within.contains("from a plain #[test]"), "{within}");
    let unknown = said(|| drop(TestRun::new(["kit-gat"]).run()));
    assert!(unknown.contains("did you mean `kit-gate`?"), "{unknown}");
}
