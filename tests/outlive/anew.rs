//! What is found by who comes to a work directory, or is started for one, when others have gone?

use std::fs::{self, File};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::process::{Command, Stdio};
use std::time::Duration;

use xqute::backend::{Backend, Kill, Local};
use xqute::{JobSpec, Xqute};

use super::scene::{Scene, is_gone, kill, kill_program, left};
use super::{live, recover};

/// Its supervisor lives, for what is left of a job that was killed: whether a run is fresh is asked on a runtime of its own. Other
/// threads than this one see meanwhile that the first client is gone. What is left there takes no room of this run.
#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_run_starts_its_jobs_with_the_supervisor_that_is_there() {
    let mut scene = Scene::new();
    let workdir = scene.path("work");
    let (stubborn, list) = (scene.path("stubborn"), scene.path("list"));
    fs::write(&stubborn, format!("trap '' TERM\necho $$ >{}\nexec sleep 1000\n", scene.path("up").display()))
        .unwrap();
    fs::write(&list, format!("sh -c 'sh {} & wait'\n", stubborn.display())).unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_outlive"));
    let program = program.arg("3").arg(list).arg(&workdir).spawn().unwrap();
    let stubborn = scene.up();
    kill_program(program);
    let backend = Local::new();
    let job = live(recover(&backend, &workdir, &left(&workdir, 1)).await).remove(0);
    backend.kill(std::slice::from_ref(&job.jid), Kill::Term).await.unwrap();
    is_gone(job.process.unwrap().pid.cast_unsigned());
    drop(backend);
    let run = Xqute::builder().workdir(&workdir).forks(1).fresh(true).build().unwrap();
    run.feed(JobSpec::new(["true"])).await.unwrap();
    let done = tokio::time::timeout(Duration::from_secs(60), run.run_until_complete()).await;
    kill(stubborn);
    assert_eq!(done.expect("it waits for ever").unwrap().counts.succeeded, 1);
}

/// It has the work directory's files for its standard ones: it is not to go on as the program that it is.
#[test]
fn who_is_asked_to_be_a_supervisor_and_finds_nobody_who_asks_ends() {
    let scene = Scene::new();
    let (out, err) = (scene.path("out"), scene.path("err"));
    let door = UnixListener::bind(scene.path("door")).unwrap();
    let status = Command::new(env!("CARGO_BIN_EXE_outlive"))
        // Another's number than its parent's.
        .env("XQUTE_SUPERVISE", "1")
        .stdin(Stdio::from(OwnedFd::from(door)))
        .stdout(File::create(&out).unwrap())
        .stderr(File::create(&err).unwrap())
        .status();
    assert_eq!(status.unwrap().code(), Some(1));
    assert_eq!([out, err].map(|it| fs::read_to_string(it).unwrap()), ["", ""]);
}
