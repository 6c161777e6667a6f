//! When is a failed job tried again, and what is left of its earlier attempts?

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Semaphore;
use xqute::{ErrorStrategy, FailureKind, Job, JobSpec, Moment, RetryPolicy, Signal, Verdict};

use crate::plugins::acts::Acts;
use crate::stage::{moments, rest};
use crate::{run_of, workdir};

const AT_ONCE: Duration = Duration::ZERO;

fn exits(code: i32) -> JobSpec {
    JobSpec::new(["sh", "-c", &format!("exit {code}")])
}

/// How often each job was tried.
fn tries(events: &[(Moment, Job)], jobs: usize) -> Vec<usize> {
    let started = |index| moments(events, index).iter().filter(|it| **it == Moment::Queued).count();
    (0..jobs).map(started).collect()
}

#[tokio::test]
async fn a_policy_tells_causes_apart_and_a_jobs_own_beats_the_runs() {
    let (_dir, builder) = run_of(&["acts"]);
    let policy = RetryPolicy::new(2).delay(AT_ONCE);
    let run = builder.forks(4).retry(policy.clone().only([FailureKind::ExitCode(75)])).build().unwrap();
    let mut events = run.events();
    let signals = JobSpec::new(["sh", "-c", "kill -USR1 $$"]);
    for job in [
        exits(75),
        exits(1),
        signals.clone(),
        exits(1).retry(RetryPolicy::new(4).delay(AT_ONCE)),
        exits(75).retry(RetryPolicy::never()),
        exits(75).retry(policy.clone().except([FailureKind::ExitCode(75)])),
        signals.clone().retry(policy.clone().only([FailureKind::AnySignal])),
        signals.clone().retry(policy.clone().only([FailureKind::Signal(Signal(9))])),
        JobSpec::new(["no-such-program"]).retry(policy.clone().only([FailureKind::SubmitRejected])),
        exits(3).retry(policy.only([FailureKind::AnyExitCode])),
    ] {
        run.feed(job).await.unwrap();
    }
    let summary = run.run_until_complete().await.unwrap();
    let told = rest(&mut events).await;
    assert_eq!(tries(&told, 10), [3, 1, 1, 5, 1, 1, 3, 1, 3, 3]);
    assert_eq!(
        (summary.counts.failed, summary.attempts),
        (10, 19),
        "what was refused is no attempt: {summary}"
    );
    for (index, tries) in tries(&told, 10).into_iter().enumerate() {
        let failed = told.iter().filter(|(moment, job)| (*moment, job.index()) == (Moment::Failed, index));
        let seen: Vec<_> = failed.map(|(_, job)| (job.trial_count() as usize, job.will_retry())).collect();
        let expected: Vec<_> = (0..tries).map(|trial| (trial, trial + 1 < tries)).collect();
        assert_eq!(seen, expected, "job {index}");
    }
}

#[tokio::test]
async fn the_strategy_tries_again_and_a_policy_of_the_run_beats_it() {
    let (_dir, builder) = run_of(&["acts"]);
    let builder = builder.error_strategy(ErrorStrategy::Retry).num_retries(0);
    let run = builder.build().unwrap();
    run.feed(["false"]).await.unwrap();
    assert_eq!(run.run_until_complete().await.unwrap().attempts, 1);
    let (_dir, builder) = run_of(&["acts"]);
    let builder = builder.error_strategy(ErrorStrategy::Retry).num_retries(0);
    let run = builder.retry(RetryPolicy::new(2).delay(AT_ONCE)).build().unwrap();
    run.feed(["false"]).await.unwrap();
    let summary = run.run_until_complete().await.unwrap();
    assert_eq!(summary.attempts, 3);
    let told = summary.to_string();
    assert!(told.starts_with("1 job: 0 succeeded, 1 failed, 3 attempts, in "), "{told}");
}

/// The hook of each failed attempt waits until another job, fed after the failure, has run. There is a slot for the next
/// attempt all the while, and no delay; it waits for the hook.
#[tokio::test]
async fn a_slow_hook_reads_the_output_of_its_own_attempt() {
    for wrapped in [false, true] {
        let (dir, builder) = run_of(&["acts"]);
        let builder = if wrapped { builder.postscript(":") } else { builder };
        let run = builder.forks(2).build().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let slow = slow(Arc::clone(&seen));
        let text = "n=$(cd \"$XQUTE_JOB_METADIR\"/job.retry 2>/dev/null && ls | wc -l); echo out $((n)); echo err $((n)) >&2; [ $((n)) = 3 ]";
        let policy = RetryPolicy::new(3).delay(AT_ONCE);
        run.feed(JobSpec::new(["sh", "-c", text]).retry(policy).data(slow)).await.unwrap();
        let summary = run.run_until_complete().await.unwrap();
        assert_eq!((summary.counts.succeeded, summary.fault_count()), (4, 0), "{summary}");
        let all: Vec<_> = (0..3).map(|n| (n, format!("err {n}\n"))).collect();
        assert_eq!(*seen.lock().unwrap(), all, "wrapped: {wrapped}");
        let metadir = workdir(&dir).join("0");
        for n in 0..3 {
            holds(&metadir.join(format!("job.retry/{n}")), n, "1", wrapped);
        }
        holds(&metadir, 3, "0", wrapped);
        assert_eq!(fs::read_dir(metadir.join("job.retry")).unwrap().count(), 3);
    }
}

/// Reads its job's errors after another job has run; gives each with the attempt's number.
fn slow(seen: Arc<Mutex<Vec<(u32, String)>>>) -> Acts {
    Acts::new(move |moment, handle, job| {
        let seen = Arc::clone(&seen);
        async move {
            if moment == Moment::Failed {
                let ran = Arc::new(Semaphore::new(0));
                let tells = Arc::clone(&ran);
                let other = Acts::at_once(move |moment, _, _| {
                    if moment == Moment::Succeeded {
                        tells.add_permits(1);
                    }
                    Verdict::Proceed
                });
                handle.feed(JobSpec::new(["true"]).data(other)).unwrap();
                ran.acquire().await.unwrap().forget();
                let read = fs::read_to_string(job.stderr_file()).unwrap();
                seen.lock().unwrap().push((job.trial_count(), read));
            }
            Verdict::Proceed
        }
    })
}

/// A directory has the files of the attempt of this number.
fn holds(directory: &Path, number: u32, rc: &str, wrapped: bool) {
    let read = |name: &str| fs::read_to_string(directory.join(name)).unwrap();
    assert_eq!(read("job.stdout"), format!("out {number}\n"), "{}", directory.display());
    assert_eq!(read("job.stderr"), format!("err {number}\n"));
    assert_eq!(read("job.rc"), format!("{rc}\n"));
    assert_eq!(read("job.status"), if rc == "0" { "6\n" } else { "7\n" });
    assert!(read("job.jid").trim_end().parse::<u32>().is_ok());
    assert_eq!(directory.join("job.wrapped.local").exists(), wrapped);
}
