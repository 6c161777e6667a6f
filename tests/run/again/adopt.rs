//! What if a program dies, and its jobs do not? The next run on the work directory takes them up.

use std::time::Duration;

use xqute::backend::Kill;
use xqute::{Failure, Moment, RetryPolicy, Summary, WorkDirView, Xqute};

use super::cluster::{Known, Scene};
use crate::stage::{moments, outcome, rest, until};

pub(super) async fn feed(run: &Xqute, jobs: usize) {
    for number in 0..jobs {
        run.feed(["job".to_owned(), number.to_string()]).await.unwrap();
    }
}

pub(super) async fn end(run: &Xqute) -> Summary {
    run.run_until_complete().await.unwrap()
}

/// A run whose jobs all run, when its program dies.
pub(super) async fn death(scene: &mut Scene, jobs: usize) -> String {
    let run = scene.builder().build().unwrap();
    let mut events = run.events();
    feed(&run, jobs).await;
    for number in 0..jobs {
        scene.cluster.until(|known| known.submitted.iter().any(|it| it.1 == number).then_some(())).await;
    }
    let mut started = 0;
    while started < jobs {
        let Some(xqute::RunEvent::Reached(moment, _)) = events.next().await else { panic!("it ended") };
        started += usize::from(moment == Moment::Started);
    }
    let id = run.run().id().to_owned();
    scene.dies(run);
    id
}

const WHOLE: [Moment; 3] = [Moment::Queued, Moment::Submitting, Moment::Submitted];

#[tokio::test]
async fn what_lives_is_adopted_and_ends_as_any_job() {
    let mut scene = Scene::new();
    death(&mut scene, 2).await;
    let again = RetryPolicy::new(1).delay(Duration::ZERO);
    let run = scene.builder().retry(again).build().unwrap();
    let mut events = run.events();
    feed(&run, 3).await;
    until(&mut events, 1, Moment::Started).await;
    scene.cluster.until(|known| known.submitted.iter().any(|it| it.1 == 2).then_some(())).await;
    scene.cluster.end(2, Ok(()));
    scene.cluster.end(0, Ok(()));
    scene.cluster.end(1, Err(Failure::ExitCode(3)));
    scene.cluster.until(|known| known.submitted.contains(&(run.run().id().into(), 1, 1)).then_some(())).await;
    scene.cluster.end(1, Ok(()));
    let summary = end(&run).await;
    assert_eq!((summary.counts.succeeded, summary.counts.total(), summary.adopted), (3, 3, 2), "{summary}");
    assert!(summary.to_string().contains("\n2 jobs adopted, which an earlier run had begun"), "{summary}");
    assert_eq!(scene.cluster.submissions(0), [0]);
    assert_eq!(scene.cluster.submissions(1), [0, 1], "its retry is the next attempt");
    let told = rest(&mut events).await;
    assert!(!moments(&told, 0).iter().any(|it| WHOLE.contains(it)), "{told:?}");
    let mut view = WorkDirView::open(scene.workdir()).unwrap();
    assert_eq!(view.job(0).unwrap().unwrap().attempts, 1);
    assert_eq!(view.job(1).unwrap().unwrap().attempts, 2);
}

#[tokio::test]
async fn hooks_and_readers_are_told_what_this_run_has_not_told() {
    let mut scene = Scene::new();
    death(&mut scene, 4).await;
    scene.cluster.end(1, Ok(()));
    scene.cluster.end(2, Err(Failure::ExitCode(4)));
    scene.cluster.end(3, Err(Failure::LostBeforeStart("gone".into())));
    let run = scene.builder().build().unwrap();
    let mut events = run.events();
    feed(&run, 4).await;
    scene.cluster.until(|known| (!known.asked.is_empty()).then_some(())).await;
    scene.cluster.end(0, Ok(()));
    let summary = end(&run).await;
    assert_eq!((summary.counts.succeeded, summary.counts.failed, summary.adopted), (2, 2, 4), "{summary}");
    let told = rest(&mut events).await;
    use Moment::{Failed, Init, Started, Succeeded, Verifying};
    assert_eq!(moments(&told, 0), [Init, Started, Verifying, Succeeded]);
    assert_eq!(moments(&told, 1), [Init, Started, Verifying, Succeeded], "it had ended meanwhile");
    assert_eq!(
        (moments(&told, 2), outcome(&told, 2)),
        (vec![Init, Started, Failed], "failed: exit code 4".into())
    );
    assert_eq!(moments(&told, 3), [Init, Failed]);
    assert_eq!((0..4).map(|it| scene.cluster.submissions(it).len()).collect::<Vec<_>>(), [1; 4]);
}

#[tokio::test]
async fn what_nobody_knows_the_end_of_runs_again_and_that_is_told() {
    let mut scene = Scene::new();
    death(&mut scene, 1).await;
    scene.cluster.end(0, Ok(()));
    scene.cluster.set(|known| known.attempts.values_mut().for_each(|it| it.forgotten = true));
    // Nothing is tried again in this run.
    let run = scene.builder().retry(RetryPolicy::never()).build().unwrap();
    let mut events = run.events();
    feed(&run, 1).await;
    let failed = until(&mut events, 0, Moment::Failed).await;
    let told = failed.outcome().unwrap().to_string();
    assert_eq!(told, "its own end is not known: its machine was started anew");
    assert!(failed.will_retry() && failed.trial_count() == 0);
    until(&mut events, 0, Moment::Started).await;
    scene.cluster.end(0, Ok(()));
    let summary = end(&run).await;
    assert_eq!((summary.is_success(), summary.unknown, summary.adopted), (true, 1, 0), "{summary}");
    assert_eq!(summary.first_unknown.as_deref(), Some("job 0: its machine was started anew"));
    assert!(summary.to_string().contains("its end is not known; the first: job 0: its machine"), "{summary}");
    assert_eq!(scene.cluster.submissions(0), [0, 1]);
}

#[tokio::test]
async fn what_was_about_to_be_submitted_is_submitted_once() {
    let mut scene = Scene::new();
    scene.cluster.set(|known| known.deaf = true);
    let run = scene.builder().build().unwrap();
    feed(&run, 1).await;
    scene.cluster.until(|known| (!known.submitted.is_empty()).then_some(())).await;
    scene.dies(run);
    scene.cluster.set(|known| known.deaf = false);
    let run = scene.builder().build().unwrap();
    feed(&run, 1).await;
    scene.cluster.until(|known| (!known.attempts.is_empty()).then_some(())).await;
    scene.cluster.end(0, Ok(()));
    let summary = end(&run).await;
    assert_eq!((summary.counts.succeeded, summary.adopted, summary.unknown), (1, 0, 0));
    assert_eq!(scene.cluster.submissions(0), [0, 0], "the same attempt, of another run");
    let asked = scene.cluster.set(|known| known.asked.clone());
    assert_eq!((asked.len(), asked[0].len(), &asked[0][0].jid), (1, 1, &None));
}

#[tokio::test]
async fn while_the_scheduler_cannot_be_asked_nothing_starts() {
    let mut scene = Scene::new();
    death(&mut scene, 1).await;
    scene.cluster.set(|known| (known.unreachable, known.silent) = (1, true));
    let run = scene.builder().build().unwrap();
    feed(&run, 2).await;
    // When the second question comes, the first was answered, and jobs wait.
    let submitted = |known: &mut Known| (known.asked.len() == 2).then_some(known.submitted.len());
    assert_eq!(scene.cluster.until(submitted).await, 1, "only by the run that died");
    scene.cluster.set(|known| known.silent = false);
    scene.cluster.until(|known| (known.submitted.len() == 2).then_some(())).await;
    (0..2).for_each(|it| scene.cluster.end(it, Ok(())));
    let summary = end(&run).await;
    assert_eq!((summary.counts.succeeded, summary.adopted), (2, 1), "{summary}");
}

#[tokio::test]
async fn a_program_that_dies_while_it_adopts_changes_nothing() {
    let mut scene = Scene::new();
    let first = death(&mut scene, 2).await;
    for again in 0..3 {
        let run = scene.builder().build().unwrap();
        let mut events = run.events();
        // One of them in the first run, both in the others.
        feed(&run, 1 + again.min(1)).await;
        until(&mut events, again.min(1), Moment::Started).await;
        scene.dies(run);
    }
    scene.cluster.end(0, Ok(()));
    let run = scene.builder().build().unwrap();
    feed(&run, 2).await;
    scene.cluster.until(|known| (known.asked.len() == 4).then_some(())).await;
    scene.cluster.end(1, Ok(()));
    let summary = end(&run).await;
    assert_eq!((summary.counts.succeeded, summary.adopted, summary.unknown), (2, 2, 0), "{summary}");
    let asked = scene.cluster.set(|known| known.asked.clone());
    assert!(asked.iter().flatten().all(|it| *it.run == *first), "by the name it has for ever: {asked:?}");
    assert_eq!((scene.cluster.submissions(0), scene.cluster.submissions(1)), (vec![0], vec![0]));
}

#[tokio::test]
async fn adopted_jobs_are_killed_cancelled_and_timed_out_as_others() {
    for what in ["kill", "cancel", "timeout", "drop"] {
        let mut scene = Scene::new();
        death(&mut scene, 1).await;
        let builder = scene.builder();
        let builder = if what == "timeout" { builder.timeout(Duration::from_millis(20)) } else { builder };
        let run = builder.build().unwrap();
        let mut events = run.events();
        feed(&run, 1).await;
        until(&mut events, 0, Moment::Started).await;
        match what {
            "kill" => run.kill(0).unwrap(),
            "cancel" => run.cancel(),
            "timeout" => {}
            _ => {
                tokio::task::spawn_blocking(move || drop(run)).await.unwrap();
                assert_eq!(scene.cluster.set(|known| known.killed.clone()), [(0, Kill::Kill)]);
                continue;
            }
        }
        let summary = end(&run).await;
        let told = outcome(&rest(&mut events).await, 0);
        let expected = match what {
            "kill" => "killed: as was asked",
            "cancel" => "killed: the run was cancelled",
            _ => "failed: timed out after 20ms",
        };
        assert_eq!((&*told, summary.adopted), (expected, 1));
        assert_eq!(scene.cluster.set(|known| known.killed.clone()), [(0, Kill::Term)], "{what}");
    }
}

#[tokio::test]
async fn more_than_may_run_at_once_are_adopted_and_then_nothing_else_starts() {
    let mut scene = Scene::new();
    death(&mut scene, 3).await;
    let run = scene.builder().forks(1).build().unwrap();
    let mut events = run.events();
    feed(&run, 4).await;
    until(&mut events, 2, Moment::Started).await;
    for number in 0..3 {
        assert_eq!(scene.cluster.submissions(3), [0; 0], "while {number} runs");
        scene.cluster.end(number, Ok(()));
        until(&mut events, number, Moment::Succeeded).await;
    }
    scene.cluster.until(|known| (known.submitted.len() == 4).then_some(())).await;
    scene.cluster.end(3, Ok(()));
    assert_eq!(end(&run).await.counts.succeeded, 4);
}
