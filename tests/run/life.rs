//! What becomes of a job, and which hooks see it, in which order?

use std::fs;

use xqute::{Error, FeedError, JobSpec, Xqute};

use crate::hooks::recorder::Recorded;
use crate::{run_of, workdir};

/// What the recorder saw of one job.
fn life(run: &Xqute, job: usize) -> Vec<String> {
    let lines = run.run().state::<Recorded>().unwrap().0.lines();
    let of_job = |line: &String| line.split(' ').nth(1) == Some(&job.to_string());
    lines.iter().filter(|line| of_job(line) && !line.starts_with("done")).cloned().collect()
}

fn told(job: usize, life: &[(&str, &str)]) -> Vec<String> {
    life.iter().map(|(point, status)| format!("{point} {job} {status}")).collect()
}

const SUBMITTED: [(&str, &str); 5] = [
    ("init", "INIT"),
    ("queued", "QUEUED"),
    ("submitting", "QUEUED"),
    ("submitted", "SUBMITTED"),
    ("started", "RUNNING"),
];

fn and<'a>(life: &[(&'a str, &'a str)], last: (&'a str, &'a str)) -> Vec<(&'a str, &'a str)> {
    life.iter().copied().chain([last]).collect()
}

#[tokio::test]
async fn hooks_see_each_life_in_its_order() {
    let (_dir, builder) = run_of(&["recorder", "gate"]);
    let run = builder.forks(2).build().unwrap();
    for words in [
        ["true", ""],
        ["false", ""],
        ["/no/such", ""],
        ["veto", ""],
        ["skip", ""],
        ["panic", ""],
        ["error", ""],
    ] {
        run.feed(words).await.unwrap();
    }
    let summary = run.run_until_complete().await.unwrap();
    let counts = summary.counts;
    assert_eq!((counts.succeeded, counts.skipped, counts.failed, counts.cancelled), (1, 1, 4, 1));
    assert_eq!(life(&run, 0), told(0, &and(&SUBMITTED, ("succeeded", "FINISHED"))));
    assert_eq!(life(&run, 1), told(1, &and(&SUBMITTED, ("failed", "FAILED"))));
    for (job, end) in
        [(2, ("failed", "FAILED")), (3, ("cancelled", "CANCELLED")), (4, ("succeeded", "FINISHED"))]
    {
        assert_eq!(life(&run, job), told(job, &and(&SUBMITTED[..3], end)), "job {job}");
    }
    for job in [5, 6] {
        assert_eq!(life(&run, job), told(job, &and(&SUBMITTED[..3], ("failed", "FAILED"))), "job {job}");
    }
    let lines = run.run().state::<Recorded>().unwrap().0.lines();
    assert_eq!(lines.last().unwrap(), "done 7");
}

#[tokio::test]
async fn output_is_kept_by_index_and_the_directory_is_the_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let (dir, builder) = run_of(&["recorder"]);
    let run = builder.forks(3).build().unwrap();
    for n in 0..20 {
        let index = run.feed(["sh", "-c", &format!("echo out {n}; echo err {n} >&2")]).await.unwrap();
        assert_eq!(index, n);
    }
    assert!(run.run_until_complete().await.unwrap().is_success());
    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(workdir(&dir)), 0o700);
    for n in 0..20 {
        let metadir = workdir(&dir).join(n.to_string());
        assert_eq!(fs::read_to_string(metadir.join("job.stdout")).unwrap(), format!("out {n}\n"));
        assert_eq!(fs::read_to_string(metadir.join("job.stderr")).unwrap(), format!("err {n}\n"));
        assert_eq!((mode(metadir.clone()), mode(metadir.join("job.stdout"))), (0o700, 0o600));
    }
}

#[tokio::test]
async fn jobs_are_fed_from_several_tasks_and_from_hooks() {
    let (_dir, builder) = run_of(&["feeds"]);
    let run = builder.forks(2).build().unwrap();
    let feeder = |run: Xqute| async move {
        for _ in 0..100 {
            run.feed(["true"]).await.unwrap();
        }
    };
    tokio::join!(tokio::spawn(feeder(run.clone())).into_future(), feeder(run.clone())).0.unwrap();
    assert_eq!(run.run_until_complete().await.unwrap().counts.succeeded, 201);
}

#[tokio::test]
async fn an_end_is_an_end() {
    let (_dir, builder) = run_of(&["recorder"]);
    let run = builder.build().unwrap();
    assert_eq!(run.run_until_complete().await.unwrap().counts.total(), 0);
    assert!(matches!(run.feed(["true"]).await, Err(Error::Feed(FeedError::Closed))));
    assert_eq!(run.run_until_complete().await.unwrap().counts.total(), 0);
}

#[tokio::test]
async fn what_is_no_command_is_refused_when_it_is_fed() {
    let (_dir, builder) = run_of(&["recorder"]);
    let run = builder.build().unwrap();
    let told = |error: Error| error.to_string();
    assert!(told(run.feed(Vec::<String>::new()).await.unwrap_err()).contains("the command is empty"));
    assert!(
        told(run.feed(["echo", "a\0b"]).await.unwrap_err())
            .contains("argument 1 of the command has a NUL byte")
    );
    assert!(
        told(run.feed(JobSpec::parse("echo 'a")).await.unwrap_err()).contains("a quote that is not closed")
    );
    assert_eq!(run.run_until_complete().await.unwrap().counts.total(), 0);
}

#[test]
fn without_a_runtime_a_run_says_what_it_needs() {
    let (_dir, builder) = run_of(&["recorder"]);
    let run = builder.build().unwrap();
    let mut feed = Box::pin(run.feed(["true"]));
    let polled = feed.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
    let std::task::Poll::Ready(Err(error)) = polled else { panic!("{polled:?}") };
    assert!(error.to_string().contains("needs a tokio runtime"), "{error}");
}

#[tokio::test]
async fn dropping_the_last_handle_kills_what_runs() {
    let (dir, builder) = run_of(&["errs"]);
    let run = builder.build().unwrap();
    let fifo = dir.path().join("alive");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    // The job and its child hold the pipe; when both are gone, reading it ends.
    let script = format!("exec 3>{}; (sleep 1000) & echo up >&3; wait", fifo.display());
    run.feed(["sh", "-c", &script]).await.unwrap();
    let mut pipe = std::io::BufReader::new(fs::File::open(&fifo).unwrap());
    let mut line = String::new();
    std::io::BufRead::read_line(&mut pipe, &mut line).unwrap();
    assert!(tokio::time::timeout(std::time::Duration::ZERO, run.run_until_complete()).await.is_err());
    drop(run);
    assert_eq!(std::io::Read::read_to_string(&mut pipe, &mut line).unwrap(), 0);
}

#[tokio::test]
async fn a_feed_that_nobody_goes_on_with_holds_up_no_end() {
    let (_dir, builder) = run_of(&["feeds"]);
    let run = builder.build().unwrap();
    // One future after another is polled once, until one waits for room; it is kept, and never polled again.
    let waiting = loop {
        let mut feed = Box::pin(run.feed(["true"]));
        let polled = feed.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
        if polled.is_pending() {
            break feed;
        }
    };
    assert!(run.run_until_complete().await.unwrap().is_success());
    assert!(matches!(waiting.await, Err(Error::Feed(FeedError::Closed))));
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

#[tokio::test]
async fn data_that_panics_when_it_is_dropped_ends_nothing() {
    let (_dir, builder) = run_of(&["recorder"]);
    let run = builder.build().unwrap();
    run.feed(JobSpec::new(["true"]).data(Bomb)).await.unwrap();
    run.feed(["true"]).await.unwrap();
    assert_eq!(run.run_until_complete().await.unwrap().counts.succeeded, 2);
}

#[tokio::test]
async fn a_job_that_does_not_run_says_how_it_ended_where_it_has_files() {
    let (dir, _) = run_of(&[]);
    let metadir = workdir(&dir).join("0");
    let counts = async |plugin: &str| {
        let builder = Xqute::builder().workdir(workdir(&dir)).select([plugin]).retry_failed(true);
        let run = builder.build().unwrap();
        run.feed(["veto"]).await.unwrap();
        run.run_until_complete().await.unwrap().counts
    };
    assert_eq!(counts("recorder").await.failed, 1, "there is no such program");
    assert_eq!(fs::read_to_string(metadir.join("job.status")).unwrap(), "7\n");
    assert_eq!(counts("gate").await.cancelled, 1);
    assert_eq!(fs::read_to_string(metadir.join("job.status")).unwrap(), "9\n");
    assert!(!metadir.join("job.rc").exists(), "nothing exited");
}
