//! How do jobs come in? From any number of tasks and from hooks, and never more of them than the run can hold.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Barrier;
use xqute::backend::Null;
use xqute::{Error, FeedError, Handle, JobSpec, Moment, Summary, Verdict, Xqute};

use crate::plugins::acts::Acts;
use crate::run_of;
use crate::stage::{Gate, Pipe, sh};

/// How many of a job's data live, and the most that ever did.
#[derive(Default)]
struct Census {
    alive: AtomicUsize,
    most: AtomicUsize,
}

struct Citizen(Arc<Census>);

impl Census {
    fn born(self: &Arc<Self>) -> Citizen {
        let alive = self.alive.fetch_add(1, Ordering::Relaxed) + 1;
        self.most.fetch_max(alive, Ordering::Relaxed);
        Citizen(Arc::clone(self))
    }
}

impl Drop for Citizen {
    fn drop(&mut self) {
        self.0.alive.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn hundred_thousand() -> (Summary, Arc<Census>) {
    let (_dir, builder) = run_of(&["acts"]);
    let run = builder.forks(64).backend(Null::new()).build().unwrap();
    let census = Arc::new(Census::default());
    let jobs = (0..100_000).map(|n: u32| JobSpec::new(["job".to_owned(), n.to_string()]).data(census.born()));
    for job in jobs {
        run.feed(job).await.unwrap();
    }
    (run.run_until_complete().await.unwrap(), census)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_of_a_hundred_thousand_jobs_is_never_held_as_a_whole() {
    let (summary, census) = hundred_thousand().await;
    assert_eq!(summary.counts.succeeded, 100_000);
    let most = census.most.load(Ordering::Relaxed);
    assert!(most < 4_000, "{most} jobs were held at once");
    while census.alive.load(Ordering::Relaxed) > 0 {
        tokio::task::yield_now().await;
    }
}

/// What feeds and what calls hooks is one thread.
#[tokio::test]
async fn nor_where_one_thread_does_all() {
    let (summary, census) = hundred_thousand().await;
    assert_eq!(summary.counts.succeeded, 100_000);
    let most = census.most.load(Ordering::Relaxed);
    assert!(most < 4_000, "{most} jobs were held at once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_tasks_feed_at_once_and_each_index_is_given_once() {
    let (_dir, builder) = run_of(&["acts"]);
    let run = builder.forks(8).backend(Null::new()).build().unwrap();
    let barrier = Arc::new(Barrier::new(8));
    let feed = |run: Xqute, barrier: Arc<Barrier>| async move {
        barrier.wait().await;
        let mut indices = Vec::new();
        for _ in 0..500 {
            indices.push(run.feed(["true"]).await.unwrap());
        }
        assert!(indices.is_sorted());
        indices
    };
    let tasks: Vec<_> = (0..8).map(|_| tokio::spawn(feed(run.clone(), Arc::clone(&barrier)))).collect();
    let mut all = Vec::new();
    for task in tasks {
        all.extend(task.await.unwrap());
    }
    all.sort_unstable();
    assert!(all.into_iter().eq(0..4000));
    assert_eq!(run.run_until_complete().await.unwrap().counts.succeeded, 4000);
}

#[tokio::test]
async fn a_run_that_is_told_when_feeding_ends_waits_for_that() {
    let (dir, builder) = run_of(&["acts"]);
    let run = builder.build().unwrap();
    assert!(run.is_feeding());
    run.start().unwrap();
    run.start().unwrap();
    let waits = tokio::spawn({
        let run = run.clone();
        async move { run.wait().await }
    });
    let mut pipe = Pipe::without_end(&dir, "ran");
    // The first has ended before the second is fed: the run goes on.
    for _ in 0..2 {
        run.feed(sh("echo ran >\"$1\"", &[&pipe.path])).await.unwrap();
        assert_eq!(pipe.line().await, "ran");
    }
    assert!(run.is_feeding() && !waits.is_finished());
    let mut gate = Gate::new(&dir, "gate");
    run.feed(sh("read x <\"$1\"", &[&gate.path])).await.unwrap();
    run.stop_feeding();
    assert!(!run.is_feeding());
    // Until the last job ends, jobs still come in.
    run.feed(["true"]).await.unwrap();
    gate.open();
    assert_eq!(waits.await.unwrap().unwrap().counts.succeeded, 4);
    assert!(matches!(run.feed(["true"]).await, Err(Error::Feed(FeedError::Closed))));
    assert!(!run.is_feeding());
}

/// A slot is all that the run has, and its job has it until the hook has fed as many as the run holds.
#[tokio::test]
async fn a_hook_that_feeds_too_much_is_told_so_and_does_not_wait() {
    let (dir, builder) = run_of(&["acts"]);
    let run = builder.build().unwrap();
    let mut gate = Gate::new(&dir, "gate");
    let (tell, full) = tokio::sync::oneshot::channel();
    let tell = std::sync::Mutex::new(Some(tell));
    let feeds = Acts::at_once(move |moment, handle, _| {
        if moment == Moment::Started {
            tell.lock().unwrap().take().unwrap().send(fill(&handle)).unwrap();
        }
        Verdict::Proceed
    });
    run.feed(JobSpec::new(sh("read x <\"$1\"", &[&gate.path])).data(feeds)).await.unwrap();
    let (fed, error) = full.await.unwrap();
    assert_eq!(error, FeedError::Full);
    let told =
        "the run holds as many waiting jobs as it may: feed fewer jobs from a hook, or feed from outside";
    assert_eq!(error.to_string(), told);
    assert!((1..=1100).contains(&fed), "{fed} jobs were taken");
    run.cancel();
    gate.open();
    let counts = run.run_until_complete().await.unwrap().counts;
    assert_eq!((counts.total(), counts.cancelled >= fed), (fed + 1, true), "{counts}");
}

/// Feeds until it is refused.
fn fill(handle: &Handle) -> (usize, FeedError) {
    let mut fed = 0;
    loop {
        match handle.feed(["true"]) {
            Ok(_) => fed += 1,
            Err(error) => return (fed, error),
        }
    }
}
