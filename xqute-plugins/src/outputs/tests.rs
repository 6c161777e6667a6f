//! The plugin in a run of jobs of this machine.

use std::fs;
use std::path::Path;

use xqute::{JobSpec, Summary, Xqute};

async fn run(dir: &Path, jobs: impl IntoIterator<Item = JobSpec>) -> Summary {
    let xqute = Xqute::builder().workdir(dir.join("work")).select(["outputs"]).forks(2).build().unwrap();
    for job in jobs {
        xqute.feed(job.cwd(dir)).await.unwrap();
    }
    xqute.run_until_complete().await.unwrap()
}

fn calls(summary: &Summary, hook: &str) -> u64 {
    summary.costs.iter().filter(|it| &*it.plugin == "outputs" && it.hook == hook).map(|it| it.calls).sum()
}

#[tokio::test]
async fn jobs_without_outputs_are_not_asked_about() {
    let dir = tempfile::tempdir().unwrap();
    let bare = || JobSpec::new(["true"]).input("in");
    let summary = run(dir.path(), [bare(), JobSpec::new(["touch", "out"]).output("out"), bare()]).await;
    assert_eq!((summary.counts.succeeded, summary.counts.failed), (2, 1), "an empty file is none");
    let hooks = ["on_job_submitting", "on_job_verify", "on_job_failed", "on_job_succeeded"];
    assert_eq!(hooks.map(|hook| calls(&summary, hook)), [1, 1, 1, 0]);
}

#[tokio::test]
async fn what_was_moved_is_told_once_at_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let half = |name: &str| JobSpec::new(["sh", "-c", &format!("echo half > {name}; exit 3")]).output(name);
    let summary = run(dir.path(), [half("a"), half("b")]).await;
    let notes: Vec<_> = summary.notes.iter().filter(|it| it.contains("outputs: ")).collect();
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(
        notes[0].contains("outputs: 2 files of failed attempts were moved aside, the first to "),
        "{notes:?}"
    );
    assert_eq!(fs::read_to_string(dir.path().join("a.failed-1")).unwrap(), "half\n");
}

#[tokio::test]
async fn what_cannot_be_moved_is_told_and_stays() {
    let dir = tempfile::tempdir().unwrap();
    // Names of 255 bytes are the longest, and the one to move to would be longer.
    let name = "n".repeat(250);
    let spec = JobSpec::new(["sh", "-c", "echo half > $0; exit 3", &name]).output(&name);
    let summary = run(dir.path(), [spec]).await;
    assert!(summary.notes.iter().any(|it| it.contains("cannot be moved aside")), "{:?}", summary.notes);
    assert!(dir.path().join(&name).exists());
}

/// A job that fails without having touched it does not take what another has written.
#[tokio::test]
async fn what_two_jobs_under_way_say_they_write_is_moved_for_neither() {
    let dir = tempfile::tempdir().unwrap();
    // The first writes once the second has begun, which fails once that is written.
    let first = "while ! test -e begun; do sleep 0.01; done; echo good > out";
    let second = "touch begun; while ! test -s out; do sleep 0.01; done; exit 3";
    let spec = |line: &str, out: &str| JobSpec::new(["sh", "-c", line]).output(out);
    let summary = run(dir.path(), [spec(first, "out"), spec(second, "./out")]).await;
    assert_eq!((summary.counts.succeeded, summary.counts.failed), (1, 1));
    assert_eq!(fs::read_to_string(dir.path().join("out")).unwrap(), "good\n");
}

#[tokio::test]
async fn an_input_is_one_whatever_way_leads_there() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("a")).unwrap();
    let spec = JobSpec::new(["sh", "-c", "echo half > x; exit 3"]).input("a/../x").output("x");
    run(dir.path(), [spec]).await;
    assert!(dir.path().join("x").exists());
}
