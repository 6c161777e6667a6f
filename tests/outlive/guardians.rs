//! And in a program that does not call `supervise()`? Each job has a guardian, and as much is known.

use std::path::Path;
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::Duration;

use xqute::backend::{Found, Local};

use super::scene::{Scene, guardian, is_gone, kill, kill_program, left};
use super::{ends, exited, exited_or_unseen, live, recover, said};

#[tokio::test]
async fn a_program_that_is_killed_loses_no_end_though_it_has_no_supervisor() {
    let mut scene = Scene::new();
    let workdir = scene.path("work");
    let program = scene.unsupervised(5, &[&workdir]);
    let guardians = [scene.up(), scene.up(), scene.up()].map(guardian);
    kill_program(program);
    scene.open(3);
    guardians.into_iter().for_each(is_gone);
    assert_eq!(scene.log(), [0, 1, 2]);
    let found = recover(&Local::new(), &workdir, &left(&workdir, 5)).await;
    for (code, found) in (0..).zip(&found[..3]) {
        let Found::Ended { end, usage: Some(_) } = found else { panic!("{found:?}") };
        assert_eq!(*end, exited(code));
    }
    assert_eq!(found[3..], [Found::NotStarted, Found::NotStarted]);
}

#[tokio::test]
async fn what_still_runs_with_its_guardian_is_watched_to_its_own_end() {
    let mut scene = Scene::new();
    let workdir = scene.path("work");
    let program = scene.unsupervised(3, &[&workdir]);
    for _ in 0..3 {
        scene.up();
    }
    kill_program(program);
    let backend = Local::new();
    let live = live(recover(&backend, &workdir, &left(&workdir, 3)).await);
    scene.open(3);
    let ended = ends(&backend, &live).await;
    assert_eq!(ended, [exited(0), exited(1), exited(2)], "the guardian's word, on any system");
    assert_eq!(scene.log(), [0, 1, 2]);
}

#[tokio::test]
async fn a_guardian_that_is_killed_leaves_its_job_running() {
    let mut scene = Scene::new();
    let workdir = scene.path("work");
    let program = scene.unsupervised(3, &[&workdir]);
    let jobs = [scene.up(), scene.up(), scene.up()];
    let guardians = jobs.map(guardian);
    kill_program(program);
    kill(guardians[0]);
    let backend = Local::new();
    let live = live(recover(&backend, &workdir, &left(&workdir, 3)).await);
    let lost = live.iter().position(|it| it.process.unwrap().pid.cast_unsigned() == jobs[0]).unwrap();
    scene.open(3);
    for (at, end) in ends(&backend, &live).await.iter().enumerate() {
        let code = i32::try_from(at).unwrap();
        let is_right = if at == lost { exited_or_unseen(end, code) } else { *end == exited(code) };
        assert!(is_right, "job {at}: {end:?}");
    }
}

/// Killed wherever it has come to, until one comes to its end.
#[test]
fn however_often_a_program_without_a_supervisor_is_killed_no_job_runs_twice_and_none_is_lost() {
    const JOBS: usize = 40;
    let scene = Scene::new();
    let workdir = scene.path("work");
    let list = scene.path("short");
    let log = scene.path("log");
    let line = |it: usize| format!("sh -c 'sleep 0.0{}; echo {it} >>{}'\n", it % 10, log.display());
    std::fs::write(&list, (0..JOBS).map(line).collect::<String>()).unwrap();
    let mut kills = 0;
    let summary = loop {
        let mut program = program(&list, &workdir);
        // Longer each time, so that it comes to an end; where it falls is up to the machine.
        sleep(Duration::from_millis(5 + 3 * kills));
        if program.try_wait().unwrap().is_some() {
            break said(program);
        }
        kill_program(program);
        kills += 1;
    };
    assert!(kills > 3, "it was killed {kills} times");
    assert_eq!(scene.log(), (0..JOBS).collect::<Vec<_>>(), "after {kills} kills: {summary}");
    assert!(!summary.contains("failed"), "{summary}");
}

fn program(list: &Path, workdir: &Path) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_outlive"));
    command.arg("4").arg(list).arg(workdir).env("UNSUPERVISED", "1");
    command.stdout(std::process::Stdio::piped()).spawn().unwrap()
}
