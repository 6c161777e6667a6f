//! Does a kill reach all of a job, and nobody else?

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal as Number, kill_process};

use super::scene::Scene;
use crate::backend::local::proc::Stat;
use crate::backend::{Accepted, Backend, Kill};
use crate::job::{Failure, Signal};

/// A process that ignores TERM and holds the fifo, and its leader, which does not ignore it.
const STUBBORN: &str =
    "trap '' TERM; { printf g; exec sleep 1000; } > \"$1\" & trap - TERM; printf l > \"$1\"; wait";

fn pid(job: &Accepted) -> Pid {
    Pid::from_raw(job.process.unwrap().pid).unwrap()
}

/// Returns when the job's own process is reaped.
async fn reaped(job: &Accepted) {
    while Stat::read(pid(job)).is_some() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_job_that_catches_term_keeps_its_own_end() {
    let scene = Scene::new();
    let fifo = scene.fifo();
    let script =
        "trap 'echo bye; exit 7' TERM; { printf g; exec sleep 1000; } > \"$1\" & printf r > \"$1\"; wait";
    let job = scene.bash(script);
    let files = job.files.clone();
    let job = scene.submit(job).await.unwrap();
    fifo.ready(2).await;
    scene.kill(&job, Kill::Term).await;
    assert_eq!(scene.end(&job).await.0, Err(Failure::ExitCode(7)));
    assert_eq!(std::fs::read_to_string(files.stdout()).unwrap(), "bye\n");
}

#[tokio::test]
async fn a_job_that_stands_still_gets_term_too() {
    let scene = Scene::new();
    let job = scene.submit(scene.bash("trap 'exit 5' TERM; kill -STOP $$")).await.unwrap();
    while Stat::read(pid(&job)).unwrap().state != b'T' {
        tokio::task::yield_now().await;
    }
    scene.kill(&job, Kill::Term).await;
    assert_eq!(scene.end(&job).await.0, Err(Failure::ExitCode(5)));
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_killed_job_is_told_when_its_whole_group_is_gone() {
    let scene = Scene::new();
    let fifo = scene.fifo();
    let job = scene.submit(scene.bash(STUBBORN)).await.unwrap();
    assert_eq!(fifo.ready(2).await, "gl");
    scene.kill(&job, Kill::Term).await;
    reaped(&job).await;
    // A minute of a clock that does not wait: the group is looked at hundreds of times.
    let told = tokio::time::timeout(Duration::from_secs(60), scene.observe()).await;
    assert!(told.is_err(), "{told:?} is told while a process of the job lives");
    assert!(fifo.is_held());
    scene.kill(&job, Kill::Kill).await;
    assert_eq!(scene.end(&job).await.0, Err(Failure::Signal(Signal(15))), "as its own process ended");
    assert!(!fifo.is_held());
}

#[tokio::test]
async fn kill_ends_all_of_a_job_at_once() {
    let scene = Scene::new();
    let fifo = scene.fifo();
    let job = scene.submit(scene.bash(STUBBORN)).await.unwrap();
    fifo.ready(2).await;
    scene.kill(&job, Kill::Kill).await;
    assert_eq!(scene.end(&job).await.0, Err(Failure::Signal(Signal(9))));
    assert!(!fifo.is_held());
}

#[tokio::test]
async fn what_a_job_leaves_behind_by_itself_is_left_alone() {
    let scene = Scene::new();
    let fifo = scene.fifo();
    let script = "{ printf g; exec sleep 1000; } > \"$1\" & echo $!; exit 0";
    let job = scene.bash(script);
    let files = job.files.clone();
    let job = scene.submit(job).await.unwrap();
    fifo.ready(1).await;
    assert_eq!(scene.end(&job).await.0, Ok(()));
    scene.kill(&job, Kill::Kill).await;
    assert!(fifo.is_held());
    let left = std::fs::read_to_string(files.stdout()).unwrap().trim().parse().unwrap();
    kill_process(Pid::from_raw(left).unwrap(), Number::KILL).unwrap();
}

/// What happens in a container whose first process reaps nothing: here a process that has left the group.
#[tokio::test]
async fn the_dead_that_nobody_buries_do_not_hold_up_an_end() {
    let scene = Scene::new();
    let fifo = scene.fifo();
    let careless = "( { printf g; exec sleep 1000; } > \"$1\" & printf c > \"$1\"; exec setsid sleep 1000 ) & echo $!; printf l > \"$1\"; wait";
    let job = scene.bash(careless);
    let files = job.files.clone();
    let job = scene.submit(job).await.unwrap();
    fifo.ready(3).await;
    let parent = std::fs::read_to_string(files.stdout()).unwrap().trim().parse().unwrap();
    let parent = Pid::from_raw(parent).unwrap();
    while Stat::read(parent).unwrap().group != parent.as_raw_nonzero().get() {
        tokio::task::yield_now().await;
    }
    scene.kill(&job, Kill::Term).await;
    let end = tokio::time::timeout(Duration::from_secs(60), scene.end(&job)).await;
    kill_process(parent, Number::KILL).unwrap();
    assert_eq!(end.unwrap().0, Err(Failure::Signal(Signal(15))));
}

#[tokio::test]
async fn a_stranger_with_a_jobs_name_is_not_signalled() {
    let scene = Scene::new();
    let mut cat = Command::new("cat");
    let mut cat = cat.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    for how in [Kill::Term, Kill::Kill] {
        scene.backend.kill(&[cat.id().to_string().into(), "none".into(), "-1".into()], how).await.unwrap();
    }
    let mut answer = String::new();
    cat.stdin.take().unwrap().write_all(b"alive\n").unwrap();
    BufReader::new(cat.stdout.take().unwrap()).read_line(&mut answer).unwrap();
    assert_eq!(answer, "alive\n");
    assert!(cat.wait().unwrap().success());
}

#[tokio::test]
async fn nothing_of_the_backend_waits_when_it_is_gone() {
    let scene = Scene::new();
    let job = scene.submit(scene.job(["sleep", "1000"])).await.unwrap();
    tokio::task::yield_now().await;
    let metrics = tokio::runtime::Handle::current().metrics();
    assert_eq!(metrics.num_alive_tasks(), 1);
    drop(scene);
    while metrics.num_alive_tasks() > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(Stat::read(pid(&job)).unwrap().start, job.process.unwrap().start, "the job runs on");
    kill_process(pid(&job), Number::KILL).unwrap();
    // The thread that looked after it may have had the time to do that.
    let _ = rustix::process::waitpid(Some(pid(&job)), rustix::process::WaitOptions::empty());
}
