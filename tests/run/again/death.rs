//! What if a run does not come to its end, or has not yet?

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use xqute::{BuildError, Error, JobSpec, WorkDirError};
use xqute_tests::ledger::ROUND;
use xqute_tests::outside::fail;

use super::journal::ends;
use super::{Scene, Way, blocking, counts_of};

/// Has job 1 say that it is up, and wait for ever; what it starts holds the second fifo open.
fn job_1_waits(scene: &Scene) -> [PathBuf; 2] {
    let fifos = ["up", "alive"].map(|name| scene.ledger.fifo(name));
    let [up, alive] = [fifos[0].display(), fifos[1].display()];
    scene.ledger.does(1, &format!("exec 3>'{alive}'; echo $$ >'{up}'; sleep 1000"));
    fifos
}

/// Waits until job 1 is up; gives its process group, and what waits until nothing of it is left.
async fn up([up, alive]: [PathBuf; 2]) -> (String, impl FnOnce() + Send) {
    let (group, mut alive) = blocking(move || {
        let alive = File::open(alive).unwrap();
        (fs::read_to_string(up).unwrap(), alive)
    })
    .await;
    (group, move || assert_eq!(io::copy(&mut alive, &mut io::sink()).unwrap(), 0))
}

#[tokio::test]
async fn after_a_run_that_was_dropped_what_had_not_ended_by_itself_is_run() {
    let scene = Scene::new();
    let fifos = job_1_waits(&scene);
    let run = scene.builder(Way::Direct, &[]).forks(1).build().unwrap();
    for number in 0..4 {
        run.feed(scene.ledger.words(number)).await.unwrap();
    }
    let (_, gone) = up(fifos).await;
    drop(run);
    blocking(gone).await;
    scene.ledger.does(1, "");
    let counts = counts_of(scene.builder(Way::Direct, &[]), &scene, 0..4).await;
    assert_eq!((counts.done_before, counts.succeeded, counts.total()), (1, 3, 4), "{counts}");
    scene.ledger.assert([(0, 1), (1, 2), (2, 1), (3, 1)]);
}

/// A run in a program of its own, of so many jobs.
fn program(scene: &Scene, jobs: usize, round: usize) -> Child {
    command(scene, jobs, round).stdout(Stdio::null()).stderr(Stdio::inherit()).spawn().unwrap()
}

fn command(scene: &Scene, jobs: usize, round: usize) -> Command {
    let list = scene.dir.path().join("list");
    let argv = |number| JobSpec::new(scene.ledger.words(number)).argv().unwrap().to_string();
    fs::write(&list, (0..jobs).map(argv).collect::<Vec<_>>().join("\n")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_run-alone"));
    command.arg("list").arg(scene.path("")).arg(list).env(ROUND, round.to_string());
    command
}

/// Ends the job of a program that was killed, which is a process group of its own.
fn end(group: &str) {
    let killed = Command::new("kill").args(["-KILL", "--", &format!("-{}", group.trim())]).status().unwrap();
    assert!(killed.success());
}

#[tokio::test]
async fn after_a_program_that_was_killed_what_had_not_ended_is_run_and_what_ended_meanwhile_is_known() {
    let scene = Scene::new();
    let fifos = job_1_waits(&scene);
    let mut program = program(&scene, 4, 0);
    let (group, gone) = up(fifos).await;
    program.kill().unwrap();
    program.wait().unwrap();
    end(&group);
    blocking(gone).await;
    scene.ledger.does(1, "");
    // Job 1 was killed by a signal while no program was there: it has failed, and that was seen.
    let counts = counts_of(scene.builder(Way::Direct, &[]), &scene, 0..4).await;
    assert_eq!((counts.done_before, counts.succeeded, counts.failed), (1, 2, 1), "{counts}");
    scene.ledger.assert([(0, 1), (1, 1), (2, 1), (3, 1)]);
    let counts = counts_of(scene.builder(Way::Direct, &[]).retry_failed(true), &scene, 0..4).await;
    assert_eq!((counts.done_before, counts.succeeded), (3, 1), "{counts}");
    scene.ledger.assert([(0, 1), (1, 2), (2, 1), (3, 1)]);
}

/// Kills the program wherever it has come to when one more job has begun, until a journal tells that all have succeeded. A program
/// that has none to begin, since all have run while none was there, comes to its end.
#[tokio::test]
async fn whenever_a_program_is_killed_no_job_that_is_known_to_have_succeeded_runs_again() {
    const JOBS: usize = 12;
    let scene = Scene::new();
    let begun = scene.ledger.fifo("begun");
    (0..JOBS).for_each(|job| scene.ledger.does(job, &format!("echo >'{}'", begun.display())));
    // Open for both: no job waits for a reader, not even one whose program is gone.
    let mut jobs_begun = File::options().read(true).write(true).open(&begun).unwrap();
    let mut known: Vec<Vec<usize>> = Vec::new();
    loop {
        known.push(succeeded(&scene.path("journal")));
        let round = known.len() - 1;
        if known[round].len() == JOBS {
            break;
        }
        let mut program = command(&scene, JOBS, round).stdout(Stdio::piped()).spawn().unwrap();
        let (mut alive, mut ended) = (program.stdout.take().unwrap(), jobs_begun.try_clone().unwrap());
        let killed = Arc::new(AtomicBool::new(false));
        jobs_begun = blocking(move || {
            let by_us = Arc::clone(&killed);
            let watch = thread::spawn(move || {
                io::copy(&mut alive, &mut io::sink()).unwrap();
                if !by_us.load(Ordering::Acquire) {
                    ended.write_all(b"\n").unwrap();
                }
            });
            jobs_begun.read_exact(&mut [0]).unwrap();
            killed.store(true, Ordering::Release);
            program.kill().unwrap();
            program.wait().unwrap();
            watch.join().unwrap();
            jobs_begun
        })
        .await;
    }
    for (job, round) in scene.ledger.rounds() {
        assert!(
            !known[round].contains(&job),
            "job {job} ran in round {round} and had succeeded before: {known:?}"
        );
    }
    let counts = counts_of(scene.builder(Way::Direct, &[]), &scene, 0..JOBS).await;
    assert_eq!((counts.done_before, counts.total()), (JOBS, JOBS));
}

/// The jobs that have succeeded, as a journal tells.
fn succeeded(journal: &Path) -> Vec<usize> {
    fs::read(journal)
        .map_or_else(|_| Vec::new(), |it| ends(&it).into_iter().map(|(index, _)| index.into()).collect())
}

fn in_use(error: &Error) -> String {
    assert!(matches!(error, Error::Build(BuildError::WorkDir(WorkDirError::InUse { .. }))), "{error}");
    error.to_string()
}

/// A refused run says which process of which host has the directory, and what to do.
fn assert_names(told: &str, pid: u32, scene: &Scene) {
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    for part in [
        &format!("process {pid} on host {}", host.trim()),
        scene.path("").to_str().unwrap().trim_end_matches('/'),
        "in use",
        "-w DIR",
    ] {
        assert!(told.contains(part), "{part} is not in: {told}");
    }
}

#[tokio::test]
async fn a_second_run_in_the_same_program_is_told_who_has_the_directory() {
    let scene = Scene::new();
    let first = scene.builder(Way::Direct, &[]).build().unwrap();
    let refused = |fresh| in_use(&scene.builder(Way::Direct, &[]).fresh(fresh).build().unwrap_err());
    assert_names(&refused(false), std::process::id(), &scene);
    first.feed(scene.ledger.words(0)).await.unwrap();
    assert_names(&refused(true), std::process::id(), &scene);
    assert_eq!(first.run_until_complete().await.unwrap().counts.succeeded, 1);
    assert_names(&refused(false), std::process::id(), &scene);
    drop(first);
    assert_eq!(counts_of(scene.builder(Way::Direct, &[]), &scene, 0..1).await.done_before, 1);
}

#[tokio::test]
async fn a_second_run_in_another_program_is_told_who_has_the_directory() {
    let scene = Scene::new();
    let fifos = job_1_waits(&scene);
    let mut first = program(&scene, 2, 0);
    let (group, gone) = up(fifos).await;
    let refused = in_use(&scene.builder(Way::Direct, &[]).build().unwrap_err());
    assert_names(&refused, first.id(), &scene);
    let refused = fail(&mut command(&scene, 2, 1));
    assert_names(&refused, first.id(), &scene);
    // Nothing is in use by a program that is gone, although its job goes on.
    first.kill().unwrap();
    first.wait().unwrap();
    drop(scene.builder(Way::Direct, &[]).build().unwrap());
    end(&group);
    blocking(gone).await;
    scene.ledger.assert([(0, 1), (1, 1)]);
}
