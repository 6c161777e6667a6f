//! What if a setting is as large, or a runtime as poor, as can be?

use std::time::Duration;

use xqute::backend::Null;
use xqute::{JobSpec, Moment, RetryPolicy, Verdict};

use crate::plugins::acts::Acts;
use crate::run_of;
use crate::stage::{Pipe, SLEEPER, next, sh, until};

const MAX: Duration = Duration::MAX;

/// `usize::MAX` and `Duration::MAX` say: no limit.
#[tokio::test]
async fn no_limit_is_a_limit_too() {
    let (dir, builder) = run_of(&["acts"]);
    let builder = builder.forks(usize::MAX).poll_interval(MAX).hook_timeout(MAX).timeout(MAX).kill_grace(MAX);
    let run = builder.retry(RetryPolicy::new(u32::MAX).delay(MAX).max_delay(MAX)).build().unwrap();
    let (mut events, mut pipe) = (run.events(), Pipe::new(&dir, "lives"));
    let waits = Acts::new(|_, _, _| async {
        tokio::task::yield_now().await;
        Verdict::Proceed
    });
    run.feed(JobSpec::new(["false"]).timeout(MAX).data(waits)).await.unwrap();
    assert!(until(&mut events, 0, Moment::Failed).await.will_retry());
    run.feed(sh(SLEEPER, &[&pipe.path])).await.unwrap();
    assert_eq!(pipe.line().await, "up");
    run.feed(["true"]).await.unwrap();
    until(&mut events, 2, Moment::Succeeded).await;
    run.cancel();
    let counts = run.run_until_complete().await.unwrap().counts;
    assert_eq!((counts.cancelled, counts.killed, counts.succeeded), (1, 1, 1));
}

#[tokio::test]
async fn more_jobs_than_any_table_run_at_once_where_nothing_limits_them() {
    let (_dir, builder) = run_of(&["acts"]);
    let run = builder.forks(usize::MAX).backend(Null::new()).build().unwrap();
    for _ in 0..5000 {
        run.feed(["true"]).await.unwrap();
    }
    assert_eq!(run.run_until_complete().await.unwrap().counts.succeeded, 5000);
}

/// The engine has its own I/O and clock.
#[test]
fn a_runtime_without_drivers_is_enough() {
    let (_dir, builder) = run_of(&["acts"]);
    let run = builder.forks(2).retry(RetryPolicy::new(1).delay(Duration::from_millis(1))).build().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let mut events = run.events();
        run.feed(["false"]).await.unwrap();
        run.feed(JobSpec::new(["sleep", "1000"]).timeout(Duration::from_millis(50))).await.unwrap();
        let counts = run.run_until_complete().await.unwrap().counts;
        assert_eq!(counts.failed, 2);
        while next(&mut events).await.is_some() {}
    });
}
