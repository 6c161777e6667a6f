//! Jobs that wait for others: run after them, or cancelled because of them.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use tempfile::TempDir;
use tokio::sync::{Mutex as Turn, mpsc};
use xqute::backend::{
    Accepted, Answer, Backend, Jid, Kill, Observation, Refused, Seen, Submission, Unreachable,
};
use xqute::{Cancelled, Error, Failure, FeedError, JobSpec, Outcome, Summary, Xqute, hook};

use super::{run_of, workdir};

/// What happened to the jobs of a run, in order.
#[derive(Debug, Default)]
struct Told {
    submitted: Vec<(usize, usize)>,
    /// By job: when its end was told, and whether it is good.
    ends: Vec<Option<(usize, bool)>>,
    clock: usize,
}

/// A cluster on which every job ends at once: those whose command is `false` with 1.
#[derive(Debug)]
struct Instant {
    told: Arc<Mutex<Told>>,
    ended: mpsc::UnboundedSender<(usize, Jid, bool)>,
    untold: Turn<mpsc::UnboundedReceiver<(usize, Jid, bool)>>,
}

impl Instant {
    fn new(told: Arc<Mutex<Told>>) -> Self {
        let (ended, untold) = mpsc::unbounded_channel();
        Self { told, ended, untold: Turn::new(untold) }
    }

    fn accept(&self, job: &Submission) -> Result<Accepted, Refused> {
        let jid: Jid = job.index.to_string().into();
        let mut told = self.told.lock().unwrap();
        told.clock += 1;
        let now = told.clock;
        told.submitted.push((job.index, now));
        self.ended.send((job.index, jid.clone(), job.argv.program() != "false")).unwrap();
        Ok(Accepted { jid, running: true, process: None })
    }
}

impl Backend for Instant {
    fn name(&self) -> &'static str {
        "instant"
    }

    fn uses_files(&self) -> bool {
        false
    }

    fn submit<'a>(&'a self, jobs: &'a [Submission]) -> Answer<'a, Vec<Result<Accepted, Refused>>> {
        Box::pin(async move { jobs.iter().map(|job| self.accept(job)).collect() })
    }

    fn observe<'a>(&'a self, _: &'a [Jid]) -> Answer<'a, Result<Vec<Observation>, Unreachable>> {
        Box::pin(async move {
            let mut ended = Vec::new();
            self.untold.lock().await.recv_many(&mut ended, 64).await;
            let mut told = self.told.lock().unwrap();
            let seen = ended.into_iter().map(|(index, jid, good)| {
                told.clock += 1;
                let now = told.clock;
                if told.ends.len() <= index {
                    told.ends.resize(index + 1, None);
                }
                told.ends[index] = Some((now, good));
                let end = if good { Ok(()) } else { Err(Failure::ExitCode(1)) };
                Observation { jid, seen: Seen::Exited { end, usage: None } }
            });
            Ok(seen.collect())
        })
    }

    fn kill<'a>(&'a self, _: &'a [Jid], _: Kill) -> Answer<'a, Result<(), Unreachable>> {
        Box::pin(async { Ok(()) })
    }
}

/// For each job: whether it fails if it runs, and the jobs that it waits for, with `true` where they have to succeed.
type Graph = Vec<(bool, Vec<(usize, bool)>)>;

/// How each job has to end: whether it runs, and whether that is a success.
fn model(graph: &Graph) -> Vec<(bool, bool)> {
    let mut ends: Vec<(bool, bool)> = Vec::new();
    for (fails, after) in graph {
        let runs = after.iter().all(|(other, success)| !success || ends[*other].1);
        ends.push((runs, runs && !fails));
    }
    ends
}

fn spec((fails, after): &(bool, Vec<(usize, bool)>)) -> JobSpec {
    let job = JobSpec::new([if *fails { "false" } else { "true" }]);
    after
        .iter()
        .fold(job, |job, (other, success)| if *success { job.after(*other) } else { job.after_any(*other) })
}

/// Runs it, and checks that each job has ended as it has to, and started after those that it waited for.
fn check(graph: &Graph, forks: usize) {
    let (dir, told) = (tempfile::tempdir().unwrap(), Arc::<Mutex<Told>>::default());
    let builder = Xqute::builder().workdir(dir.path().join("work")).forks(forks).select(["-page"]);
    let run = builder.backend(Instant::new(Arc::clone(&told))).build().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let summary = runtime.block_on(async {
        for job in graph {
            run.feed(spec(job)).await.unwrap();
        }
        run.run_until_complete().await.unwrap()
    });
    let (told, ends) = (told.lock().unwrap(), model(graph));
    let count = |so: &dyn Fn(&(bool, bool)) -> bool| ends.iter().filter(|it| so(it)).count();
    let counts = summary.counts;
    assert_eq!(counts.succeeded, count(&|it| it.1));
    assert_eq!(counts.failed, count(&|it| it.0 && !it.1));
    assert_eq!(counts.cancelled, count(&|it| !it.0));
    assert_eq!(told.submitted.len(), count(&|it| it.0), "nothing runs twice");
    for (index, when) in &told.submitted {
        assert!(ends[*index].0, "job {index} ran, and was not to");
        for (other, _) in &graph[*index].1 {
            let before = match told.ends.get(*other).copied().flatten() {
                Some((end, _)) => end < *when,
                None => !ends[*other].0,
            };
            assert!(before, "job {index} started before job {other} had ended");
        }
    }
}

/// Backward edges only, as far as `reach` back.
fn graphs(jobs: usize, reach: usize) -> impl Strategy<Value = Graph> {
    let job = (prop::bool::weighted(0.1), prop::collection::vec((1..=reach, any::<bool>()), 0..4));
    prop::collection::vec(job, 0..jobs).prop_map(|jobs| {
        let edges = |(index, (fails, back)): (usize, (bool, Vec<(usize, bool)>))| {
            let after =
                back.into_iter().filter(|(it, _)| *it <= index).map(|(it, success)| (index - it, success));
            (fails, after.collect())
        };
        jobs.into_iter().enumerate().map(edges).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]
    #[test]
    fn any_small_graph_is_run_as_it_says(graph in graphs(30, 8), forks in 1_usize..6) {
        check(&graph, forks);
    }
}

#[test]
fn a_hundred_thousand_jobs_respect_their_graph() {
    // A simple generator: the graph is large, and the same each time.
    let mut dice = 0x9E37_79B9_7F4A_7C15_u64;
    let mut roll = |most: u64| {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        dice % most
    };
    let graph: Graph = (0..100_000_usize)
        .map(|index| {
            let after = (0..roll(4)).filter(|_| index > 0).map(|_| {
                let back = 1 + roll(index.min(5_000) as u64) as usize;
                (index - back, roll(2) == 0)
            });
            (false, after.collect::<Vec<_>>())
        })
        .map(|(_, after)| (after.len() == 3 && after[0].0 % 97 == 0, after))
        .collect();
    check(&graph, 64);
}

#[test]
fn a_chain_of_many_is_cancelled_from_its_beginning() {
    let chain =
        (0..50_000_usize).map(|it| (it == 0, it.checked_sub(1).map(|it| (it, true)).into_iter().collect()));
    check(&chain.collect(), 4);
}

mod ends {
    //! A plugin that keeps how jobs were cancelled.
    use super::*;

    xqute::plugin!(name = "after-ends", enabled = false);

    #[derive(Debug, Default)]
    pub(super) struct Ends(pub(super) Mutex<Vec<(usize, String)>>);

    #[hook]
    fn on_init(run: &xqute::Run) -> Result<(), xqute::BoxError> {
        Ok(run.init_state(Ends::default())?)
    }

    #[hook]
    fn on_job_cancelled(run: &xqute::Run, job: &xqute::Job) {
        let ends = run.state::<Ends>().unwrap();
        if let Some(Outcome::Cancelled(Cancelled::Dependency { .. })) = job.outcome() {
            ends.0.lock().unwrap().push((job.index(), job.outcome().unwrap().to_string()));
        }
    }
}

async fn run_list(dir: &TempDir, retry: bool, jobs: Vec<JobSpec>) -> (Summary, Vec<(usize, String)>) {
    let builder = Xqute::builder().workdir(workdir(dir)).forks(2).select(["after-ends"]);
    let run = builder.config("after-ends", ()).retry_failed(retry).build().unwrap();
    for job in jobs {
        run.feed(job).await.unwrap();
    }
    let summary = run.run_until_complete().await.unwrap();
    let ends = run.run().state::<ends::Ends>().unwrap();
    let mut ends = ends.0.lock().unwrap().clone();
    ends.sort_unstable();
    (summary, ends)
}

#[tokio::test]
async fn names_and_tags_are_waited_for_and_a_later_run_takes_up_what_waited_in_vain() {
    let dir = tempfile::tempdir().unwrap();
    let ready: PathBuf = dir.path().join("ready");
    let list = || {
        let check = JobSpec::new(["test".as_ref(), "-e".as_ref(), ready.as_os_str()]).name("check");
        let part = |it: &str| JobSpec::new(["echo", it]).tag("part").after("check");
        let sum = JobSpec::new(["echo", "sum"]).name("sum").after("part");
        let tidy = JobSpec::new(["echo", "tidy"]).after_any("sum").after_any(0);
        vec![check, part("1"), part("2"), sum, tidy]
    };
    let (summary, ends) = run_list(&dir, false, list()).await;
    assert_eq!((summary.counts.failed, summary.counts.cancelled, summary.counts.succeeded), (1, 3, 1));
    let told =
        |job: usize, of: usize| (job, format!("cancelled: it waited for job {of}, which did not succeed"));
    assert_eq!(ends[..2], [told(1, 0), told(2, 0)]);
    assert_eq!(ends[2].0, 3);
    // Nobody asked for the failed one: what waits for it waits in vain once more.
    let (summary, _) = run_list(&dir, false, list()).await;
    assert_eq!(
        (summary.counts.failed_before, summary.counts.cancelled, summary.counts.done_before),
        (1, 3, 1)
    );
    std::fs::write(&ready, "").unwrap();
    let (summary, ends) = run_list(&dir, true, list()).await;
    assert_eq!((summary.counts.succeeded, summary.counts.done_before, ends.len()), (4, 1, 0), "{summary}");
}

#[tokio::test]
async fn what_is_not_there_cannot_be_waited_for() {
    let (_dir, builder) = run_of(&["-page"]);
    let run = builder.build().unwrap();
    run.feed(JobSpec::new(["true"]).name("a")).await.unwrap();
    for (job, told) in [
        (JobSpec::new(["true"]).after("b"), "it is to wait for `b`, and of the 1 jobs"),
        (JobSpec::new(["true"]).after_any(1), "it is to wait for job 1, and of the 1 jobs"),
    ] {
        let error = run.feed(job).await.unwrap_err();
        assert!(matches!(&error, Error::Feed(FeedError::UnknownJob { fed: 1, .. })), "{error:?}");
        assert!(error.to_string().starts_with(told), "{error}");
    }
    run.feed(JobSpec::new(["true"]).after("a")).await.unwrap();
    assert_eq!(run.run_until_complete().await.unwrap().counts.succeeded, 2);
}
