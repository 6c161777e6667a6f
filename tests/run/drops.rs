//! What ends with the last handle of a run, and what does not end with less?

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::sync::Semaphore;
use xqute::backend::Null;
use xqute::{JobSpec, Moment, RetryPolicy, Verdict, Xqute};

use crate::plugins::acts::Acts;
use crate::run_of;
use crate::stage::{Gate, Pipe, STUBBORN, is_process, next, sh, until};

const NEVER: Duration = Duration::from_secs(1_000_000);

/// Directly and in a script; in both cases what ignores SIGTERM, with a child that does too.
#[tokio::test]
async fn the_last_handle_takes_every_process_with_it() {
    for wrapped in [false, true] {
        let (dir, builder) = run_of(&["acts"]);
        let builder = if wrapped { builder.prescript(":") } else { builder };
        let run = builder.forks(3).kill_grace(NEVER).build().unwrap();
        let (mut events, mut pids) = (run.events(), Vec::new());
        let mut pipes: Vec<_> = (0..3).map(|n| Pipe::new(&dir, &format!("lives-{n}"))).collect();
        for pipe in &pipes {
            run.feed(sh(STUBBORN, &[&pipe.path])).await.unwrap();
        }
        run.feed(["touch", dir.path().join("started").to_str().unwrap()]).await.unwrap();
        for (index, pipe) in pipes.iter_mut().enumerate() {
            pids.push(until(&mut events, index, Moment::Started).await.jid().unwrap().to_owned());
            assert_eq!(pipe.line().await, "up");
        }
        drop(run);
        assert!(pipes.iter().all(Pipe::is_deserted), "a process is left; wrapped: {wrapped}");
        assert!(!pids.iter().any(|pid| is_process(pid)), "a zombie is left; wrapped: {wrapped}");
        while next(&mut events).await.is_some() {}
        assert!(!dir.path().join("started").exists(), "what waited has not started");
    }
}

#[tokio::test]
async fn a_handle_that_is_not_the_last_takes_nothing_with_it() {
    let (dir, builder) = run_of(&["acts"]);
    let run = builder.build().unwrap();
    let (mut pipe, mut gate) = (Pipe::new(&dir, "lives"), Gate::new(&dir, "gate"));
    run.feed(sh("exec 3>\"$1\"; echo up >&3; read x <\"$2\"", &[&pipe.path, &gate.path])).await.unwrap();
    assert_eq!(pipe.line().await, "up");
    let clone = run.clone();
    drop(run);
    assert!(!pipe.is_deserted());
    gate.open();
    assert_eq!(clone.run_until_complete().await.unwrap().counts.succeeded, 1);
}

#[tokio::test]
async fn waiting_for_the_end_may_be_given_up_and_taken_up_again() {
    let (dir, builder) = run_of(&["acts"]);
    let run = builder.build().unwrap();
    let (mut pipe, mut gate) = (Pipe::without_end(&dir, "lives"), Gate::new(&dir, "gate"));
    for _ in 0..2 {
        run.feed(sh("echo up >\"$1\"; read x <\"$2\"", &[&pipe.path, &gate.path])).await.unwrap();
    }
    for _ in 0..2 {
        assert_eq!(pipe.line().await, "up");
        {
            let mut end = pin!(run.run_until_complete());
            assert!(matches!(end.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Pending));
        }
        assert!(!run.is_feeding(), "that much was said");
        gate.open();
    }
    let summary = run.run_until_complete().await.unwrap();
    assert_eq!((summary.counts.succeeded, summary.stopped), (2, None));
}

/// The handle is dropped on the one thread that hooks run on, and a hook of the run waits for ever.
#[tokio::test]
async fn hooks_that_wait_do_not_hold_up_a_drop() {
    let (dir, builder) = run_of(&["acts"]);
    let run = builder.forks(2).build().unwrap();
    let (mut events, mut pipe) = (run.events(), Pipe::new(&dir, "lives"));
    let (entered, never) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    for moment in [Moment::Submitting, Moment::Started] {
        let (entered, never) = (Arc::clone(&entered), Arc::clone(&never));
        let waits = Acts::new(move |it, _, _| {
            let (entered, never) = (Arc::clone(&entered), Arc::clone(&never));
            async move {
                if it == moment {
                    entered.add_permits(1);
                    let _ = never.acquire().await;
                }
                Verdict::Proceed
            }
        });
        run.feed(JobSpec::new(sh(STUBBORN, &[&pipe.path])).data(waits)).await.unwrap();
    }
    entered.acquire_many(2).await.unwrap().forget();
    assert_eq!(pipe.line().await, "up");
    drop(run);
    assert!(pipe.is_deserted());
    while next(&mut events).await.is_some() {}
}

#[tokio::test]
async fn what_waits_for_its_next_attempt_does_not_hold_up_a_drop() {
    let (_dir, builder) = run_of(&["acts"]);
    let run = builder.retry(RetryPolicy::new(1).delay(NEVER).max_delay(NEVER)).build().unwrap();
    let mut events = run.events();
    run.feed(["false"]).await.unwrap();
    assert!(until(&mut events, 0, Moment::Failed).await.will_retry());
    drop(run);
    assert!(next(&mut events).await.is_none());
}

#[test]
fn a_run_that_never_started_is_dropped_without_a_runtime() {
    let (dir, builder) = run_of(&["acts"]);
    drop(builder.build().unwrap());
    // Another run has the directory at once.
    drop(Xqute::builder().workdir(dir.path().join("work")).build().unwrap());
}

#[tokio::test]
async fn a_directory_is_free_for_another_run_when_the_last_handle_is_gone() {
    let (dir, builder) = run_of(&["acts"]);
    let run = builder.build().unwrap();
    let mut pipe = Pipe::new(&dir, "lives");
    run.feed(sh(STUBBORN, &[&pipe.path])).await.unwrap();
    assert_eq!(pipe.line().await, "up");
    let again = || Xqute::builder().workdir(dir.path().join("work")).build();
    let told = again().unwrap_err().to_string();
    assert!(told.contains("is in use by process "), "{told}");
    drop(run);
    drop(again().unwrap());
}

/// Its job ends, and the handle that the job's data holds goes with it, on the runtime.
#[tokio::test]
async fn a_jobs_data_may_hold_the_last_handle() {
    let (_dir, builder) = run_of(&["acts"]);
    let run = builder.backend(Null::new()).build().unwrap();
    let mut events = run.events();
    run.feed(JobSpec::new(["true"]).data(run.clone())).await.unwrap();
    drop(run);
    until(&mut events, 0, Moment::Succeeded).await;
    assert!(next(&mut events).await.is_none());
}

/// The runtime that hooks run on is gone, and with it whoever would answer.
#[test]
fn a_run_whose_runtime_is_gone_still_takes_its_jobs_with_it() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (dir, builder) = run_of(&["acts"]);
    let run = builder.build().unwrap();
    let pipe = runtime.block_on(async {
        let mut pipe = Pipe::new(&dir, "lives");
        run.feed(sh(STUBBORN, &[&pipe.path])).await.unwrap();
        run.feed(["true"]).await.unwrap();
        assert_eq!(pipe.line().await, "up");
        pipe.path
    });
    drop(runtime);
    // Opened anew, without a runtime: the job still has the other end.
    let mut lives = std::fs::File::open(pipe).unwrap();
    drop(run);
    assert_eq!(std::io::Read::read(&mut lives, &mut [0; 8]).unwrap(), 0);
}
