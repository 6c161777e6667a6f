//! Is what an earlier run left known until somebody has written it down, and no longer?

use super::scene::Scene;
use crate::backend::local::log::{History, Log};
use crate::backend::local::record::{Attempt, End, Record};
use crate::backend::{Backend, Found, Left};
use crate::job::Failure;

const RUN: &str = "00000000000000ff";

fn left() -> Left {
    Left::new(RUN.into(), 5, 0)
}

fn attempt() -> Attempt {
    Attempt::new(RUN, 5, 0)
}

/// A job of an earlier run has ended, and only the log knows.
fn scene() -> Scene {
    let scene = Scene::new();
    let end = End { status: 3 << 8, user: 1, system: 1, peak: 1, exact: true };
    let records = [
        Record::Started { attempt: attempt(), pid: i32::MAX, start: 1, when: 1 },
        Record::Ended { attempt: attempt(), pid: i32::MAX, end, when: 2 },
    ];
    let log = Log::open(scene.workdir.path()).unwrap();
    log.append(records.map(|it| it.encode()).as_flattened()).unwrap();
    scene
}

async fn recover(scene: &Scene) {
    let found = scene.backend.recover(scene.workdir.path(), &[left()]).await.unwrap();
    assert!(matches!(&found[..], [Found::Ended { end: Err(Failure::ExitCode(3)), .. }]), "{found:?}");
}

fn is_known(scene: &Scene) -> bool {
    History::read(scene.workdir.path()).unwrap().get(attempt()).is_some()
}

#[tokio::test]
async fn an_end_that_was_only_told_stands_in_the_log_when_jobs_start() {
    let scene = scene();
    recover(&scene).await;
    assert_eq!(scene.run(scene.job(["true"])).await.0, Ok(()));
    assert!(is_known(&scene), "the program may die before it has written that down");
}

#[tokio::test]
async fn a_run_of_which_nothing_is_left_begins_with_an_empty_log() {
    let scene = scene();
    assert_eq!(scene.run(scene.job(["true"])).await.0, Ok(()));
    assert!(!is_known(&scene));
}

/// As a run does that removes what earlier ones left.
#[test]
fn what_was_asked_on_a_runtime_that_is_gone_is_wanted_no_more() {
    let scene = scene();
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime().block_on(recover(&scene));
    runtime().block_on(async { assert_eq!(scene.run(scene.job(["true"])).await.0, Ok(())) });
    assert!(!is_known(&scene));
}
