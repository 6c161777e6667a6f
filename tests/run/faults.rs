//! What does a broken plugin change? Its own counters, and, where it decides, its job.

use std::io::Read;
use std::process::Command;
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use xqute::{
    BuildError, Error, FaultPolicy, JobSpec, RetryPolicy, Stopped, Summary, WorkDirView, Xqute, XquteBuilder,
};

use crate::hooks::blocks::Until;
use crate::{run_of, workdir};

async fn run(builder: XquteBuilder, words: &[&str]) -> Summary {
    let run = builder.forks(4).build().unwrap();
    for _ in 0..20 {
        run.feed(words.to_vec()).await.unwrap();
    }
    run.run_until_complete().await.unwrap()
}

/// Calls, errors, panics and time-outs of a hook.
fn cost(summary: &Summary, plugin: &str, hook: &str) -> [u64; 4] {
    let cost = summary.costs.iter().find(|it| &*it.plugin == plugin && it.hook == hook).unwrap();
    [cost.calls, cost.errors, cost.panics, cost.timeouts]
}

#[tokio::test]
async fn broken_observers_change_nothing_but_their_counters() {
    let (_dir, builder) = run_of(&["panics", "errs", "hangs"]);
    let summary = run(builder.hook_timeout(Duration::from_millis(20)), &["true"]).await;
    let (_dir, builder) = run_of(&["recorder"]);
    let sound = run(builder, &["true"]).await;
    assert_eq!(summary.counts, sound.counts);
    assert_eq!(cost(&summary, "panics", "on_job_started"), [20, 0, 20, 0]);
    assert_eq!(cost(&summary, "errs", "on_job_succeeded"), [20, 20, 0, 0]);
    assert_eq!(cost(&summary, "hangs", "on_job_submitted"), [20, 0, 0, 20]);
    assert_eq!((summary.fault_count(), sound.fault_count()), (60, 0));
    let told = summary.to_string();
    for line in [
        "plugin `panics`, hook `on_job_started`: of 20 calls 20 panicked",
        "plugin `errs`, hook `on_job_succeeded`: of 20 calls 20 returned an error",
        "plugin `hangs`, hook `on_job_submitted`: of 20 calls 20 timed out",
    ] {
        assert!(told.contains(line), "{told}");
    }
    assert!(summary.faults.iter().any(|it| it.to_string().contains("hooks.rs") && it.line() > 0));
}

#[tokio::test]
async fn a_broken_gate_fails_the_job_and_does_not_submit_it() {
    for (word, why) in [
        ("panic", "panicked: the gate broke"),
        ("error", "returned an error: the gate is stuck"),
        ("untold", "returned an error that panics when it is told"),
    ] {
        let (dir, builder) = run_of(&["gate"]);
        let summary = run(builder, &[word]).await;
        assert_eq!((summary.counts.failed, summary.counts.total()), (20, 20));
        assert!(!workdir(&dir).join("0").exists(), "nothing was submitted");
        assert!(summary.faults[0].to_string().contains(why), "{}", summary.faults[0]);
    }
}

#[tokio::test]
async fn a_broken_gate_of_a_plugin_that_is_isolated_is_passed_over() {
    let (dir, builder) = run_of(&["gate"]);
    let builder = builder.fault_policy("gate", FaultPolicy::Isolate);
    let run = builder.build().unwrap();
    // There is a program of the name that the gate breaks at.
    let program = dir.path().join("panic");
    std::fs::write(&program, "#!/bin/sh\necho ran\n").unwrap();
    assert!(Command::new("chmod").arg("+x").arg(&program).status().unwrap().success());
    let path = format!("{}:{}", dir.path().display(), std::env::var("PATH").unwrap());
    run.feed(["env", &format!("PATH={path}"), "panic"]).await.unwrap();
    run.feed(["error"]).await.unwrap();
    let summary = run.run_until_complete().await.unwrap();
    assert_eq!(summary.counts.failed, 1, "`error` is submitted, and no program has that name");
    assert_eq!(cost(&summary, "gate", "on_job_submitting"), [2, 1, 0, 0]);
}

#[test]
fn an_on_init_that_fails_is_a_build_error_and_leaves_nothing() {
    let (dir, builder) = run_of(&["broken-init"]);
    let error = builder.build().unwrap_err();
    assert!(matches!(error, Error::Build(BuildError::Init(_))));
    let told = error.to_string();
    assert!(
        told.contains("plugin `broken-init`, hook `on_init`") && told.contains("no key for the door"),
        "{told}"
    );
    assert!(!workdir(&dir).exists());
}

/// Both threads of the runtime are blocked by hooks until every other job has started and ended. If a hook that blocks
/// held up any start or end, this would wait for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hooks_that_block_their_thread_delay_no_other_job() {
    let (dir, builder) = run_of(&["blocks"]);
    let run = builder.forks(2).build().unwrap();
    let fifo = dir.path().join("lives");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    // Open for both: neither the test nor a job waits for the other end.
    let mut lives = std::fs::File::options().read(true).write(true).open(&fifo).unwrap();
    let mut ends = Vec::new();
    for _ in 0..2 {
        let (end, until) = mpsc::channel();
        run.feed(JobSpec::new(["true"]).data(Until(Mutex::new(until)))).await.unwrap();
        ends.push(end);
    }
    let script = format!("printf s >{0}; printf e >{0}", fifo.display());
    for _ in 0..40 {
        run.feed(["sh", "-c", &script]).await.unwrap();
    }
    let mut seen = [0; 80];
    tokio::task::block_in_place(|| lives.read_exact(&mut seen)).unwrap();
    assert_eq!(seen.iter().filter(|it| **it == b's').count(), 40);
    drop(ends);
    assert_eq!(run.run_until_complete().await.unwrap().counts.succeeded, 42);
}

/// Twenty jobs, four at a time, of which each would run for ever.
fn endless(plugin: &str, policy: FaultPolicy) -> (tempfile::TempDir, XquteBuilder) {
    let (dir, builder) = run_of(&[plugin]);
    (dir, builder.fault_policy(plugin, policy).retry(RetryPolicy::new(2)))
}

#[tokio::test]
async fn a_broken_observer_fails_its_job_where_its_plugin_is_to() {
    let (dir, builder) = endless("panics", FaultPolicy::FailJob);
    let summary = run(builder, &["sleep", "1000"]).await;
    assert_eq!((summary.counts.failed, summary.counts.total(), summary.attempts), (20, 20, 20), "{summary}");
    assert_eq!((summary.stopped, summary.fault_count()), (None, 20));
    let why = WorkDirView::open(workdir(&dir)).unwrap().job(3).unwrap().unwrap().why.unwrap();
    assert!(why.starts_with("failed: ") && why.contains("plugin `panics`, hook `on_job_started`"), "{why}");
}

#[tokio::test]
async fn a_broken_hook_that_decides_fails_its_job_for_good_where_its_plugin_is_to() {
    for (plugin, hook, word) in [("gate", "on_job_submitting", "panic"), ("judge", "on_job_verify", "true")] {
        for policy in [FaultPolicy::FailJob, FaultPolicy::Halt] {
            let dir = tempfile::tempdir().unwrap();
            let once = async || {
                let again = RetryPolicy::new(2).delay(Duration::ZERO);
                let builder = Xqute::builder().workdir(workdir(&dir)).select([plugin]).retry(again);
                let run = builder.fault_policy(plugin, policy).build().unwrap();
                run.feed([word]).await.unwrap();
                run.run_until_complete().await.unwrap()
            };
            let summary = once().await;
            assert_eq!(summary.counts.failed, 1, "{plugin}, {policy:?}: {summary}");
            assert_eq!(cost(&summary, plugin, hook)[0], 1, "it is not tried again");
            assert_eq!(once().await.counts.failed_before, 1, "nor by the next run");
        }
    }
}

#[tokio::test]
async fn a_job_that_has_ended_stays_as_it_ended() {
    let (_dir, builder) = run_of(&["errs"]);
    let summary = run(builder.fault_policy("errs", FaultPolicy::FailJob), &["true"]).await;
    assert_eq!((summary.counts.succeeded, summary.fault_count()), (20, 20));
}

#[tokio::test]
async fn a_broken_hook_stops_the_run_where_its_plugin_is_to() {
    for (plugin, hook, words) in [
        ("panics", "on_job_started", ["sleep", "1000"]),
        ("errs", "on_job_succeeded", ["true", "x"]),
        ("gate", "on_job_submitting", ["error", "x"]),
    ] {
        let (_dir, builder) = run_of(&[plugin]);
        let summary = run(builder.fault_policy(plugin, FaultPolicy::Halt), &words).await;
        assert_eq!(summary.stopped, Some(Stopped::Broken), "{plugin}");
        assert!(summary.counts.cancelled > 0, "{plugin}: {summary}");
        assert_eq!(
            summary.counts.failed,
            usize::from(plugin == "gate"),
            "a broken gate fails its job: {summary}"
        );
        let told = format!("halted by a broken plugin: plugin `{plugin}`, hook `{hook}` (");
        assert_eq!(summary.notes.iter().filter(|it| it.starts_with(&told)).count(), 1, "{:?}", summary.notes);
    }
}

#[tokio::test]
async fn a_plugin_is_called_no_more_after_as_many_faults_as_it_may_have() {
    let (_dir, builder) = run_of(&["errs", "recorder"]);
    let summary = run(builder.fault_policy("errs", FaultPolicy::DisableAfter(3)), &["true"]).await;
    assert_eq!(summary.counts.succeeded, 20);
    assert_eq!(cost(&summary, "errs", "on_job_succeeded"), [3, 3, 0, 0]);
    assert_eq!(cost(&summary, "recorder", "on_job_succeeded"), [20, 0, 0, 0], "the others are");
    let told =
        "plugin `errs` is called no more in this run; its last fault: plugin `errs`, hook `on_job_succeeded`";
    assert_eq!(summary.notes.iter().filter(|it| it.starts_with(told)).count(), 1, "{:?}", summary.notes);
}

#[tokio::test]
async fn a_gate_that_is_called_no_more_lets_all_through() {
    let (_dir, builder) = run_of(&["gate"]);
    let builder = builder.fault_policy("gate", FaultPolicy::DisableAfter(1)).forks(1);
    let run = builder.build().unwrap();
    for words in [["error", "x"], ["veto", "x"]] {
        run.feed(words).await.unwrap();
    }
    let summary = run.run_until_complete().await.unwrap();
    assert_eq!(
        (summary.counts.failed, summary.counts.cancelled),
        (2, 0),
        "both ran: there is no such program"
    );
    assert_eq!(cost(&summary, "gate", "on_job_submitting"), [1, 1, 0, 0]);
}

#[tokio::test]
async fn a_limit_is_of_one_hook() {
    let limit = Duration::from_millis(20);
    let with = |plugin: &str, hook: &str| {
        let (dir, builder) = run_of(&[plugin]);
        (dir, builder.plugin_hook_timeout(plugin, hook, limit))
    };
    let (_dir, builder) = with("hangs", "on_job_submitted");
    assert_eq!(cost(&run(builder, &["true"]).await, "hangs", "on_job_submitted"), [20, 0, 0, 20]);
    let refused = |plugin: &str, hook: &str| with(plugin, hook).1.build().unwrap_err().to_string();
    assert_eq!(
        refused("hangs", "on_job_submited"),
        "plugin `hangs` cannot have a limit at `on_job_submited`: it does not implement that hook, did you mean `on_job_submitted`?; it has: on_job_submitted"
    );
    assert!(refused("errs", "on_job_succeeded").contains("no `async fn` there"));
}
