//! Does the library change its process, or say anything? This program makes a run with all that can go wrong, in the
//! directory that its argument names, and itself prints nothing unless that changed the process.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::time::Duration;

use xqute::{FailureKind, Halt, Job, JobSpec, Moment, RetryPolicy, RunEvent, Submit, Verdict, Xqute, hook};

xqute::plugin!(name = "quiet");

#[hook]
fn on_shutdown() -> Verdict {
    Verdict::veto("never")
}

#[hook]
async fn on_job_submitting(job: &Job) -> Result<Submit, std::io::Error> {
    match job.name() {
        Some("broken gate") => Err(std::io::Error::other("the gate is stuck")),
        Some("vetoed") => Ok(Submit::veto("not today")),
        _ => Ok(Submit::Proceed),
    }
}

#[hook]
async fn on_job_started() -> Result<(), &'static str> {
    Err("nobody answers")
}

#[hook]
async fn on_job_succeeded() {
    std::future::pending::<()>().await;
}

#[hook]
fn on_jobcmd_prep(job: &Job) -> Option<&'static str> {
    job.index().is_multiple_of(2).then_some("false; echo prepared; no-such-command")
}

#[hook]
async fn on_job_verify(job: &Job) -> bool {
    job.name() != Some("bad result")
}

/// What a process does with signals, who its children are, and what it has open, but for descriptors of the runtime.
fn process() -> Vec<String> {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let mut found: Vec<String> = status
        .lines()
        .filter(|line| line.starts_with("Sig") || line.starts_with("Shd"))
        .map(str::to_owned)
        .collect();
    found.retain(|line| !line.starts_with("SigQ"));
    let own = format!(" {} ", std::process::id());
    for entry in fs::read_dir("/proc").unwrap() {
        let stat = fs::read_to_string(entry.unwrap().path().join("stat")).unwrap_or_default();
        let after = stat.rsplit(')').next().unwrap_or_default();
        if after.get(2..).is_some_and(|it| it.starts_with(&own)) {
            found.push(format!("child {stat}"));
        }
    }
    found.push(format!("{:?}", std::env::current_dir().unwrap()));
    found.extend(std::env::vars_os().map(|it| format!("{it:?}")));
    found
}

async fn jobs(run: &Xqute) {
    let again = RetryPolicy::new(1).delay(Duration::ZERO).only([FailureKind::AnyExitCode]);
    for job in [
        JobSpec::new(["sh", "-c", "echo out; echo err >&2; exit 3"]).retry(again),
        JobSpec::new(["no-such-program"]),
        JobSpec::new(["true"]).cwd("/no/such"),
        JobSpec::new(["true"]).name("broken gate"),
        JobSpec::new(["true"]).name("vetoed"),
        JobSpec::new(["true"]).name("bad result"),
        JobSpec::new(["sh", "-c", "kill -SEGV $$"]),
        JobSpec::new(["sleep", "1000"]).timeout(Duration::from_millis(50)),
        JobSpec::new(["sh", "-c", "trap '' TERM; sleep 1000 & sleep 1000"]).name("killed"),
        JobSpec::new(["true"]),
        JobSpec::new(["sleep", "1000"]).name("waits"),
    ] {
        run.feed(job).await.unwrap();
    }
    assert!(run.feed(["a\0b"]).await.is_err());
    assert!(run.kill(99).is_err());
}

/// Every job ends before the last, which the run is cancelled with.
async fn lives(run: &Xqute) {
    let (mut events, mut ended) = (run.events(), 0);
    jobs(run).await;
    while let Some(event) = events.next().await {
        let RunEvent::Reached(moment, job) = event else { continue };
        if moment == Moment::Started && job.name() == Some("killed") {
            run.kill(job.index()).unwrap();
        }
        let ends = [Moment::Failed, Moment::Killed, Moment::Succeeded, Moment::Cancelled];
        ended += usize::from(ends.contains(&moment) && !job.will_retry());
        if ended == 10 {
            run.cancel();
            break;
        }
    }
    run.run_until_complete().await.unwrap();
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let dir = std::path::PathBuf::from(std::env::args_os().nth(1).unwrap());
    // The system's library has a handler of its own for programs with threads.
    std::thread::spawn(|| ()).join().unwrap();
    let before = process();
    let build = |name: &str| {
        let builder =
            Xqute::builder().workdir(dir.join(name)).forks(3).hook_timeout(Duration::from_millis(20));
        builder.kill_grace(Duration::from_millis(50)).build().unwrap()
    };
    assert!(Xqute::builder().workdir("/dev/null/no").build().is_err());
    lives(&build("whole")).await;
    let dropped = build("dropped");
    dropped.feed(["sleep", "1000"]).await.unwrap();
    let mut events = dropped.events();
    while !matches!(events.next().await, Some(RunEvent::Reached(Moment::Started, _)) | None) {}
    drop(dropped);
    let halted = Xqute::builder().workdir(dir.join("halted")).halt(Halt::now().failed(1)).build().unwrap();
    halted.feed(["false"]).await.unwrap();
    halted.run_until_complete().await.unwrap();
    assert_eq!(process(), before);
    fs::write(dir.join("whole.txt"), "").unwrap();
}
