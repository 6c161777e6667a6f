//! Does the journal tell of attempts what hooks were told?

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use xqute::{JobSpec, RetryPolicy, Run, Xqute, hook};

use super::*;

xqute::plugin!(name = "attempts-heard", enabled = false);

#[derive(Default, Clone)]
struct Heard(Arc<Mutex<Vec<Attempt>>>);

#[hook]
fn on_init(run: &Run) -> Result<(), BoxError> {
    Ok(run.init_state(Heard::default())?)
}

#[hook]
fn on_job_succeeded(run: &Run, job: &Job) {
    hear(run, job);
}

#[hook]
fn on_job_failed(run: &Run, job: &Job) {
    hear(run, job);
}

#[hook]
fn on_job_killed(run: &Run, job: &Job) {
    hear(run, job);
}

fn hear(run: &Run, job: &Job) {
    run.state::<Heard>().unwrap().0.lock().unwrap().extend(Attempt::of(job));
}

fn jobs() -> Vec<JobSpec> {
    let retry = RetryPolicy::new(1).delay(Duration::ZERO);
    vec![
        JobSpec::new(["true"]).name("well").tag("a").tag("b"),
        JobSpec::new(["sh", "-c", "exit 3"]).retry(retry.clone()),
        JobSpec::new(["sh", "-c", "kill -9 $$"]),
        JobSpec::new(["no-such-program"]).retry(retry),
        JobSpec::new(["sleep", "30"]).timeout(Duration::from_millis(100)),
    ]
}

async fn run(dir: &Path, retry_failed: bool) -> Vec<Attempt> {
    let builder = Xqute::builder().forks(1).workdir(dir).retry_failed(retry_failed);
    let run = builder.select(["attempts-heard"]).build().unwrap();
    for job in jobs() {
        run.feed(job).await.unwrap();
    }
    let run_to_end = run.run_until_complete().await;
    run_to_end.unwrap();
    run.run().state::<Heard>().unwrap().0.lock().unwrap().clone()
}

#[tokio::test]
async fn the_journal_tells_what_hooks_were_told() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("work");
    let mut heard = run(&dir, false).await;
    heard.extend(run(&dir, true).await);
    let missing = |known| missing(WorkDirView::open(&dir).unwrap(), known, &dir).unwrap();
    let ends: Vec<_> = heard.iter().map(|it| (it.index, it.attempt, it.outcome)).collect();
    let (first, last) = (1, 2);
    let failures = [
        (1, first, "retried"),
        (1, last, "failed"),
        (2, 1, "failed"),
        (3, first, "retried"),
        (3, last, "failed"),
        (4, 1, "failed"),
    ];
    for (at, failure) in failures.iter().enumerate() {
        assert_eq!(ends.iter().filter(|it| *it == failure).count(), 2, "{at}: {ends:?}");
    }
    let mut told = missing(Known::default());
    let by_end = |it: &Attempt| (it.ended, it.index, it.attempt);
    heard.sort_by_key(by_end);
    told.sort_by_key(by_end);
    // The journal is written anew when a run goes on: what the attempts before did is not told any more.
    for it in &told {
        assert!(heard.contains(it), "{it:?}\n{heard:#?}");
    }
    assert!(told.iter().any(|it| it.index == 4) && told.len() >= 6, "{told:?}");
    // None is added twice, also not an earlier one of the same number.
    let mut known = Known::default();
    heard.iter().for_each(|it| known.0.push((it.index, it.attempt, it.ended)));
    assert_eq!(missing(known), []);
    for lacks in &told {
        let mut known = Known::default();
        heard.iter().filter(|it| *it != lacks).for_each(|it| known.0.push((it.index, it.attempt, it.ended)));
        assert_eq!(missing(known), std::slice::from_ref(lacks));
    }
}

#[test]
fn a_line_is_found_again_by_its_first_columns() {
    let mut known = Known::default();
    for line in ["index,attempt,ended", "7,2,3500,x", "7,2", "", "a,2,3"] {
        known.take(line.as_bytes(), b',');
    }
    assert_eq!(known.0, [(7, 2, 3500)]);
}
