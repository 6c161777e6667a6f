//! Which defects of the original must not come back? Those of `facts/peers.md`, section 0, each by its number.

mod ends;
mod plugins;
pub(crate) mod scene;
mod words;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::mpsc;

use xqute::{JobSpec, RetryPolicy, Xqute};
use xqute_tests::outside::succeed;

use plugins::Tell;
use plugins::signer_a::SeenByA;
use plugins::signer_b::SeenByB;
use scene::{Scene, WAYS, Way};

/// X4: "`on_job_submitting` veto: job stays QUEUED for ever, keeps a fork slot, run never ends".
#[tokio::test]
async fn x4_a_vetoed_job_ends_and_frees_its_slot() {
    for way in WAYS {
        let scene = Scene::new();
        let run = scene.builder(way, &["tagged"]).forks(1).build().unwrap();
        for number in 0..4 {
            let job = JobSpec::new(scene.ledger.words(number));
            run.feed(if number < 3 { job.tag("veto") } else { job }).await.unwrap();
        }
        let counts = run.run_until_complete().await.unwrap().counts;
        assert_eq!((counts.cancelled, counts.succeeded, counts.total()), (3, 1, 4), "{way:?}");
        scene.ledger.assert([(3, 1)]);
    }
}

/// X5: "exception in a plugin's `on_job_submitted`: the *running* job is recorded FAILED rc -2 and forgotten (orphan)".
#[tokio::test]
async fn x5_a_hook_that_breaks_when_a_job_is_submitted_leaves_the_job_alone() {
    for way in WAYS {
        let scene = Scene::new();
        let gate = scene.ledger.fifo("gate");
        scene.ledger.does(0, &format!("read _ <'{}'; echo worked", gate.display()));
        let run = scene.builder(way, &["breaks-at-submitted"]).build().unwrap();
        let (tell, told) = mpsc::channel();
        run.feed(JobSpec::new(scene.ledger.words(0)).data(Tell(tell))).await.unwrap();
        // The hook breaks while the job runs.
        scene::blocking(move || (told.recv().unwrap(), fs::write(gate, "\n").unwrap())).await;
        let summary = run.run_until_complete().await.unwrap();
        assert_eq!((summary.counts.succeeded, summary.counts.total(), summary.fault_count()), (1, 1, 1));
        assert_eq!(scene.read("0/job.stdout"), "worked\n");
        assert_eq!((scene.read("0/job.rc"), scene.read("0/job.status")), ("0\n".into(), "6\n".into()));
        scene.ledger.assert([(0, 1)]);
    }
}

/// X6: "exception in `on_job_succeeded`: `run_until_complete` raises, other jobs left RUNNING and unwatched".
#[tokio::test]
async fn x6_a_hook_that_breaks_when_a_job_succeeds_ends_no_run() {
    for way in WAYS {
        let scene = Scene::new();
        let gate = scene.ledger.fifo("gate");
        scene.ledger.does(2, &format!("read _ <'{}'; echo worked", gate.display()));
        let run = scene.builder(way, &["breaks-at-succeeded"]).forks(2).build().unwrap();
        let (tell, told) = mpsc::channel();
        for number in [2, 0, 1, 3] {
            run.feed(JobSpec::new(scene.ledger.words(number)).data(Tell(tell.clone()))).await.unwrap();
        }
        // The hooks of three jobs have broken, one way or the other, while the first one runs.
        let broken = move || {
            let jobs: Vec<usize> = (0..3).map(|_| told.recv().unwrap()).collect();
            fs::write(gate, "\n").unwrap();
            jobs
        };
        assert_eq!(scene::blocking(broken).await, [1, 2, 3]);
        let summary = run.run_until_complete().await.unwrap();
        assert_eq!((summary.counts.succeeded, summary.counts.total(), summary.fault_count()), (4, 4, 4));
        assert_eq!(scene.read("0/job.stdout"), "worked\n", "it was watched to its end");
        assert_eq!(scene.read("0/job.status"), "6\n");
        scene.ledger.assert([(0, 1), (1, 1), (2, 1), (3, 1)]);
    }
}

/// X7: "`on_jobcmd_prep` code that prints ~1 MB: wrapper blocks on an undrained pipe, job RUNNING for ever".
#[tokio::test]
async fn x7_a_fragment_that_prints_a_megabyte_blocks_no_job() {
    let scene = Scene::new();
    let run = scene.builder(Way::Direct, &["noisy"]).build().unwrap();
    run.feed(scene.ledger.words(0)).await.unwrap();
    assert_eq!(run.run_until_complete().await.unwrap().counts.succeeded, 1);
    scene.ledger.assert([(0, 1)]);
    assert_eq!((scene.read("0/job.stdout"), scene.read("0/job.stderr")), (String::new(), String::new()));
    let log = fs::metadata(scene.path("0/job.wrapped.log")).unwrap().len();
    assert_eq!(log, 6_000_000, "all that three fragments print, and nothing else");
}

/// X14: "plugin registry is a process-wide singleton: two Xqute objects with plugins [A] and [B] -> both fire for both".
#[tokio::test]
async fn x14_plugins_of_one_run_do_not_fire_in_another() {
    async fn three_jobs(scene: &Scene, run: &Xqute) {
        for number in 0..3 {
            run.feed(scene.ledger.words(number)).await.unwrap();
        }
        assert_eq!(run.run_until_complete().await.unwrap().counts.succeeded, 3);
    }
    let scenes = [Scene::new(), Scene::new()];
    let build = |at: usize, plugin| scenes[at].builder(Way::Direct, &[plugin]).forks(2).build().unwrap();
    let (a, b) = (build(0, "signer-a"), build(1, "signer-b"));
    tokio::join!(three_jobs(&scenes[0], &a), three_jobs(&scenes[1], &b));
    let by_a = |run: &Xqute| run.run().state::<SeenByA>().map(|it| it.0.load(Ordering::Relaxed));
    let by_b = |run: &Xqute| run.run().state::<SeenByB>().map(|it| it.0.load(Ordering::Relaxed));
    assert_eq!((by_a(&a), by_b(&a)), (Some(3), None));
    assert_eq!((by_a(&b), by_b(&b)), (None, Some(3)));
    for (scene, line) in scenes.iter().zip(["signed by A\n", "signed by B\n"]) {
        for number in 0..3 {
            assert_eq!(scene.read(&format!("{number}/job.wrapped.log")), line);
        }
    }
}

/// X15: "`envs` are written in plain text in `job.wrapped.local`, mode 0644".
#[tokio::test]
async fn x15_a_secret_in_a_jobs_environment_is_in_no_file_and_files_are_their_owners() {
    const SECRET: &str = "hunter2-in-the-environment";
    for way in WAYS {
        let scene = Scene::new();
        // It is tried again, and its first attempt is kept.
        scene.ledger.does(0, "printf %s \"$TOKEN\" | wc -c; exit 3");
        let run = scene.builder(way, &[]).build().unwrap();
        let again = RetryPolicy::new(1).delay(std::time::Duration::ZERO);
        run.feed(JobSpec::new(scene.ledger.words(0)).env("TOKEN", SECRET).retry(again)).await.unwrap();
        let direct = JobSpec::new(scene.ledger.words(1)).env("TOKEN", SECRET);
        run.feed(direct).await.unwrap();
        assert_eq!(run.run_until_complete().await.unwrap().counts.failed, 1);
        drop(run);
        let told = scene.read("0/job.stdout");
        assert_eq!(told.trim(), SECRET.len().to_string(), "the job has it");
        let mut seen = Vec::new();
        look_into(&scene.path(""), &mut |path, bytes| {
            let found = bytes.windows(SECRET.len()).any(|it| it == SECRET.as_bytes());
            assert!(!found, "the secret stands in {}", path.display());
            seen.push(path.file_name().unwrap().to_owned());
        });
        for name in ["journal", "job.stdout", "job.status", "job.wrapped.local", "job.wrapped.log"] {
            let is_there = way == Way::Wrapped || !name.starts_with("job.wrapped");
            assert_eq!(seen.iter().any(|it| it == name), is_there, "{name}, {way:?}: {seen:?}");
        }
        assert!(scene.path("0/job.retry/0/job.stdout").exists());
    }
}

/// Shows every file below a directory, and holds all of it to be its owner's alone.
fn look_into(path: &Path, show: &mut impl FnMut(&Path, &[u8])) {
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    if path.is_dir() {
        assert_eq!(mode(path), 0o700, "{}", path.display());
        fs::read_dir(path).unwrap().for_each(|entry| look_into(&entry.unwrap().path(), show));
    } else if path.is_file() {
        assert_eq!(mode(path), 0o600, "{}", path.display());
        show(path, &fs::read(path).unwrap());
    }
}

/// X16: "HALT = `os.kill(os.getpid(), SIGTERM)`: kills the embedding program; handlers for SIGINT/SIGTERM are replaced at
/// construction".
#[test]
fn x16_a_halt_sends_the_program_no_signal_and_a_run_installs_no_handler() {
    let dir = tempfile::tempdir().unwrap();
    let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_run-alone"));
    // Any signal that is sent to it would end it: it handles none.
    let told = succeed(program.arg("halt").arg(dir.path().join("work")));
    let lines: Vec<&str> = told.lines().collect();
    let [before, built, ended, how] = lines[..] else { panic!("{told}") };
    assert!(before.contains("SigCgt:"), "{told}");
    assert_eq!((before, before), (built, ended), "what the process blocks, ignores and handles");
    assert_eq!(how, "Some(Halted) 1 failed 1 killed");
}
