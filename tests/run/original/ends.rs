//! When has a job ended, and how is it ended?

use std::fs::{self, File};
use std::io::Read;
use std::time::Duration;

use xqute::{JobSpec, Moment, RunEvent, Xqute};

use super::plugins::reads_status::WaitsAt;
use super::scene::{Scene, WAYS, Way, blocking};

/// Kills job 0 of a run when it says that it is up, and gives what is left in its `alive` fifo after the run's end: reading
/// ends when no process of the job is left.
async fn killed(scene: &Scene, way: Way, grace: Duration, script: &str) -> String {
    let (up, alive) = (scene.ledger.fifo("up"), scene.ledger.fifo("alive"));
    scene
        .ledger
        .does(0, &format!("exec 3>'{}'\n{script}", alive.display()).replace("UP", up.to_str().unwrap()));
    let run = scene.builder(way, &[]).kill_grace(grace).build().unwrap();
    run.feed(scene.ledger.words(0)).await.unwrap();
    let mut alive = blocking(move || {
        let alive = File::open(alive).unwrap();
        fs::read(up).unwrap();
        alive
    })
    .await;
    run.kill(0).unwrap();
    let counts = run.run_until_complete().await.unwrap().counts;
    assert_eq!((counts.killed, counts.total()), (1, 1), "{way:?}: {counts}");
    assert_eq!(scene.read("0/job.status"), "8\n", "KILLED, {way:?}");
    blocking(move || {
        let mut left = String::new();
        alive.read_to_string(&mut left).unwrap();
        left
    })
    .await
}

/// X17: "kill = SIGKILL only (no grace); a killed job becomes FINISHED (rc -9)".
#[tokio::test]
async fn x17_a_killed_job_has_its_grace_to_clean_up_and_ends_as_killed() {
    for way in WAYS {
        let scene = Scene::new();
        // If it were not let, the test would not wait for the grace: it would fail at once.
        let script = "trap 'echo cleaned >&3; exit 1' TERM\necho >UP\nwhile :; do sleep 0.02; done";
        assert_eq!(killed(&scene, way, Duration::from_secs(600), script).await, "cleaned\n", "{way:?}");
    }
}

/// X17: "kill = SIGKILL only; ssh kills one pid, not the group".
#[tokio::test]
async fn x17_after_the_grace_the_whole_group_is_killed() {
    for way in WAYS {
        let scene = Scene::new();
        let script = "trap '' TERM\n(sleep 1000; echo woke >&3) &\necho >UP\nwait";
        assert_eq!(killed(&scene, way, Duration::from_millis(100), script).await, "", "{way:?}");
    }
}

/// X20: "FINISHED is written *before* postscript and `on_jobcmd_end` run: a reader can see done while post-steps run".
#[tokio::test]
async fn x20_no_status_says_done_before_postscript_and_end_fragments_are() {
    for (code, end) in [(0, "6\n"), (3, "7\n")] {
        let scene = Scene::new();
        let (up, gates) = (scene.ledger.fifo("up"), ["post", "end"].map(|name| scene.ledger.fifo(name)));
        scene.ledger.does(0, &format!("exit {code}"));
        // The status as the postscript sees it, then as the test does while postscript and fragment wait.
        let post = format!(
            "echo \"post sees $(cat \"$XQUTE_JOB_METADIR/job.status\")\"; echo >'{}'; read _ <'{}'",
            up.display(),
            gates[0].display()
        );
        let run = scene.builder(Way::Direct, &["reads-status"]).postscript(post).build().unwrap();
        let events = run.events();
        run.feed(JobSpec::new(scene.ledger.words(0)).data(WaitsAt(gates[1].clone()))).await.unwrap();
        blocking(move || fs::read(up).unwrap()).await;
        assert_eq!(scene.read("0/job.status"), "4\n", "while the postscript runs");
        assert!(!scene.path("0/job.rc").exists());
        for gate in gates {
            let status = scene.path("0/job.status");
            let seen = blocking(move || {
                // Open when its reader is there: from then on until it is written to, that one waits.
                let mut gate = fs::OpenOptions::new().write(true).open(gate).unwrap();
                let seen = fs::read_to_string(status).unwrap();
                std::io::Write::write_all(&mut gate, b"\n").unwrap();
                seen
            });
            assert_eq!(seen.await, "4\n");
        }
        let summary = run.run_until_complete().await.unwrap();
        assert_eq!(
            (summary.counts.succeeded, summary.counts.failed),
            (usize::from(code == 0), usize::from(code != 0))
        );
        assert_eq!(scene.read("0/job.wrapped.log"), "post sees 4\nend sees 4\nafter sees 4\n");
        assert_eq!((scene.read("0/job.rc"), scene.read("0/job.status")), (format!("{code}\n"), end.into()));
        ended_last(run, events).await;
    }
}

/// The end is the last that is told of a job.
async fn ended_last(run: Xqute, mut events: xqute::Events) {
    drop(run);
    let mut moments = Vec::new();
    while let Some(event) = events.next().await {
        let RunEvent::Reached(moment, _) = event else { panic!("{event:?}") };
        moments.push(moment);
    }
    let ends = |it: &&Moment| matches!(it, Moment::Succeeded | Moment::Failed);
    assert_eq!(moments.iter().filter(ends).count(), 1, "{moments:?}");
    assert!(moments.last().as_ref().is_some_and(ends), "{moments:?}");
}
