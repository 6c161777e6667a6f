//! What are hooks told of a job's end? Each line of the guide's table, as the engine does it.

use xqute::testing::{Plan, TestRun, Trace};
use xqute::{Failure, Job, JobSpec, Moment, PeakMemory, RetryPolicy, Signal, Usage, Xqute, XquteBuilder};

use crate::secs;

const PAGE: &str = include_str!("../../docs/guide/plugins.md");

/// The hooks that the table tells of.
const HOOKS: [&str; 6] = [
    "on_job_verify",
    "on_job_killing",
    "on_job_succeeded",
    "on_job_failed",
    "on_job_killed",
    "on_job_cancelled",
];

/// How the last job ends, as the table says it, and a run in which it does.
type Row = (&'static str, TestRun);

/// A plan whose use the scheduler knows.
fn used(plan: Plan) -> Plan {
    plan.uses(Usage::new(secs(1), secs(1), PeakMemory::Exactly(1)))
}

fn watched() -> TestRun {
    TestRun::new(["kit-moody", "kit-judge", "kit-watch"])
}

/// A job that ends by itself.
fn ends(plan: Plan) -> TestRun {
    watched().feed(["x"], used(plan.prints("done")))
}

/// One that runs until it is killed.
fn endless() -> TestRun {
    ends(Plan::endless())
}

fn of_itself() -> Vec<Row> {
    vec![
        ("it exits with 0", ends(Plan::exits(0))),
        ("it exits with another code, here 3", ends(Plan::exits(3))),
        ("a signal ends it that the run did not send, here 9", ends(Plan::signalled(Signal(9)))),
        (
            "it exits with 0, and a hook finds its result bad",
            watched().feed(["x"], used(Plan::exits(0).prints("nothing"))),
        ),
        ("nobody knows how it ended", watched().feed(["x"], Plan::lost())),
        (
            "nobody knows how it ended",
            watched().feed(["x"], Plan::fails(Failure::Unknown("it was dark".into()))),
        ),
    ]
}

fn told_to_end() -> Vec<Row> {
    let stubborn = |plan: Plan| ends(plan.after(secs(8)).ignores_sigterm());
    let kill = |run: TestRun| run.at(secs(5), |run| run.kill(0).unwrap());
    vec![
        ("its time is up", endless().with(|it| it.timeout(secs(60)))),
        ("somebody kills it while it runs", kill(endless())),
        ("it is told to end, and exits with 0", kill(stubborn(Plan::exits(0)))),
        ("it is told to end, and exits with another code, here 3", kill(stubborn(Plan::exits(3)))),
        ("the run is cancelled while it runs", endless().at(secs(5), Xqute::cancel)),
        (
            "the run gets a second signal while it runs",
            endless().signal_at(secs(5), Signal(2)).signal_at(secs(6), Signal(2)),
        ),
    ]
}

const BEFORE: &str = "somebody kills it, or the run is stopped, before it runs";
const BETWEEN: &str = "somebody kills it, or the run is stopped, between two attempts";

fn not_run() -> Vec<Row> {
    let retry = |it: XquteBuilder| it.retry(RetryPolicy::new(1).delay(secs(600)));
    let waits = || {
        let long = Plan::exits(0).after(secs(60));
        watched().with(|it| it.forks(1)).feed(["x"], long).feed(["x"], Plan::exits(0))
    };
    let tries = || ends(Plan::exits(1)).with(retry);
    vec![
        ("a hook vetoes it", watched().feed(["veto"], Plan::exits(0))),
        ("a hook skips it", watched().feed(["skip"], Plan::exits(0))),
        (BEFORE, waits().at(secs(5), |run| run.kill(1).unwrap())),
        (BEFORE, waits().at(secs(5), Xqute::cancel)),
        (
            "a job fails that it waits for",
            watched().feed(["x"], Plan::exits(1)).feed(JobSpec::new(["x"]).after(0), Plan::exits(0)),
        ),
        (BETWEEN, tries().at(secs(5), |run| run.kill(0).unwrap())),
        (BETWEEN, tries().at(secs(5), Xqute::cancel)),
        ("it could not be started", watched().feed(["x"], Plan::refused("no such program"))),
        (
            "a hook that decides about it is broken",
            TestRun::new(["kit-hung-gate", "kit-watch"])
                .with(|it| it.hook_timeout(secs(1)))
                .feed(["x"], Plan::exits(0)),
        ),
    ]
}

/// The line of the table: hooks, and what the last of them can ask.
fn line(how: &str, run: &Trace, index: usize) -> String {
    let hooks = run.job(index).hooks();
    let mut hooks: Vec<String> =
        hooks.iter().filter(|it| HOOKS.contains(it)).map(|it| format!("`{it}`")).collect();
    hooks.dedup();
    let last = run.job(index).last();
    let usage = if last.usage().is_some() { "yes" } else { "no" };
    let rc = last.rc().map_or("no".to_owned(), |it| it.to_string());
    format!("| {how} | {} | {usage} | {rc} |", hooks.join(", "))
}

/// Whether a hook is told that this is the end of the job, and not of an attempt.
fn is_end(moment: Moment, job: &Job) -> bool {
    matches!(moment, Moment::Succeeded | Moment::Killed | Moment::Cancelled)
        || moment == Moment::Failed && !job.will_retry()
}

#[test]
fn the_guide_says_of_each_end_who_is_told_and_what_there_is_to_ask() {
    for (how, run) in [of_itself(), told_to_end(), not_run()].into_iter().flatten() {
        let run = run.run();
        let index = run.summary().counts.total() - 1;
        let line = line(how, &run, index);
        assert!(PAGE.lines().any(|it| it == line), "the table has no such line: {line}\n{run}");
        let ends = run.events().filter(|it| it.job.index() == index && is_end(it.moment, &it.job));
        assert_eq!(ends.count(), 1, "{run}");
        run.assert_one_end_each();
    }
}
