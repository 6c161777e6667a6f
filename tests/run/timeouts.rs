//! What becomes of a job whose time is up?

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;
use xqute::{Failure, FailureKind, JobSpec, Moment, Outcome, RetryPolicy, Verdict};

use crate::plugins::acts::Acts;
use crate::run_of;
use crate::stage::{Gate, Pipe, SLEEPER, STUBBORN, moments, outcome, rest, sh, until};

const SOON: Duration = Duration::from_millis(100);
/// No test waits for it: what needs it hangs.
const NEVER: Duration = Duration::from_secs(1_000_000);

#[tokio::test]
async fn a_job_whose_time_is_up_has_failed_and_is_gone() {
    for (text, grace) in [(SLEEPER, NEVER), (STUBBORN, SOON)] {
        for wrapped in [false, true] {
            let (dir, builder) = run_of(&["acts"]);
            let builder = if wrapped { builder.prescript(":") } else { builder };
            // Its time begins when it starts, so it may take its time to say that it is up.
            let run = builder.timeout(SOON).kill_grace(grace).build().unwrap();
            let (mut events, pipe) = (run.events(), Pipe::new(&dir, "lives"));
            run.feed(sh(text, &[&pipe.path])).await.unwrap();
            let job = until(&mut events, 0, Moment::Failed).await;
            assert_eq!(job.outcome(), Some(&Outcome::Failed(Failure::TimedOut(SOON))));
            assert_eq!(job.outcome().unwrap().to_string(), "failed: timed out after 100ms");
            let summary = run.run_until_complete().await.unwrap();
            assert_eq!((summary.counts.failed, summary.attempts), (1, 1), "wrapped: {wrapped}");
        }
    }
}

/// The first attempt never ends by itself. Any later one may be late too, on a machine that is busy.
#[tokio::test]
async fn a_job_whose_time_is_up_is_tried_again() {
    let (_dir, builder) = run_of(&["acts"]);
    let policy = RetryPolicy::new(1000).delay(Duration::ZERO).only([FailureKind::TimedOut]);
    let run = builder.timeout(SOON).retry(policy).build().unwrap();
    let mut events = run.events();
    let text = "[ -d \"$XQUTE_JOB_METADIR/job.retry\" ] || exec sleep 1000";
    run.feed(["sh", "-c", text]).await.unwrap();
    let first = until(&mut events, 0, Moment::Failed).await;
    assert_eq!((first.trial_count(), first.will_retry()), (0, true));
    assert_eq!(first.outcome().and_then(Outcome::failure), Some(&Failure::TimedOut(SOON)));
    let summary = run.run_until_complete().await.unwrap();
    assert!(summary.is_success() && summary.attempts > 1, "{summary}");
}

/// Job 0 has the run's time, which is short, and job 1 lives until after that.
#[tokio::test]
async fn a_jobs_own_time_beats_the_runs() {
    let (dir, builder) = run_of(&["acts"]);
    let run = builder.forks(2).timeout(SOON).build().unwrap();
    let (mut events, mut gate) = (run.events(), Gate::new(&dir, "gate"));
    run.feed(JobSpec::new(sh("read x <\"$1\"", &[&gate.path])).timeout(NEVER)).await.unwrap();
    run.feed(["sleep", "1000"]).await.unwrap();
    until(&mut events, 1, Moment::Failed).await;
    gate.open();
    let counts = run.run_until_complete().await.unwrap().counts;
    assert_eq!((counts.succeeded, counts.failed), (1, 1));

    let (_dir, builder) = run_of(&["acts"]);
    let run = builder.timeout(NEVER).build().unwrap();
    run.feed(JobSpec::new(["sleep", "1000"]).timeout(SOON)).await.unwrap();
    assert_eq!(run.run_until_complete().await.unwrap().counts.failed, 1);
}

/// It may take its time to begin: until it has, it is let live on.
#[tokio::test]
async fn a_job_that_exits_with_zero_when_its_time_is_up_has_succeeded() {
    let (dir, builder) = run_of(&["acts"]);
    let run = builder.timeout(SOON).kill_grace(NEVER).build().unwrap();
    let gate = Gate::new(&dir, "gate");
    let ready = dir.path().join("ready");
    let sign = ready.clone();
    let guard = Acts::at_once(move |moment, _, _| match moment {
        Moment::Killing if !sign.exists() => Verdict::veto("not yet"),
        _ => Verdict::Proceed,
    });
    let polite = sh("trap 'exit 0' TERM; : >\"$2\"; read x <\"$1\"; exit 1", &[&gate.path, &ready]);
    run.feed(JobSpec::new(polite).data(guard)).await.unwrap();
    let summary = run.run_until_complete().await.unwrap();
    assert!(summary.is_success(), "{summary}");
}

/// A hook vetoes it twice, then no more.
#[tokio::test]
async fn a_job_that_may_live_on_is_asked_again_after_another_timeout() {
    let (_dir, builder) = run_of(&["acts"]);
    let run = builder.timeout(SOON).build().unwrap();
    let mut events = run.events();
    let asked = AtomicUsize::new(0);
    let guard = Acts::at_once(move |moment, _, _| match moment {
        Moment::Killing if asked.fetch_add(1, Ordering::Relaxed) < 2 => Verdict::veto("not yet"),
        _ => Verdict::Proceed,
    });
    run.feed(JobSpec::new(["sleep", "1000"]).data(guard)).await.unwrap();
    assert_eq!(run.run_until_complete().await.unwrap().counts.failed, 1);
    let told = rest(&mut events).await;
    let killing = moments(&told, 0).iter().filter(|it| **it == Moment::Killing).count();
    assert_eq!((killing, outcome(&told, 0)), (3, "failed: timed out after 100ms".to_owned()));
}

/// Its time is up, hooks are asked, and while they think somebody wants it killed; they veto. Its time does not end with that.
#[tokio::test]
async fn a_kill_that_was_vetoed_takes_no_timeout_away() {
    let (_dir, builder) = run_of(&["acts"]);
    let run = builder.timeout(SOON).build().unwrap();
    let mut events = run.events();
    let (asked, think) = (Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(0)));
    let thinks = Arc::clone(&think);
    let guard = Acts::new(move |moment, _, _| {
        let (asked, think) = (Arc::clone(&asked), Arc::clone(&thinks));
        async move {
            if moment == Moment::Killing && asked.fetch_add(1, Ordering::Relaxed) == 0 {
                think.acquire().await.unwrap().forget();
                return Verdict::veto("not yet");
            }
            Verdict::Proceed
        }
    });
    run.feed(JobSpec::new(["sleep", "1000"]).data(guard)).await.unwrap();
    until(&mut events, 0, Moment::Killing).await;
    run.kill(0).unwrap();
    // The kill was heard before the answer: they go the same way.
    think.add_permits(1);
    let counts = run.run_until_complete().await.unwrap().counts;
    assert_eq!((counts.failed, counts.killed), (1, 0), "{counts}");
}
