//! Do jobs that are given ahead start in their turn, and no sooner?

use super::scene::{Fifo, Scene};
use crate::backend::{Accepted, Backend, Kill, Refused, Submission};
use crate::job::{Failure, Signal};

/// A job that says so and lives until it is killed; one such job at once.
fn job(scene: &Scene, index: usize) -> Submission {
    let mut job = scene.bash("{ printf r; exec sleep 1000; } > \"$1\"");
    job.index = index;
    job.at_once = Some(1);
    job
}

/// It runs; then it is killed.
async fn ends(scene: &Scene, fifo: &Fifo, answer: Result<Accepted, Refused>) {
    let job = answer.unwrap();
    fifo.ready(1).await;
    scene.kill(&job, Kill::Kill).await;
    assert_eq!(scene.end(&job).await.0, Err(Failure::Signal(Signal(9))));
}

#[tokio::test]
async fn each_starts_when_the_one_before_has_ended_and_is_answered_then() {
    let scene = Scene::new();
    let fifo = scene.fifo();
    let submit = |index| scene.submit(job(&scene, index));
    let (first, second, third) = (submit(0), submit(1), submit(2));
    tokio::pin!(second, third);
    // In the order in which they are given.
    let first = tokio::select! {
        biased;
        first = first => first,
        _ = &mut second => panic!("it is second"),
        _ = &mut third => panic!("it is third"),
    };
    // A kill goes before the starts that wait.
    ends(&scene, &fifo, first).await;
    let second = tokio::select! {
        second = second => second,
        _ = &mut third => panic!("it is third"),
    };
    ends(&scene, &fifo, second).await;
    ends(&scene, &fifo, third.await).await;
}

#[tokio::test]
async fn what_is_taken_back_never_starts_and_what_runs_runs_on() {
    let scene = Scene::new();
    let fifo = scene.fifo();
    let first = scene.submit(job(&scene, 0)).await;
    let (second, third) = (scene.submit(job(&scene, 1)), scene.submit(job(&scene, 2)));
    let withdraws = async {
        // The others are polled, and so asked for, by now.
        tokio::task::yield_now().await;
        scene.backend.withdraw().await;
    };
    let (second, third, ()) = tokio::join!(second, third, withdraws);
    assert_eq!((second.unwrap_err(), third.unwrap_err()), (Refused::Withdrawn, Refused::Withdrawn));
    ends(&scene, &fifo, first).await;
    // Had one of them been kept, it would run before this one.
    ends(&scene, &fifo, scene.submit(job(&scene, 3)).await).await;
}

#[tokio::test]
async fn a_job_that_cannot_start_takes_nobodys_turn() {
    let scene = Scene::new();
    let fifo = scene.fifo();
    let mut none = scene.job(["/no/such/program"]);
    none.at_once = Some(1);
    let first = scene.submit(job(&scene, 0)).await;
    let (second, third) = (scene.submit(none), scene.submit(job(&scene, 2)));
    let ((), second, third) = tokio::join!(ends(&scene, &fifo, first), second, third);
    assert!(matches!(second, Err(Refused::ForGood(_))));
    ends(&scene, &fifo, third).await;
}
