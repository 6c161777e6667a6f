//! What becomes of a job that is to end? It is asked, told, forced; and it keeps its own end where it has one.

use std::ffi::OsStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use xqute::{Cancelled, Error, JobSpec, KillReason, Moment, Outcome, RetryPolicy, Stopped, Verdict, Xqute};

use crate::plugins::acts::Acts;
use crate::run_of;
use crate::stage::{Gate, Pipe, SLEEPER, STUBBORN, is_process, moments, next, outcome, rest, sh, until};

const SOON: Duration = Duration::from_millis(50);
/// No test waits for it: what needs it hangs.
const NEVER: Duration = Duration::from_secs(1_000_000);

const KILLED: Outcome = Outcome::Killed(KillReason::User);

#[tokio::test]
async fn what_ignores_sigterm_is_killed_after_the_grace_with_its_children() {
    for wrapped in [false, true] {
        let (dir, builder) = run_of(&["acts"]);
        let builder = if wrapped { builder.prescript(":") } else { builder };
        let run = builder.kill_grace(SOON).build().unwrap();
        let (mut events, mut pipe) = (run.events(), Pipe::new(&dir, "lives"));
        run.feed(sh(STUBBORN, &[&pipe.path])).await.unwrap();
        assert_eq!(pipe.line().await, "up");
        run.kill(0).unwrap();
        let job = until(&mut events, 0, Moment::Killed).await;
        assert!(pipe.is_deserted() && !is_process(job.jid().unwrap()), "wrapped: {wrapped}");
        assert_eq!(job.outcome(), Some(&KILLED));
        let summary = run.run_until_complete().await.unwrap();
        assert_eq!((summary.counts.killed, summary.counts.total(), summary.stopped), (1, 1, None));
        assert!(!summary.is_success());
    }
}

#[tokio::test]
async fn what_ends_upon_sigterm_does_not_wait_for_the_grace() {
    for wrapped in [false, true] {
        let (dir, builder) = run_of(&["acts"]);
        let builder = if wrapped { builder.prescript(":") } else { builder };
        let run = builder.kill_grace(NEVER).build().unwrap();
        let (mut events, mut pipe) = (run.events(), Pipe::new(&dir, "lives"));
        run.feed(sh(SLEEPER, &[&pipe.path])).await.unwrap();
        assert_eq!(pipe.line().await, "up");
        run.kill(0).unwrap();
        assert_eq!(until(&mut events, 0, Moment::Killed).await.outcome(), Some(&KILLED));
        assert!(pipe.is_deserted());
        assert_eq!(run.run_until_complete().await.unwrap().counts.killed, 1);
        assert!(rest(&mut events).await.is_empty(), "nothing comes after its end");
    }
}

#[tokio::test]
async fn a_job_that_exits_with_zero_upon_sigterm_has_succeeded() {
    for wrapped in [false, true] {
        let (dir, builder) = run_of(&["acts"]);
        let builder = if wrapped { builder.prescript(":") } else { builder };
        let run = builder.kill_grace(NEVER).build().unwrap();
        let (mut events, mut pipe) = (run.events(), Pipe::new(&dir, "lives"));
        let gate = Gate::new(&dir, "gate");
        let polite = "trap 'echo bye; exit 0' TERM; echo up >\"$1\"; read x <\"$2\"";
        run.feed(sh(polite, &[&pipe.path, &gate.path])).await.unwrap();
        assert_eq!(pipe.line().await, "up");
        run.kill(0).unwrap();
        let job = until(&mut events, 0, Moment::Succeeded).await;
        assert_eq!(std::fs::read_to_string(job.stdout_file()).unwrap(), "bye\n");
        assert_eq!(std::fs::read_to_string(job.rc_file()).unwrap(), "0\n");
        assert_eq!(run.run_until_complete().await.unwrap().counts.succeeded, 1, "wrapped: {wrapped}");
    }
}

/// It has done its work, but not all of what it started: that is killed before its end is told.
#[tokio::test]
async fn what_a_killed_job_leaves_behind_is_killed_although_it_succeeded() {
    let (dir, builder) = run_of(&["acts"]);
    let run = builder.kill_grace(SOON).build().unwrap();
    let (mut events, mut pipe) = (run.events(), Pipe::new(&dir, "lives"));
    let leaves = "exec 3>\"$1\"; trap 'exit 0' TERM; (trap '' TERM; echo up >&3; exec sleep 1000) & wait";
    run.feed(sh(leaves, &[&pipe.path])).await.unwrap();
    assert_eq!(pipe.line().await, "up");
    run.kill(0).unwrap();
    until(&mut events, 0, Moment::Succeeded).await;
    assert!(pipe.is_deserted());
    assert!(run.run_until_complete().await.unwrap().is_success());
}

/// SIGTERM alone would wait in a stopped process for ever.
#[tokio::test]
async fn a_stopped_job_is_killed_and_may_clean_up_before() {
    let (dir, builder) = run_of(&["acts"]);
    let run = builder.kill_grace(NEVER).forks(2).build().unwrap();
    let (mut events, mut pipe) = (run.events(), Pipe::without_end(&dir, "lives"));
    run.feed(sh("echo $$ >\"$1\"; kill -STOP $$; exec sleep 1000", &[&pipe.path])).await.unwrap();
    let clean = "trap 'echo clean; exit 0' TERM; echo $$ >\"$1\"; kill -STOP $$; exec sleep 1000";
    run.feed(sh(clean, &[&pipe.path])).await.unwrap();
    for _ in 0..2 {
        let stat = format!("/proc/{}/stat", pipe.line().await);
        while !std::fs::read_to_string(&stat).unwrap().contains(") T ") {
            tokio::task::yield_now().await;
        }
    }
    run.kill(0).unwrap();
    run.kill(1).unwrap();
    run.run_until_complete().await.unwrap();
    let told = rest(&mut events).await;
    assert_eq!(outcome(&told, 0), "killed: as was asked");
    assert_eq!(outcome(&told, 1), "succeeded");
}

#[tokio::test]
async fn a_job_is_killed_wherever_it_is_and_an_unknown_one_is_an_error() {
    let (dir, builder) = run_of(&["acts"]);
    let run = builder.build().unwrap();
    let (mut events, mut pipe) = (run.events(), Pipe::new(&dir, "lives"));
    let told = |error: Error| error.to_string();
    assert_eq!(told(run.kill(0).unwrap_err()), "there is no job 0 to kill: 0 were fed, numbered from 0");
    run.feed(["true"]).await.unwrap();
    run.feed(sh(SLEEPER, &[&pipe.path])).await.unwrap();
    run.feed(["true"]).await.unwrap();
    assert_eq!(pipe.line().await, "up");
    // It is over, it is queued, it runs; and each once more.
    for index in [0, 2, 1, 0, 2, 1] {
        run.kill(index).unwrap();
    }
    assert_eq!(told(run.kill(3).unwrap_err()), "there is no job 3 to kill: 3 were fed, numbered from 0");
    assert_eq!(
        told(run.kill(usize::MAX).unwrap_err()),
        format!("there is no job {} to kill: 3 were fed, numbered from 0", usize::MAX)
    );
    let counts = run.run_until_complete().await.unwrap().counts;
    assert_eq!((counts.succeeded, counts.killed, counts.cancelled, counts.total()), (1, 1, 1, 3));
    run.kill(1).unwrap();
    let told = rest(&mut events).await;
    assert_eq!(outcome(&told, 0), "succeeded");
    assert_eq!(outcome(&told, 1), "killed: as was asked");
    assert_eq!(outcome(&told, 2), "cancelled: as was asked");
    assert_eq!(moments(&told, 2), [Moment::Init, Moment::Queued, Moment::Cancelled]);
    assert!(!dir.path().join("work/2").exists(), "it never ran");
}

/// It may be looked at before it is killed or after, and ends in either case.
#[tokio::test]
async fn a_job_may_be_killed_as_soon_as_it_is_fed() {
    let (_dir, builder) = run_of(&["acts"]);
    let run = builder.forks(3).build().unwrap();
    for index in 0..60 {
        run.feed(["sleep", "1000"]).await.unwrap();
        run.kill(index).unwrap();
    }
    let counts = run.run_until_complete().await.unwrap().counts;
    assert_eq!(counts.killed + counts.cancelled, 60, "{counts}");
}

#[tokio::test]
async fn a_hook_lets_a_job_live_on() {
    let (dir, builder) = run_of(&["acts"]);
    let run = builder.kill_grace(NEVER).build().unwrap();
    let (mut events, mut pipe) = (run.events(), Pipe::new(&dir, "lives"));
    let mut gate = Gate::new(&dir, "gate");
    let waits = JobSpec::new(sh("exec 3>\"$1\"; echo up >&3; read x <\"$2\"", &[&pipe.path, &gate.path]));
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let guard = move |moment, _, _| {
        if moment == Moment::Killing {
            counter.fetch_add(1, Ordering::Relaxed);
            return Verdict::veto("it is busy");
        }
        Verdict::Proceed
    };
    run.feed(waits.data(Acts::at_once(guard))).await.unwrap();
    assert_eq!(pipe.line().await, "up");
    // What is asked already is not asked twice; what was vetoed is asked anew.
    while asked.load(Ordering::Relaxed) < 2 {
        run.kill(0).unwrap();
        tokio::task::yield_now().await;
    }
    assert_eq!(until(&mut events, 0, Moment::Killing).await.status().name(), "KILLING");
    // A run that is cancelled asks too, and waits for it.
    run.cancel();
    while run.is_feeding() {
        tokio::task::yield_now().await;
    }
    gate.open();
    let summary = run.run_until_complete().await.unwrap();
    assert_eq!((summary.counts.succeeded, summary.stopped), (1, Some(Stopped::Cancelled)));
}

#[tokio::test]
async fn hooks_kill_jobs_and_their_own() {
    let (dir, builder) = run_of(&["acts"]);
    let run = builder.forks(2).build().unwrap();
    let (mut events, mut pipe) = (run.events(), Pipe::new(&dir, "lives"));
    run.feed(sh(SLEEPER, &[&pipe.path])).await.unwrap();
    assert_eq!(pipe.line().await, "up");
    let own = Acts::at_once(|moment, handle, job| {
        if moment == Moment::Started {
            handle.kill(job.index()).unwrap();
        }
        Verdict::Proceed
    });
    run.feed(JobSpec::new(["sleep", "1000"]).data(own)).await.unwrap();
    until(&mut events, 1, Moment::Killed).await;
    let others = Acts::at_once(|moment, handle, _| {
        if moment == Moment::Succeeded {
            assert_eq!(
                handle.kill(9).unwrap_err().to_string(),
                "there is no job 9 to kill: 3 were fed, numbered from 0"
            );
            handle.kill(0).unwrap();
        }
        Verdict::Proceed
    });
    run.feed(JobSpec::new(["true"]).data(others)).await.unwrap();
    let summary = run.run_until_complete().await.unwrap();
    assert_eq!((summary.counts.killed, summary.counts.succeeded), (2, 1));
    assert_eq!(summary.fault_count(), 0, "{summary}");
}

/// Whatever the hook says then: the job that it let in, or skipped, is to end.
#[tokio::test]
async fn a_job_that_is_killed_at_the_gate_never_runs() {
    let (dir, builder) = run_of(&["acts"]);
    let run = builder.build().unwrap();
    let mut events = run.events();
    let kills = || {
        Acts::new(|moment, handle, job| async move {
            if moment == Moment::Submitting {
                handle.kill(job.index()).unwrap();
                tokio::task::yield_now().await;
                if job.index() == 1 {
                    return Verdict::veto("not that one");
                }
            }
            Verdict::Proceed
        })
    };
    let ran = dir.path().join("ran");
    for _ in 0..2 {
        run.feed(JobSpec::new([OsStr::new("touch"), ran.as_os_str()]).data(kills())).await.unwrap();
    }
    let summary = run.run_until_complete().await.unwrap();
    assert_eq!((summary.counts.cancelled, summary.attempts), (2, 0));
    let told = rest(&mut events).await;
    assert_eq!(
        (outcome(&told, 0), outcome(&told, 1)),
        ("cancelled: as was asked".into(), "cancelled: as was asked".into())
    );
    assert!(!ran.exists() && !dir.path().join("work/0").exists());
}

#[tokio::test]
async fn a_hook_cancels_the_run() {
    let (dir, builder) = run_of(&["acts"]);
    let run = builder.forks(2).build().unwrap();
    let (mut events, mut pipe) = (run.events(), Pipe::new(&dir, "lives"));
    run.feed(sh(SLEEPER, &[&pipe.path])).await.unwrap();
    assert_eq!(pipe.line().await, "up");
    let mut gate = Gate::new(&dir, "gate");
    let cancels = Acts::at_once(|moment, handle, _| {
        if moment == Moment::Succeeded {
            handle.cancel();
        }
        Verdict::Proceed
    });
    run.feed(JobSpec::new(sh("read x <\"$1\"", &[&gate.path])).data(cancels)).await.unwrap();
    run.feed(["true"]).await.unwrap();
    until(&mut events, 2, Moment::Queued).await;
    gate.open();
    let summary = run.run_until_complete().await.unwrap();
    let counts = summary.counts;
    assert_eq!(summary.stopped, Some(Stopped::Cancelled));
    let told = rest(&mut events).await;
    assert_eq!(outcome(&told, 0), "killed: the run was cancelled");
    // Whether job 2 got the slot of job 1 before the hook was called, nobody knows.
    assert_eq!((counts.killed >= 1, counts.succeeded + counts.killed + counts.cancelled), (true, 3));
    assert!(pipe.is_deserted());
    let told = run.feed(["true"]).await.unwrap_err().to_string();
    assert_eq!(told, "the run is being stopped and takes no more jobs");
}

#[tokio::test]
async fn a_job_that_waits_for_its_next_attempt_is_killed_at_once() {
    let (_dir, builder) = run_of(&["acts"]);
    let run = builder.retry(RetryPolicy::new(3).delay(NEVER).max_delay(NEVER)).build().unwrap();
    let mut events = run.events();
    run.feed(["false"]).await.unwrap();
    let failed = until(&mut events, 0, Moment::Failed).await;
    assert!(failed.will_retry());
    run.kill(0).unwrap();
    let (moment, job) = next(&mut events).await.unwrap();
    assert_eq!((moment, job.trial_count()), (Moment::Cancelled, 1));
    assert_eq!(job.outcome(), Some(&Outcome::Cancelled(Cancelled::Stopped(KillReason::User))));
    assert_eq!(run.run_until_complete().await.unwrap().counts.cancelled, 1);
}

#[tokio::test]
async fn a_run_is_cancelled_with_what_waits_and_what_runs() {
    let (dir, builder) = run_of(&["acts"]);
    let run = builder.forks(1).retry(RetryPolicy::new(1).delay(NEVER).max_delay(NEVER)).build().unwrap();
    let (mut events, mut pipe) = (run.events(), Pipe::new(&dir, "lives"));
    run.feed(["false"]).await.unwrap();
    until(&mut events, 0, Moment::Failed).await;
    run.feed(sh(SLEEPER, &[&pipe.path])).await.unwrap();
    run.feed(["true"]).await.unwrap();
    assert_eq!(pipe.line().await, "up");
    run.cancel();
    run.cancel();
    let summary = run.run_until_complete().await.unwrap();
    assert_eq!((summary.counts.cancelled, summary.counts.killed, summary.counts.total()), (2, 1, 3));
    assert_eq!(
        summary.to_string().split(", in").next(),
        Some("cancelled: 3 jobs: 0 succeeded, 1 killed, 2 cancelled, 2 attempts")
    );
    assert!(!run.is_feeding());
    handles_agree(&run).await;
}

/// Whoever asks again hears the same.
async fn handles_agree(run: &Xqute) {
    let (one, other) = (run.clone().wait().await.unwrap(), run.run_until_complete().await.unwrap());
    assert_eq!((one.counts, one.elapsed), (other.counts, other.elapsed));
}
