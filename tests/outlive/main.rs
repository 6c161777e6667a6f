//! Do jobs on this machine outlive their program, and is what became of them known afterwards?
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod anew;
mod guardians;
mod scene;
mod secrets;

use std::fs;
use std::io::Read;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;
use std::process::Child;

use scene::{Scene, children, kill, kill_program, left, supervisor, supervisor_is_gone};
use xqute::Failure;
use xqute::backend::{Accepted, Backend, Found, Kill, Left, Local, Seen};

/// What a program that ends by itself says.
fn said(mut program: Child) -> String {
    let mut said = String::new();
    program.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(program.wait().unwrap().success(), "{said}");
    said
}

async fn recover(backend: &Local, workdir: &Path, left: &[Left]) -> Vec<Found> {
    backend.recover(workdir, left).await.unwrap()
}

/// All of them run.
fn live(found: Vec<Found>) -> Vec<Accepted> {
    let live = |it| match it {
        Found::Live(accepted) => accepted,
        other => panic!("{other:?}"),
    };
    found.into_iter().map(live).collect()
}

/// How these jobs end.
async fn ends(backend: &Local, jobs: &[Accepted]) -> Vec<Result<(), Failure>> {
    let mut ends: Vec<_> = jobs.iter().map(|_| None).collect();
    while ends.iter().any(Option::is_none) {
        for told in backend.observe(&[]).await.unwrap() {
            let at = jobs.iter().position(|it| it.jid == told.jid).unwrap();
            let Seen::Exited { end, .. } = told.seen else { panic!("{told:?}") };
            assert!(ends[at].replace(end).is_none(), "an end is told once");
        }
    }
    ends.into_iter().flatten().collect()
}

/// What a job's exit code is to a run.
fn exited(code: i32) -> Result<(), Failure> {
    if code == 0 { Ok(()) } else { Err(Failure::ExitCode(code)) }
}

/// The end of a job whose supervisor was killed: a system that tells strangers nothing leaves it unknown, never wrong.
fn exited_or_unseen(end: &Result<(), Failure>, code: i32) -> bool {
    *end == exited(code) || matches!(end, Err(Failure::Unknown(_)))
}

#[tokio::test]
async fn jobs_outlive_a_program_that_is_killed_and_their_ends_are_known() {
    let mut scene = Scene::new();
    let workdir = scene.path("work");
    let program = scene.program(5, &[&workdir]);
    let jobs = [scene.up(), scene.up(), scene.up()];
    kill_program(program);
    let alone = supervisor(jobs[0]);
    assert!(jobs.iter().all(|it| supervisor(*it) == alone), "one for all");
    for file in ["local.sock", "local.lock", "local.log"] {
        let mode = fs::symlink_metadata(workdir.join(file)).unwrap().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    assert!(fs::symlink_metadata(workdir.join("local.sock")).unwrap().file_type().is_socket());
    scene.open(3);
    supervisor_is_gone(&workdir);
    assert_eq!(scene.log(), [0, 1, 2]);
    assert!(!workdir.join("local.sock").exists());
    // An attempt whose end is written down is never told as anything else, however often it is asked for.
    for _ in 0..2 {
        let found = recover(&Local::new(), &workdir, &left(&workdir, 5)).await;
        for (code, found) in (0..).zip(&found[..3]) {
            let Found::Ended { end, usage: Some(_) } = found else { panic!("{found:?}") };
            assert_eq!(*end, exited(code));
        }
        assert_eq!(found[3..], [Found::NotStarted, Found::NotStarted]);
    }
}

#[tokio::test]
async fn what_still_runs_is_taken_over_with_its_supervisor() {
    let mut scene = Scene::new();
    let workdir = scene.path("work");
    let program = scene.program(3, &[&workdir]);
    let mut jobs: Vec<u32> = (0..3).map(|_| scene.up()).collect();
    kill_program(program);
    let backend = Local::new();
    let live = live(recover(&backend, &workdir, &left(&workdir, 3)).await);
    let mut processes: Vec<u32> = live.iter().map(|it| it.process.unwrap().pid.cast_unsigned()).collect();
    jobs.sort_unstable();
    processes.sort_unstable();
    assert_eq!(processes, jobs);
    backend.kill(&[live[2].jid.clone()], Kill::Term).await.unwrap();
    // Only when it has ended: it might take what another waits for.
    assert_eq!(ends(&backend, &live[2..]).await, [Err(Failure::Signal(xqute::Signal(15)))]);
    scene.open(2);
    assert_eq!(ends(&backend, &live[..2]).await, [exited(0), exited(1)]);
    drop(backend);
    // What listens for the backend takes its leave meanwhile.
    tokio::task::spawn_blocking(move || supervisor_is_gone(&workdir)).await.unwrap();
    assert_eq!(scene.log(), [0, 1]);
}

#[test]
fn a_supervisor_that_is_killed_takes_no_job_with_it_and_is_replaced() {
    let mut scene = Scene::new();
    let workdir = scene.path("work");
    // The fourth and the fifth are started by another supervisor.
    let program = scene.program(5, &[&workdir]);
    let first = scene.up();
    scene.up();
    scene.up();
    let killed = supervisor(first);
    kill(killed);
    scene.open(1);
    let next = scene.up();
    assert_ne!(supervisor(next), killed);
    // Enough for those that run again, because nobody saw how they ended.
    scene.open(8);
    let said = said(program);
    assert_eq!(said.trim(), "1 succeeded, 4 failed", "as they exited");
    let mut ran = scene.log();
    ran.dedup();
    assert_eq!(ran, [0, 1, 2, 3, 4]);
    supervisor_is_gone(&workdir);
}

#[tokio::test]
async fn what_still_runs_is_found_without_a_supervisor() {
    let mut scene = Scene::new();
    let workdir = scene.path("work");
    let program = scene.program(3, &[&workdir]);
    let jobs = [scene.up(), scene.up(), scene.up()];
    let supervisor = supervisor(jobs[0]);
    kill_program(program);
    kill(supervisor);
    supervisor_is_gone(&workdir);
    let backend = Local::new();
    let live = live(recover(&backend, &workdir, &left(&workdir, 3)).await);
    backend.kill(&[live[2].jid.clone()], Kill::Kill).await.unwrap();
    let killed = ends(&backend, &live[2..]).await;
    assert!(matches!(killed[0], Err(Failure::Signal(_) | Failure::Unknown(_))), "{killed:?}");
    scene.open(2);
    let ends = ends(&backend, &live[..2]).await;
    assert!(exited_or_unseen(&ends[0], 0) && exited_or_unseen(&ends[1], 1), "{ends:?}");
    assert_eq!(scene.log(), [0, 1]);
    // Whoever comes now finds them gone, and knows no more than that.
    let found = recover(&Local::new(), &workdir, &left(&workdir, 3)).await;
    assert!(found.iter().all(|it| matches!(it, Found::Unknown(_) | Found::Ended { .. })), "{found:?}");
}

#[test]
fn nothing_is_left_of_a_run_that_has_ended_and_the_program_has_no_children() {
    let mut scene = Scene::new();
    let workdir = scene.path("work");
    let program = scene.program(3, &[&workdir]);
    let jobs = [scene.up(), scene.up(), scene.up()];
    assert!(children(program.id()).is_empty(), "not even one that has ended");
    scene.open(3);
    said(program);
    supervisor_is_gone(&workdir);
    assert!(!workdir.join("local.sock").exists());
    assert!(!Path::new(&format!("/proc/{}", jobs[2])).exists(), "not even one that has ended");
}

#[test]
fn two_runs_of_one_program_have_a_supervisor_each() {
    let mut scene = Scene::new();
    // Longer than the address of a socket may be.
    let long = scene.path(&"long/".repeat(30));
    let program = scene.program(1, &[&scene.path("one"), &long]);
    let supervisors = [scene.up(), scene.up()].map(supervisor);
    assert_ne!(supervisors[0], supervisors[1]);
    scene.open(2);
    assert_eq!(said(program), "1 succeeded\n".repeat(2));
    supervisor_is_gone(&long);
    supervisor_is_gone(&scene.path("one"));
}

/// A program that is not what it seems to be asks for a supervisor: nothing comes of it.
#[test]
fn a_program_that_is_only_told_to_be_a_supervisor_is_none() {
    let mut outlive = std::process::Command::new(env!("CARGO_BIN_EXE_outlive"));
    let output = outlive.env("XQUTE_SUPERVISE", std::process::id().to_string()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "outlive FORKS FILE WORKDIR...\n");
}
