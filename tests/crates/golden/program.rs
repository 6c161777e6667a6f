//! Every way in which a job can live and end, direct and wrapped: prints what the plugin `trace` saw.

use std::path::Path;
use std::time::Duration;

use xqute::{Events, Halt, JobSpec, Moment, RetryPolicy, RunEvent, Xqute, XquteBuilder};
use xqute_plugin_trace::{Pipe, Trace};

/// Long enough for a job to start, and short enough to wait for.
const TIMEOUT: Duration = Duration::from_millis(200);

/// What happens to the jobs of a scenario.
struct Scenario {
    name: &'static str,
    jobs: Vec<JobSpec>,
    settings: fn(XquteBuilder) -> XquteBuilder,
    /// What is waited for, and done then.
    acts: Vec<Act>,
}

/// When each of these jobs has reached this moment, this is done.
struct Act {
    when: Vec<(usize, Moment)>,
    then: Then,
}

enum Then {
    Open(&'static str),
    Cancel,
}

fn plain(name: &'static str, job: JobSpec) -> Scenario {
    Scenario { name, jobs: vec![job], settings: |it| it, acts: vec![] }
}

fn sh(script: &str) -> JobSpec {
    JobSpec::new(["sh", "-c", script])
}

fn again(retries: u32) -> RetryPolicy {
    RetryPolicy::new(retries).delay(Duration::ZERO)
}

fn long() -> JobSpec {
    JobSpec::new(["sleep", "1000"])
}

fn scenarios(pipes: &Path) -> Vec<Scenario> {
    let reads = |pipe: &str, exit: u8| {
        let pipe = pipes.join(pipe);
        JobSpec::new(["sh", "-c", &format!("read line < \"$1\"; exit {exit}"), "sh", pipe.to_str().unwrap()])
    };
    let kept = reads("kept", 0).tag("kill").tag("keep-1").data(Pipe(pipes.join("kept")));
    let mut all = vec![
        plain("success", JobSpec::new(["true"])),
        plain("failure", sh("exit 3")),
        plain("retry then success", sh("test -e \"$XQUTE_JOB_METADIR/job.retry/0\"").retry(again(2))),
        plain("retries used up", sh("exit 3").retry(again(2))),
        plain("timeout", long().timeout(TIMEOUT)),
        plain("timeout with retry", long().timeout(TIMEOUT).retry(again(1))),
        plain("kill", long().tag("kill")),
        plain("veto of submission", JobSpec::new(["true"]).tag("veto")),
        plain("veto of killing", kept),
        plain("vetoed timeout", long().timeout(TIMEOUT).tag("keep-1")),
        plain("skip as succeeded", JobSpec::new(["false"]).tag("skip")),
        plain("verify that overturns and is retried", JobSpec::new(["true"]).tag("reject-1").retry(again(1))),
    ];
    let both_run = vec![(0, Moment::Started), (1, Moment::Started), (2, Moment::Queued)];
    let halted = || vec![reads("first", 3), reads("second", 0), JobSpec::new(["true"])];
    let fail = || Act { when: both_run.clone(), then: Then::Open("first") };
    let after = Act { when: vec![(2, Moment::Cancelled)], then: Then::Open("second") };
    all.push(Scenario {
        name: "halt soon",
        jobs: halted(),
        settings: |it| it.forks(2).halt(Halt::soon().failed(1)),
        acts: vec![fail(), after],
    });
    all.push(Scenario {
        name: "halt now",
        jobs: halted(),
        settings: |it| it.forks(2).halt(Halt::now().failed(1)),
        acts: vec![fail()],
    });
    all.push(Scenario {
        name: "threshold",
        jobs: vec![JobSpec::new(["true"]), sh("exit 1"), sh("exit 1"), reads("first", 1), JobSpec::new(["true"])],
        settings: |it| it.halt(Halt::soon().failed_percent(75.0)),
        acts: vec![Act { when: vec![(3, Moment::Started), (4, Moment::Queued)], then: Then::Open("first") }],
    });
    all.push(Scenario {
        name: "cancelled run",
        jobs: vec![long(), JobSpec::new(["true"])],
        settings: |it| it,
        acts: vec![Act { when: vec![(0, Moment::Started), (1, Moment::Queued)], then: Then::Cancel }],
    });
    all
}

/// Plays the acts as the events say; gives the moments of every job.
async fn play(run: Xqute, mut events: Events, pipes: &Path, mut acts: Vec<Act>) -> Vec<(usize, Moment)> {
    let mut seen = Vec::new();
    while let Some(event) = events.next().await {
        let RunEvent::Reached(moment, job) = event else { panic!("{event:?}") };
        seen.push((job.index(), moment));
        if acts.first().is_some_and(|act| act.when.iter().all(|it| seen.contains(it))) {
            match acts.remove(0).then {
                Then::Cancel => run.cancel(),
                // Opening a pipe waits for who reads it.
                Then::Open(pipe) => {
                    let pipe = pipes.join(pipe);
                    tokio::task::spawn_blocking(move || std::fs::write(pipe, "go\n").unwrap());
                }
            }
        }
    }
    seen
}

async fn trace(scenario: Scenario, wrapped: bool, pipes: &Path, workdir: &Path) {
    let Scenario { name, jobs, settings, acts } = scenario;
    println!("== {name}, {}", if wrapped { "wrapped" } else { "direct" });
    let plugins: &[&str] = if wrapped { &["trace", "trace-script"] } else { &["trace"] };
    let listed = xqute::plugins![xqute_plugin_trace, xqute_plugin_trace::script];
    let builder = Xqute::builder().plugins(listed).select(plugins.iter().copied()).workdir(workdir);
    let run = settings(builder.poll_interval(Duration::from_millis(20))).build().unwrap();
    let many = jobs.len();
    run.start().unwrap();
    let (events, handle, pipes) = (run.events(), run.clone(), pipes.to_owned());
    let played = tokio::spawn(async move { play(handle, events, &pipes, acts).await });
    for job in jobs {
        run.feed(job).await.unwrap();
    }
    let summary = run.run_until_complete().await.unwrap();
    let seen = played.await.unwrap();
    let trace = run.run().state::<Trace>().unwrap();
    for index in 0..many {
        println!("job {index}");
        trace.job(index).iter().for_each(|line| println!("  {line}"));
        let metadir = workdir.join(index.to_string());
        let line = |file: &str| std::fs::read_to_string(metadir.join(file)).unwrap_or("none\n".to_owned());
        println!("  job.rc {}, job.status {}", line("job.rc").trim_end(), line("job.status").trim_end());
        same_moments(&trace.job(index), seen.iter().filter(|it| it.0 == index).map(|it| it.1));
    }
    println!("run");
    trace.run().iter().for_each(|line| println!("  {line}"));
    println!("  summary: {}, stopped {:?}, attempts {}", summary.counts, summary.stopped, summary.attempts);
    assert_eq!(summary.fault_count(), 0, "{summary}");
    for polls in trace.polls() {
        assert!(polls.iter().copied().eq(0..polls.len() as u64), "{polls:?}");
    }
}

/// Readers of events see what hooks see.
fn same_moments(hooks: &[String], events: impl Iterator<Item = Moment>) {
    let told = |line: &String| !line.starts_with("on_jobcmd");
    let hooks = hooks.iter().filter(|it| told(it)).map(|line| line.split(' ').next().unwrap().to_owned());
    let name = |moment: Moment| match moment {
        Moment::Verifying => "on_job_verify".to_owned(),
        other => format!("on_job_{other:?}").to_lowercase(),
    };
    assert_eq!(hooks.collect::<Vec<_>>(), events.map(name).collect::<Vec<_>>());
}

#[tokio::main]
async fn main() {
    for wrapped in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        for pipe in ["kept", "first", "second"] {
            let made = std::process::Command::new("mkfifo").arg(dir.path().join(pipe)).status();
            assert!(made.unwrap().success());
        }
        for (at, scenario) in scenarios(dir.path()).into_iter().enumerate() {
            trace(scenario, wrapped, dir.path(), &dir.path().join(format!("work {at}"))).await;
        }
    }
}
