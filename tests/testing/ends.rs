//! How do jobs end when a plugin vetoes, judges, hangs or panics?

use std::time::Duration;

use xqute::testing::{Plan, TestRun};
use xqute::{ErrorStrategy, Failure, FaultCause, Moment, Outcome, RetryPolicy, XquteBuilder};

use crate::secs;

#[test]
fn a_veto() {
    let run = TestRun::new(["kit-gate"])
        .config("kit-gate", 2)
        .feed(["a", "b", "c"], Plan::exits(0))
        .feed(["a", "b", "c", "d"], Plan::exits(0))
        .run();
    assert_eq!(run.job(0).outcome(), &Outcome::Succeeded);
    assert_eq!(run.job(1).outcome().to_string(), "cancelled: vetoed by plugin `kit-gate`: too long");
    assert_eq!(run.job(1).moments(), [Moment::Init, Moment::Queued, Moment::Submitting, Moment::Cancelled]);
    assert_eq!((run.job(0).attempts(), run.job(1).attempts()), (1, 0));
    run.assert_one_end_each();
}

#[test]
fn a_configuration_that_is_wrong() {
    let error = TestRun::new(["kit-gate"]).config("kit-gate", "many").try_run().unwrap_err().to_string();
    assert!(error.contains("the configuration of plugin `kit-gate` is wrong"), "{error}");
}

#[test]
fn a_verdict_about_what_a_job_has_printed() {
    let run = TestRun::new(["kit-judge"])
        .feed(["good"], Plan::exits(0).prints("done\n"))
        .feed(["bad"], [Plan::exits(0).prints("nothing"), Plan::exits(1).prints("done")])
        .with(|it| it.retry(RetryPolicy::new(1)))
        .run();
    assert_eq!(run.job(0).outcome(), &Outcome::Succeeded);
    assert_eq!(run.job(1).outcome().to_string(), "failed: exit code 1");
    let first = run.events().find(|it| it.moment == Moment::Failed).unwrap();
    let said = first.job.outcome().unwrap().to_string();
    assert_eq!(said, "failed: rejected by plugin `kit-judge`: it does not say done");
    run.assert_no_faults();
}

#[test]
fn a_number_of_retries_is_a_wish_for_them() {
    let attempts = |with: fn(XquteBuilder) -> XquteBuilder| {
        let run = TestRun::new(["kit-judge"]).feed(["x"], Plan::exits(1)).with(with).run();
        run.job(0).attempts()
    };
    assert_eq!(attempts(|it| it), 1);
    assert_eq!(attempts(|it| it.num_retries(2)), 3);
    assert_eq!(attempts(|it| it.error_strategy(ErrorStrategy::Retry).num_retries(0)), 1);
    assert_eq!(attempts(|it| it.error_strategy(ErrorStrategy::Retry)), 4);
    assert_eq!(attempts(|it| it.num_retries(2).error_strategy(ErrorStrategy::Ignore)), 1);
}

#[test]
fn a_hook_that_hangs_is_given_up_at_its_limit() {
    let run = TestRun::new(["kit-hang"])
        .with(|it| it.hook_timeout(secs(1800)))
        .feed(["x"], Plan::exits(0).after(secs(60)))
        .run();
    assert_eq!(run.job(0).outcome(), &Outcome::Succeeded);
    assert_eq!(run.elapsed(), secs(1800), "the run has waited for it");
    let fault = &run.summary().faults[0];
    assert!(matches!(fault.cause(), FaultCause::TimedOut(limit) if *limit == secs(1800)), "{fault}");
    let call = run.calls().next().unwrap();
    assert_eq!((call.hook, call.took), ("on_job_started", Some(secs(1800))));
}

#[test]
fn a_hook_that_hangs_without_a_limit_is_named() {
    for plugin in ["kit-hang", "kit-hung-gate"] {
        let error = TestRun::new([plugin]).feed(["x"], Plan::exits(0)).try_run().unwrap_err().to_string();
        assert!(error.starts_with("the run was not over after 3600s of virtual time"), "{error}");
        assert!(
            error.contains(&format!("{plugin}::on_job_s")) && error.contains("has not returned"),
            "{error}"
        );
        assert!(error.contains("not for a thread of its own or a socket"), "{error}");
    }
}

#[test]
fn a_job_that_does_not_end_is_named() {
    let run = TestRun::new(["kit-gate"]).feed(["x"], Plan::endless()).give_up_after(secs(100));
    let error = run.try_run().unwrap_err().to_string();
    assert!(error.contains("after 100s of") && error.contains("job 0 started since 0ns"), "{error}");
}

#[test]
fn a_job_that_starts_at_no_time_that_there_is_is_named() {
    let run = TestRun::new(["kit-gate"]).feed(["x"], Plan::exits(0).queued_for(Duration::MAX));
    let error = run.try_run().unwrap_err().to_string();
    assert!(error.contains("job 0 submitted since 0ns"), "{error}");
}

#[test]
fn a_panic() {
    let run = TestRun::new(["kit-panics"])
        .feed(["x"], Plan::exits(3))
        .feed(["y"], Plan::exits(0).after(secs(1)))
        .run();
    assert_eq!(run.job(0).outcome(), &Outcome::Failed(Failure::ExitCode(3)));
    assert_eq!(run.job(1).outcome(), &Outcome::Succeeded, "it is not the plugin's to break");
    assert_eq!(run.summary().faults[0].what(), "panicked: this plugin is broken");
    let call = run.calls().next().unwrap();
    assert_eq!((call.job(), call.took), (Some(0), Some(secs(5))));
    assert!(call.fault.is_some());
}

#[test]
fn of_a_run_without_end_the_error_shows_the_first_and_the_last() {
    let error = TestRun::new(["kit-watch"]).feed(["x"], Plan::endless()).give_up_after(secs(200)).try_run();
    let error = error.unwrap_err().to_string();
    assert!(error.contains("kit-watch::on_init\n") && error.contains("of job 0, poll 198\n"), "{error}");
    assert!(!error.contains("poll 100\n") && error.lines().count() == 102, "{error}");
}
