//! What does a second run on a work directory do? What the first has not brought to its end, and nothing twice.

mod adopt;
mod cluster;
mod death;
mod journal;
mod lists;
mod stops;

use std::fs;
use std::time::Duration;

use xqute::{Counts, ErrorStrategy, JobSpec, Xqute, XquteBuilder};

use crate::hooks::recorder::Recorded;
use crate::original::scene::{Scene, WAYS, Way, blocking};

/// Feeds jobs of the ledger, and gives how they ended.
async fn counts_of(builder: XquteBuilder, scene: &Scene, numbers: impl IntoIterator<Item = usize>) -> Counts {
    let run = builder.build().unwrap();
    for number in numbers {
        run.feed(scene.ledger.words(number)).await.unwrap();
    }
    run.run_until_complete().await.unwrap().counts
}

fn lines(run: &Xqute) -> Vec<String> {
    run.run().state::<Recorded>().unwrap().0.lines()
}

#[tokio::test]
async fn a_list_that_has_succeeded_is_not_run_again_and_calls_no_hooks() {
    let scene = Scene::new();
    for again in 0..3 {
        let run = scene.builder(Way::Direct, &["recorder"]).forks(2).build().unwrap();
        for number in 0..5 {
            assert_eq!(run.feed(scene.ledger.words(number)).await.unwrap(), number);
        }
        let summary = run.run_until_complete().await.unwrap();
        let (counts, before) = (summary.counts, if again == 0 { 0 } else { 5 });
        assert_eq!((counts.done_before, counts.succeeded, counts.total()), (before, 5 - before, 5));
        assert_eq!((summary.attempts, summary.is_success()), (5 - before as u64, true));
        if again > 0 {
            assert_eq!(lines(&run), ["done 5"], "only the run's own end");
        }
    }
    scene.ledger.assert([(0, 1), (1, 1), (2, 1), (3, 1), (4, 1)]);
}

/// Five jobs: 0 succeeds, 1 fails, 2 is killed as was asked, 3 is vetoed, 4 is skipped.
async fn five_ends(builder: XquteBuilder, scene: &Scene) -> Counts {
    let up = scene.ledger.fifo("up");
    scene.ledger.does(1, "exit 3");
    scene.ledger.does(2, &format!("echo >'{}'; exec sleep 1000", up.display()));
    let run = builder.forks(1).build().unwrap();
    feed_five(&run, scene).await;
    blocking(move || fs::read(up).unwrap()).await;
    run.kill(2).unwrap();
    let counts = run.run_until_complete().await.unwrap().counts;
    // From now on they would succeed.
    scene.ledger.does(1, "");
    scene.ledger.does(2, "");
    counts
}

async fn feed_five(run: &Xqute, scene: &Scene) {
    for number in 0..5 {
        let job = JobSpec::new(scene.ledger.words(number));
        let job = match number {
            3 => job.tag("veto"),
            4 => job.tag("skip"),
            _ => job,
        };
        run.feed(job).await.unwrap();
    }
}

#[tokio::test]
async fn what_failed_was_killed_or_vetoed_runs_again_only_where_that_is_asked() {
    let scene = Scene::new();
    let first = five_ends(scene.builder(Way::Direct, &["tagged"]), &scene).await;
    let Counts { succeeded, failed, killed, cancelled, skipped, .. } = first;
    assert_eq!([succeeded, failed, killed, cancelled, skipped], [1; 5]);

    let run = scene.builder(Way::Direct, &["recorder"]).build().unwrap();
    feed_five(&run, &scene).await;
    let summary = run.run_until_complete().await.unwrap();
    assert_eq!((summary.counts.done_before, summary.counts.failed_before, summary.counts.total()), (2, 3, 5));
    assert!(!summary.is_success(), "three jobs of the list have not succeeded");
    assert_eq!(lines(&run), ["done 5"]);
    scene.ledger.assert([(0, 1), (1, 1), (2, 1)]);
    drop(run);

    let run = scene.builder(Way::Direct, &[]).retry_failed(true).build().unwrap();
    feed_five(&run, &scene).await;
    let summary = run.run_until_complete().await.unwrap();
    assert_eq!((summary.counts.done_before, summary.counts.succeeded, summary.counts.total()), (2, 3, 5));
    assert!(summary.is_success());
    scene.ledger.assert([(0, 1), (1, 2), (2, 2), (3, 1)]);
}

/// For who keeps results of their own: what is done has its whole life again, and a plugin says which of it need not run.
#[tokio::test]
async fn what_is_done_is_asked_about_again_only_where_that_is_asked() {
    for way in WAYS {
        let scene = Scene::new();
        scene.ledger.does(2, "exit 3");
        let counts_of = async |rerun: bool, first: &str| {
            let run = scene.builder(way, &["tagged"]).rerun_done(rerun).build().unwrap();
            run.feed(JobSpec::new(scene.ledger.words(0)).tag(first)).await.unwrap();
            run.feed(JobSpec::new(scene.ledger.words(1)).after(0)).await.unwrap();
            run.feed(scene.ledger.words(2)).await.unwrap();
            let Counts { succeeded, skipped, failed, done_before, failed_before, .. } =
                run.run_until_complete().await.unwrap().counts;
            drop(run);
            let checked = xqute::check(scene.path(""), false).unwrap();
            assert!(checked.findings.is_empty(), "{way:?}: {checked:?}");
            [succeeded, skipped, failed, done_before, failed_before]
        };
        assert_eq!(counts_of(false, "").await, [2, 0, 1, 0, 0], "{way:?}");
        assert_eq!(counts_of(true, "skip").await, [1, 1, 0, 0, 1], "{way:?}");
        assert_eq!(counts_of(true, "").await, [2, 0, 0, 0, 1], "{way:?}");
        assert_eq!(counts_of(false, "").await, [0, 0, 0, 2, 1], "{way:?}");
        scene.ledger.assert([(0, 2), (1, 3), (2, 1)]);
    }
}

/// How a run is stopped while job 0 runs and others wait.
#[derive(Debug, Clone, Copy)]
enum StoppedBy {
    /// The job fails, and that halts the run.
    Halt,
    Cancel,
}

#[tokio::test]
async fn jobs_whose_turn_had_not_come_when_a_run_was_stopped_are_run() {
    for by in [StoppedBy::Halt, StoppedBy::Cancel] {
        let scene = Scene::new();
        let (up, gate) = (scene.ledger.fifo("up"), scene.ledger.fifo("gate"));
        scene.ledger.does(0, &format!("echo >'{}'; read _ <'{}'; exit 3", up.display(), gate.display()));
        let builder = scene.builder(Way::Direct, &[]);
        let run = builder.forks(1).error_strategy(ErrorStrategy::Halt).build().unwrap();
        for number in 0..5 {
            run.feed(scene.ledger.words(number)).await.unwrap();
        }
        match by {
            StoppedBy::Halt => {
                blocking(move || fs::read(up).and_then(|_| fs::write(gate, "\n")).unwrap()).await
            }
            StoppedBy::Cancel => {
                blocking(move || fs::read(up).unwrap()).await;
                run.cancel();
            }
        }
        let counts = run.run_until_complete().await.unwrap().counts;
        assert_eq!((counts.failed + counts.killed, counts.cancelled, counts.total()), (1, 4, 5), "{by:?}");
        drop(run);
        scene.ledger.does(0, "");
        let counts = counts_of(scene.builder(Way::Direct, &[]), &scene, 0..5).await;
        // The job that failed was judged. The one that was killed with its run was not.
        let (before, times) = if matches!(by, StoppedBy::Halt) { (1, 1) } else { (0, 2) };
        assert_eq!((counts.failed_before, counts.succeeded), (before, 5 - before), "{by:?}: {counts}");
        scene.ledger.assert([(0, times), (1, 1), (2, 1), (3, 1), (4, 1)]);
    }
}

/// A run is cancelled while a job waits for its next attempt: it has not been tried to its end.
#[tokio::test]
async fn a_job_that_waited_for_its_next_attempt_when_a_run_was_stopped_is_run() {
    let scene = Scene::new();
    scene.ledger.does(0, "exit 3");
    let later = xqute::RetryPolicy::new(5).delay(Duration::from_secs(3600));
    let run = scene.builder(Way::Direct, &[]).retry(later).build().unwrap();
    let mut events = run.events();
    run.feed(scene.ledger.words(0)).await.unwrap();
    while !matches!(events.next().await, Some(xqute::RunEvent::Reached(xqute::Moment::Failed, job)) if job.will_retry())
    {
    }
    run.cancel();
    assert_eq!(run.run_until_complete().await.unwrap().counts.cancelled, 1);
    drop(run);
    scene.ledger.does(0, "");
    assert_eq!(counts_of(scene.builder(Way::Direct, &[]), &scene, 0..1).await.succeeded, 1);
    scene.ledger.assert([(0, 2)]);
}

#[tokio::test]
async fn the_files_of_an_earlier_runs_attempt_are_kept() {
    for way in WAYS {
        let scene = Scene::new();
        for (attempt, code) in [(0, 3), (1, 4), (2, 0)] {
            scene.ledger.does(0, &format!("echo out {attempt}; echo err {attempt} >&2; exit {code}"));
            let builder = scene.builder(way, &[]).retry_failed(true);
            let counts = counts_of(builder, &scene, 0..1).await;
            assert_eq!((counts.failed, counts.succeeded), (usize::from(code > 0), usize::from(code == 0)));
        }
        for (attempt, rc, at) in [(0, 3, "0/job.retry/0"), (1, 4, "0/job.retry/1"), (2, 0, "0")] {
            let read = |file: &str| scene.read(&format!("{at}/{file}"));
            assert_eq!(read("job.stdout"), format!("out {attempt}\n"), "{way:?}");
            assert_eq!(read("job.stderr"), format!("err {attempt}\n"), "{way:?}");
            assert_eq!(read("job.rc"), format!("{rc}\n"), "{way:?}");
        }
        assert_eq!(fs::read_dir(scene.path("0/job.retry")).unwrap().count(), 2);
    }
}

#[tokio::test]
async fn a_fresh_run_starts_anew() {
    let scene = Scene::new();
    scene.ledger.does(1, "exit 3");
    counts_of(scene.builder(Way::Direct, &[]), &scene, 0..3).await;
    fs::write(scene.path("notes"), "mine").unwrap();
    // Another list, and a shorter one.
    let counts = counts_of(scene.builder(Way::Direct, &[]).fresh(true), &scene, [1, 0]).await;
    assert_eq!((counts.failed, counts.succeeded, counts.total()), (1, 1, 2), "nothing counts as done before");
    scene.ledger.assert([(0, 2), (1, 2), (2, 1)]);
    assert!(!scene.path("2").exists() && !scene.path("0/job.retry").exists());
    assert_eq!(scene.read("notes"), "mine", "what is no job's stays");
    let counts = counts_of(scene.builder(Way::Direct, &[]), &scene, [1, 0]).await;
    assert_eq!((counts.failed_before, counts.done_before, counts.total()), (1, 1, 2));
}
