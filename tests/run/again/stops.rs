//! What if something is stopped, or never asked for again, while jobs of a program that died still run?

use std::fs;

use xqute::backend::Kill;
use xqute::{BuildError, Error, Failure, FaultPolicy, Moment, RetryPolicy, RunEvent, Signal, Xqute};

use super::adopt::{death, end, feed};
use super::cluster::Scene;
use crate::stage::{outcome, rest, until};

/// Whoever wants a job killed may say so before anybody knows whether it still runs.
#[tokio::test]
async fn a_kill_waits_until_it_is_known_what_is_left() {
    let mut scene = Scene::new();
    death(&mut scene, 2).await;
    scene.cluster.end(1, Ok(()));
    scene.cluster.set(|known| known.silent = true);
    let run = scene.builder().build().unwrap();
    let mut events = run.events();
    feed(&run, 2).await;
    scene.cluster.until(|known| (!known.asked.is_empty()).then_some(())).await;
    (0..2).for_each(|job| run.kill(job).unwrap());
    scene.cluster.set(|known| known.silent = false);
    let summary = end(&run).await;
    assert_eq!((summary.counts.killed, summary.counts.succeeded), (1, 1), "one had ended: {summary}");
    assert_eq!(outcome(&rest(&mut events).await, 0), "killed: as was asked");
    assert_eq!(scene.cluster.set(|known| known.killed.clone()), [(0, Kill::Term)]);
}

#[tokio::test]
async fn a_run_that_is_stopped_before_it_is_known_what_is_left_leaves_it_to_the_next() {
    for drops in [false, true] {
        let mut scene = Scene::new();
        death(&mut scene, 2).await;
        scene.cluster.set(|known| known.silent = true);
        let run = scene.builder().build().unwrap();
        feed(&run, 2).await;
        scene.cluster.until(|known| (!known.asked.is_empty()).then_some(())).await;
        if !drops {
            run.cancel();
            let counts = end(&run).await.counts;
            assert_eq!((counts.cancelled, counts.total()), (2, 2));
        }
        tokio::task::spawn_blocking(move || drop(run)).await.unwrap();
        assert_eq!(scene.cluster.set(|known| std::mem::take(&mut known.killed)), [], "they run on");
        scene.cluster.set(|known| known.silent = false);
        let run = scene.builder().build().unwrap();
        let mut events = run.events();
        feed(&run, 2).await;
        until(&mut events, 1, Moment::Started).await;
        (0..2).for_each(|job| scene.cluster.end(job, Ok(())));
        let summary = end(&run).await;
        assert_eq!((summary.counts.succeeded, summary.adopted), (2, 2), "{summary}");
        assert_eq!((scene.cluster.submissions(0), scene.cluster.submissions(1)), (vec![0], vec![0]));
    }
}

#[tokio::test]
async fn what_is_not_fed_again_is_left_alone_and_told_of() {
    let mut scene = Scene::new();
    death(&mut scene, 3).await;
    let run = scene.builder().build().unwrap();
    feed(&run, 1).await;
    scene.cluster.until(|known| (!known.asked.is_empty()).then_some(())).await;
    scene.cluster.end(0, Ok(()));
    let summary = end(&run).await;
    assert_eq!((summary.counts.total(), summary.still_running), (1, 2), "{summary}");
    let told = "\n2 jobs of an earlier run still run, and are left alone: they were not fed";
    assert!(summary.to_string().contains(told), "{summary}");
    drop(run);
    assert_eq!(scene.cluster.set(|known| known.killed.clone()), []);
    scene.cluster.end(1, Err(Failure::ExitCode(2)));
    scene.cluster.end(2, Ok(()));
    let run = scene.builder().build().unwrap();
    feed(&run, 3).await;
    let summary = end(&run).await;
    let counts = summary.counts;
    assert_eq!(
        (counts.done_before, counts.succeeded, counts.failed, summary.adopted),
        (1, 1, 1, 2),
        "{summary}"
    );
}

/// Its end is told once, and its index comes later.
#[tokio::test]
async fn an_end_that_is_seen_before_the_job_is_fed_is_the_jobs() {
    let mut scene = Scene::new();
    death(&mut scene, 2).await;
    let run = scene.builder().build().unwrap();
    let mut events = run.events();
    feed(&run, 1).await;
    until(&mut events, 0, Moment::Started).await;
    scene.cluster.end(1, Err(Failure::ExitCode(7)));
    scene.cluster.end(0, Ok(()));
    // What is told together is known together.
    until(&mut events, 0, Moment::Succeeded).await;
    run.feed(["job", "1"]).await.unwrap();
    let summary = end(&run).await;
    assert_eq!((summary.counts.failed, summary.counts.succeeded, summary.adopted), (1, 1, 2), "{summary}");
    assert_eq!(outcome(&rest(&mut events).await, 1), "failed: exit code 7");
    assert_eq!(scene.cluster.submissions(1), [0]);
}

/// A run whose jobs run is stopped; they are told to end, and before they have the program dies.
async fn death_while_stopping(scene: &mut Scene, stop: impl FnOnce(&Xqute)) {
    scene.cluster.set(|known| known.stubborn = true);
    let run = scene.builder().build().unwrap();
    let mut events = run.events();
    feed(&run, 1).await;
    until(&mut events, 0, Moment::Started).await;
    stop(&run);
    scene.cluster.until(|known| (!known.killed.is_empty()).then_some(())).await;
    scene.dies(run);
}

/// They were killed by a run that nobody wanted any more; whoever runs the list again wants them.
#[tokio::test]
async fn a_job_that_a_stopped_run_killed_is_not_failed_although_the_run_did_not_see_its_end() {
    for lives in [false, true] {
        let mut scene = Scene::new();
        death_while_stopping(&mut scene, Xqute::cancel).await;
        let killed = Err(Failure::Signal(Signal(15)));
        if !lives {
            scene.cluster.end(0, killed.clone());
        }
        let run = scene.builder().build().unwrap();
        let mut events = run.events();
        feed(&run, 1).await;
        if lives {
            until(&mut events, 0, Moment::Started).await;
            scene.cluster.end(0, killed);
        }
        let failed = until(&mut events, 0, Moment::Failed).await;
        assert!(failed.will_retry(), "{:?}", failed.outcome());
        until(&mut events, 0, Moment::Started).await;
        scene.cluster.end(0, Ok(()));
        let summary = end(&run).await;
        assert_eq!((summary.counts.succeeded, summary.unknown), (1, 1), "{summary}");
        let why = summary.first_unknown.unwrap();
        assert!(why.contains("had told it to end") && why.contains("SIGTERM"), "{why}");
    }
}

#[tokio::test]
async fn a_job_that_somebody_killed_stays_killed() {
    for lives in [false, true] {
        let mut scene = Scene::new();
        death_while_stopping(&mut scene, |run| run.kill(0).unwrap()).await;
        if !lives {
            scene.cluster.end(0, Err(Failure::Signal(Signal(15))));
        }
        scene.cluster.set(|known| known.stubborn = false);
        let run = scene.builder().build().unwrap();
        feed(&run, 1).await;
        let summary = end(&run).await;
        assert_eq!((summary.counts.killed, summary.adopted), (1, 1), "{summary}");
        drop(run);
        let run = scene.builder().build().unwrap();
        feed(&run, 1).await;
        assert_eq!(end(&run).await.counts.failed_before, 1);
        assert_eq!(scene.cluster.submissions(0), [0]);
    }
}

/// The plugin may even be gone by then.
#[tokio::test]
async fn a_job_that_was_told_to_end_for_a_broken_hook_has_failed_whoever_sees_its_end() {
    for lives in [false, true] {
        let mut scene = Scene::new();
        scene.cluster.set(|known| known.stubborn = true);
        let builder = scene.builder().select(["panics"]).fault_policy("panics", FaultPolicy::FailJob);
        let run = builder.build().unwrap();
        feed(&run, 1).await;
        scene.cluster.until(|known| (!known.killed.is_empty()).then_some(())).await;
        scene.dies(run);
        scene.cluster.set(|known| known.stubborn = false);
        if !lives {
            scene.cluster.end(0, Err(Failure::Signal(Signal(15))));
        }
        let run = scene.builder().retry(RetryPolicy::new(2)).build().unwrap();
        let mut events = run.events();
        feed(&run, 1).await;
        let summary = end(&run).await;
        assert_eq!((summary.counts.failed, summary.adopted), (1, 1), "{summary}");
        let told = outcome(&rest(&mut events).await, 0);
        assert!(told.contains("a hook was broken in an earlier run"), "{told}");
        assert_eq!(scene.cluster.submissions(0), [0]);
    }
}

#[tokio::test]
async fn a_fresh_run_is_refused_while_jobs_of_an_earlier_one_run() {
    let mut scene = Scene::new();
    death(&mut scene, 2).await;
    let refused = |scene: &Scene| match scene.builder().fresh(true).build().unwrap_err() {
        Error::Build(error) => error,
        other => panic!("{other}"),
    };
    let error = refused(&scene);
    assert!(matches!(error, BuildError::StillRunning { jobs: 2, .. }), "{error}");
    let told = error.to_string();
    for part in
        ["2 jobs of an earlier run still run in", scene.workdir().to_str().unwrap(), "--fresh", "-w DIR"]
    {
        assert!(told.contains(part), "{part} is not in: {told}");
    }
    scene.cluster.end(0, Ok(()));
    let told = refused(&scene).to_string();
    assert!(told.starts_with("1 job of an earlier run still runs in "), "{told}");
    scene.cluster.set(|known| known.unreachable = 1);
    let error = refused(&scene);
    assert!(matches!(error, BuildError::CannotAsk { .. }), "{error}");
    assert!(error.to_string().contains("the controller is down; try again later"), "{error}");
    assert!(scene.workdir().join("journal").exists(), "nothing was removed");
    scene.cluster.end(1, Ok(()));
    let run = scene.builder().fresh(true).build().unwrap();
    let mut events = run.events();
    feed(&run, 1).await;
    until(&mut events, 0, Moment::Started).await;
    scene.cluster.end(0, Ok(()));
    let summary = end(&run).await;
    assert_eq!((summary.counts.succeeded, summary.counts.total(), summary.adopted), (1, 1, 0), "{summary}");
}

#[tokio::test]
async fn what_another_scheduler_has_runs_again_with_the_reason() {
    let mut scene = Scene::new();
    death(&mut scene, 1).await;
    // The fake would not have two at once.
    scene.cluster.end(0, Ok(()));
    let run = scene.named("noted", false).build().unwrap();
    let mut events = run.events();
    feed(&run, 1).await;
    until(&mut events, 0, Moment::Started).await;
    scene.cluster.end(0, Ok(()));
    let summary = end(&run).await;
    let why = "job 0: it was submitted to `cluster`, and this run has `noted`";
    assert_eq!(summary.first_unknown.as_deref(), Some(why));
    assert_eq!(scene.cluster.set(|known| known.asked.len()), 0);
    assert!(summary.to_string().ends_with("\nthis cluster is a fake"), "{summary}");
}

/// A job's files are those of its attempt: the new name of the scheduler, and its end.
#[tokio::test]
async fn the_files_of_an_adopted_job_are_kept_up() {
    let mut scene = Scene::new();
    let run = scene.named("cluster", true).build().unwrap();
    let mut events = run.events();
    feed(&run, 2).await;
    for job in 0..2 {
        until(&mut events, job, Moment::Started).await;
        fs::write(scene.workdir().join(format!("{job}/job.stdout")), "so far\n").unwrap();
    }
    scene.dies(run);
    scene.cluster.set(|known| {
        known.attempts.iter_mut().filter(|it| it.0.1 == 1).for_each(|it| it.1.forgotten = true);
    });
    scene.cluster.end(1, Ok(()));
    let run = scene.named("cluster", true).build().unwrap();
    let mut events = run.events();
    feed(&run, 2).await;
    while !matches!(events.next().await, Some(RunEvent::Reached(Moment::Submitted, job)) if job.index() == 1)
    {
    }
    (0..2).for_each(|job| scene.cluster.end(job, Ok(())));
    assert_eq!(end(&run).await.counts.succeeded, 2);
    let read = |path: &str| fs::read_to_string(scene.workdir().join(path)).unwrap();
    assert_eq!((read("0/job.jid"), read("0/job.rc")), ("0.0 again\n".into(), "0\n".into()));
    assert_eq!(read("0/job.stdout"), "so far\n", "nothing of it is moved away");
    assert!(!scene.workdir().join("0/job.retry").exists());
    assert_eq!(
        (read("1/job.retry/0/job.stdout"), read("1/job.retry/0/job.status")),
        ("so far\n".into(), "7\n".into())
    );
}
