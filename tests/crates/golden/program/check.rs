//! What must hold in every scenario, whatever its trace is?

use std::path::{Path, PathBuf};

use xqute::{Counts, Failure, Job, JobFiles, Outcome, Status};
use xqute_plugin_trace::Call;

use crate::{Played, tell};

/// All of it.
pub fn all(played: &Played) {
    check_run(played);
    check_counts(played);
    for job in 0..played.jobs() {
        check_polls(&played.of_job(job));
        check_events(played, job);
        check_files(played, job);
    }
}

impl Played {
    /// How many jobs had hooks.
    pub fn jobs(&self) -> usize {
        self.calls.iter().filter_map(|call| call.job.as_ref()).map(|job| job.index() + 1).max().unwrap_or(0)
    }

    /// The calls about a job.
    pub fn of_job(&self, index: usize) -> Vec<&Call> {
        let is_it = |call: &&Call| call.job.as_ref().is_some_and(|job| job.index() == index);
        self.calls.iter().filter(is_it).collect()
    }

    /// The files of a job.
    pub fn files(&self, index: usize) -> JobFiles {
        JobFiles::new(self.run.run().workdir().into(), index)
    }

    /// The directories of the attempts of a job that the scheduler took, the last one last.
    pub fn attempts(&self, index: usize) -> Vec<PathBuf> {
        let files = self.files(index);
        let taken = self.of_job(index).iter().filter(|call| call.hook == "on_job_submitted").count();
        let last = (taken > 0).then(|| files.metadir());
        (1..taken).map(|nth| files.retries().join((nth - 1).to_string())).chain(last).collect()
    }
}

fn check_run(played: &Played) {
    let mut run: Vec<&str> = played.calls.iter().filter(|it| it.job.is_none()).map(|it| it.hook).collect();
    run.sort_unstable();
    assert_eq!(run, ["on_init", "on_run_done", "on_shutdown"], "each once");
    assert_eq!(played.calls[0].hook, "on_init");
    let done = played.calls.iter().position(|it| it.hook == "on_run_done").unwrap();
    assert!(
        played.calls[done..].iter().all(|it| it.job.is_none()),
        "the last hook of the last job has returned"
    );
    assert_eq!(played.summary.fault_count(), 0, "{}", played.summary);
}

/// The summary says what the last hooks have seen.
fn check_counts(played: &Played) {
    let mut counts = Counts::default();
    for job in 0..played.jobs() {
        let calls = played.of_job(job);
        match calls.last().unwrap().job.as_ref().unwrap().outcome().expect("the last hook tells the end") {
            Outcome::Succeeded => counts.succeeded += 1,
            Outcome::Skipped { .. } => counts.skipped += 1,
            Outcome::Failed(_) => counts.failed += 1,
            Outcome::Killed(_) => counts.killed += 1,
            Outcome::Cancelled(_) => counts.cancelled += 1,
            other => panic!("an end that is none: {other:?}"),
        }
    }
    assert_eq!(played.summary.counts, counts);
    let submitted = played.calls.iter().filter(|it| it.hook == "on_job_submitted").count();
    assert_eq!(played.summary.attempts, submitted as u64);
}

/// Only a job that runs is polled, from 0 on in each attempt, without gaps.
fn check_polls(calls: &[&Call]) {
    let mut next = None;
    for call in calls {
        match (call.hook, call.counter) {
            ("on_job_polling", counter) => {
                assert_eq!(counter, next, "\n{}", tell::calls(calls.iter().copied()));
                let job = call.job.as_ref().unwrap();
                assert!(job.status() == Status::Running && job.jid().is_some() && job.outcome().is_none());
                next = next.map(|it| it + 1);
            }
            ("on_job_started", _) => next = Some(0),
            // It lives on.
            ("on_job_killing", _) if call.said.contains("veto") => {}
            _ => next = None,
        }
    }
}

/// Whoever reads events is told the moments that hooks are called for, with the same job; but for polls.
fn check_events(played: &Played, job: usize) {
    let is_event = |call: &&Call| call.hook != "on_job_polling" && !call.hook.starts_with("on_jobcmd_");
    let calls = played.of_job(job).into_iter().filter(is_event).map(|it| (it.hook, it.seen.clone()));
    let events = played.events.iter().filter(|it| it.1 == job).map(|it| (it.0, it.2.clone()));
    assert_eq!(events.collect::<Vec<_>>(), calls.collect::<Vec<_>>());
}

/// `job.rc` and `job.status` of each attempt say what its last hook saw; what never ran has no files.
fn check_files(played: &Played, job: usize) {
    let ends = ends(&played.of_job(job));
    let attempts = played.attempts(job);
    assert_eq!(ends.len(), attempts.len());
    for ((rc, status), directory) in ends.into_iter().zip(&attempts) {
        assert_eq!(read(directory, &played.files(job).rc()), rc.to_string());
        assert_eq!(read(directory, &played.files(job).status()), status.code().to_string());
        let script = played.files(job).script("local");
        assert_eq!(directory.join(script.file_name().unwrap()).exists(), played.wrapped);
    }
    assert_eq!(played.files(job).metadir().exists(), !attempts.is_empty());
    assert_eq!(played.files(job).retries().exists(), attempts.len() > 1);
}

/// The exit code and the last status of each attempt that was submitted.
fn ends(calls: &[&Call]) -> Vec<(i32, Status)> {
    let mut ends = Vec::new();
    for call in calls {
        let job = call.job.as_ref().unwrap();
        match (call.hook, job.outcome()) {
            ("on_job_submitted", _) => ends.push((None, Status::Submitted)),
            // A job that ends before its next attempt: the exit code is still that of the last one.
            (_, Some(outcome)) if !ends.is_empty() => {
                let (rc, status) = ends.last_mut().unwrap();
                (*rc, *status) = (rc.or_else(|| exit_code(outcome)), job_status(job, outcome));
            }
            _ => {}
        }
    }
    ends.into_iter().map(|(rc, status)| (rc.expect("an attempt has an end"), status)).collect()
}

fn exit_code(outcome: &Outcome) -> Option<i32> {
    match outcome {
        Outcome::Succeeded => Some(0),
        // All that are killed here end by SIGTERM.
        Outcome::Killed(_) | Outcome::Failed(Failure::TimedOut(_)) => Some(128 + 15),
        Outcome::Failed(failure) => failure.rc(),
        other => panic!("no end of an attempt: {other:?}"),
    }
}

/// The hook and the outcome say the same.
fn job_status(job: &Job, outcome: &Outcome) -> Status {
    assert_eq!(job.status(), outcome.status());
    outcome.status()
}

/// A file of an attempt, which has the name of this one.
pub fn read(directory: &Path, like: &Path) -> String {
    let path = directory.join(like.file_name().unwrap());
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.trim_end().to_owned()
}
