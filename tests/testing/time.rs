//! When does it happen, in virtual time?

use std::time::Duration;

use xqute::testing::{Event, Plan, TestRun};
use xqute::{Failure, JobSpec, KillReason, Moment, Outcome, RetryPolicy, Signal, Stopped};

use crate::secs;

#[test]
fn a_retry_waits_and_the_wait_doubles() {
    let run = TestRun::new(["kit-watch"])
        .with(|it| it.retry(RetryPolicy::new(2).delay(secs(600)).max_delay(secs(6000)).jitter(false)))
        .feed(["x"], [Plan::exits(1), Plan::lost(), Plan::exits(0).after(secs(10))])
        .run();
    assert_eq!(run.job(0).outcome(), &Outcome::Succeeded);
    assert_eq!(run.job(0).attempts(), 3);
    let started = run.events().filter(|it| it.moment == Moment::Started).map(|it| it.at);
    assert_eq!(started.collect::<Vec<_>>(), [secs(0), secs(600), secs(1800)]);
    assert_eq!(run.elapsed(), secs(1810));
    let (started, ended) = (run.job(0).last().started().unwrap(), run.job(0).last().ended().unwrap());
    assert_eq!(ended.duration_since(started).unwrap(), secs(10), "so do the times of jobs");
    run.assert_one_end_each();
}

#[test]
fn a_job_is_lost_at_a_poll() {
    let run = TestRun::new(["kit-watch"])
        .feed(["x"], Plan::lost().at_poll(2))
        .feed(["y"], Plan::exits(0).at_poll(0))
        .run();
    assert!(matches!(run.job(0).outcome(), Outcome::Failed(Failure::Lost(_))), "{run}");
    let polls = |job| run.job(job).hooks().into_iter().filter(|hook| *hook == "on_job_polling").count();
    assert_eq!((polls(0), polls(1)), (3, 1), "{run}");
}

#[test]
fn a_job_that_waits_for_its_cluster_starts_later() {
    let run =
        TestRun::new(["kit-watch"]).feed(["x"], Plan::exits(0).queued_for(secs(9)).after(secs(1))).run();
    let at = |moment| run.events().find(|it| it.moment == moment).map(|it| it.at);
    assert_eq!((at(Moment::Submitted), at(Moment::Started)), (Some(Duration::ZERO), Some(secs(9))));
    assert_eq!(run.elapsed(), secs(10));
}

#[test]
fn a_limit_kills_with_sigterm_and_after_the_grace_with_sigkill() {
    let run = TestRun::new(["kit-watch"])
        .with(|it| it.timeout(secs(100)).kill_grace(secs(30)).forks(2))
        .feed(["x"], Plan::endless())
        .feed(["y"], Plan::endless().ignores_sigterm())
        .run();
    for job in 0..2 {
        assert_eq!(run.job(job).outcome(), &Outcome::Failed(Failure::TimedOut(secs(100))), "{run}");
    }
    let ends: Vec<_> = run.events().filter(|it| it.moment == Moment::Failed).map(|it| it.at).collect();
    assert_eq!(ends, [secs(100), secs(130)]);
    run.assert_one_end_each();
}

#[test]
fn a_job_is_killed_unless_a_plugin_vetoes_it() {
    let run = TestRun::new(["kit-gate", "kit-watch"])
        .with(|it| it.forks(2))
        .feed(JobSpec::new(["x"]).name("sacred"), Plan::exits(0).after(secs(60)))
        .feed(["y"], Plan::endless())
        .at(secs(5), |run| run.kill(0).unwrap())
        .at(secs(7), |run| run.kill(1).unwrap())
        .run();
    assert_eq!(run.job(0).outcome(), &Outcome::Succeeded);
    assert_eq!(run.job(1).outcome(), &Outcome::Killed(KillReason::User));
    run.assert_never(0, "kit-watch::on_job_killing");
    run.assert_order(1, ["kit-gate::on_job_killing", "kit-watch::on_job_killing", "on_job_killed"]);
    let killed = run.events().find(|it| it.moment == Moment::Killed).unwrap();
    assert_eq!((killed.at, run.elapsed()), (secs(7), secs(60)));
    run.assert_one_end_each();
}

#[test]
fn the_first_signal_is_vetoed_and_the_second_stops_the_run() {
    let run = TestRun::new(["kit-stay"])
        .feed(["x"], Plan::exits(0).after(secs(60)))
        .feed(["y"], Plan::endless())
        .signal_at(secs(10), Signal(15))
        .signal_at(secs(100), Signal(2))
        .run();
    assert_eq!(run.job(0).outcome(), &Outcome::Succeeded, "it was vetoed");
    assert_eq!(run.job(1).outcome(), &Outcome::Killed(KillReason::RunCancelled));
    assert_eq!(run.summary().stopped, Some(Stopped::Signal(Signal(2))));
    assert_eq!(run.elapsed(), secs(100));
}

#[test]
fn an_act_is_on_time_while_jobs_wait_for_room() {
    let jobs = (0..1100).map(|job| [format!("{job}")]);
    let run =
        jobs.fold(TestRun::new(["kit-watch"]), |run, job| run.feed(job, Plan::exits(0).after(secs(10))));
    let run = run.at(Duration::ZERO, |run| run.kill(1023).unwrap()).at(secs(25), |run| run.cancel()).run();
    assert_eq!((run.elapsed(), run.summary().counts.succeeded), (secs(25), 2));
    assert_eq!(run.job(2).outcome(), &Outcome::Killed(KillReason::RunCancelled));
    run.assert_one_end_each();
}

#[test]
fn a_plan_is_that_of_its_job_where_hooks_feed_jobs_in_between() {
    let jobs = (0..1500).map(|job| [format!("{job}")]);
    let run = jobs
        .fold(TestRun::new(["kit-feeds"]).others(Plan::exits(4)), |run, job| run.feed(job, Plan::exits(0)));
    let run = run.feed(["last"], Plan::exits(7)).run();
    let ended = |moment| run.events().filter(move |it| it.moment == moment);
    let with_7 = |it: &&Event| it.job.outcome() == Some(&Outcome::Failed(Failure::ExitCode(7)));
    let failed: Vec<_> =
        ended(Moment::Failed).filter(with_7).map(|it| (it.job.index(), it.job.cmd())).collect();
    assert!(matches!(&failed[..], [(1501.., cmd)] if cmd == "last"), "{failed:?}");
    assert_eq!(run.summary().counts.succeeded, 1500);
}

#[test]
fn what_hooks_feed_has_a_plan_too() {
    let run = TestRun::new(["kit-feeds"])
        .feed(["x"], Plan::exits(0).after(secs(1)))
        .others(Plan::exits(4).after(secs(30)))
        .run();
    assert_eq!(run.job(1).outcome(), &Outcome::Failed(Failure::ExitCode(4)));
    assert_eq!((run.elapsed(), run.job(1).last().cmd().as_str()), (secs(31), "after x"));
    run.assert_one_end_each();
}
