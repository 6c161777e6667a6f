//! A backend of one's own, in one file: a pretended cluster that plays what each job's command says.
//!
//! The engine does the rest: slots, retries, time-outs, hooks, the journal. A backend only submits, observes and kills.
//!
//!     cargo run --example custom-backend
#![allow(clippy::print_stdout, reason = "an example tells what it does")]

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use xqute::backend::{
    Accepted, Answer, Backend, Jid, Kill, Observation, Refused, Seen, Submission, Unreachable,
};
use xqute::{Failure, JobSpec, RetryPolicy, Signal, Xqute};

/// How often the cluster is asked.
const INTERVAL: Duration = Duration::from_millis(5);
/// The most jobs that it takes.
const LIMIT: usize = 3;

/// A cluster that runs `play RUNS EXIT`: after so many looks at it, the job exits so. `play` is no program: nothing is run.
#[derive(Debug, Default)]
struct Pretended(Mutex<Cluster>);

#[derive(Debug, Default)]
struct Cluster {
    jobs: BTreeMap<Jid, Played>,
    submitted: usize,
    asked: usize,
}

/// A job on the cluster.
#[derive(Debug)]
struct Played {
    started: bool,
    looks_left: u32,
    exit: i32,
    killed: Option<Kill>,
}

impl Pretended {
    fn cluster(&self) -> MutexGuard<'_, Cluster> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cluster {
    fn submit(&mut self, job: &Submission) -> Result<Accepted, Refused> {
        // "Limit reached" is no failure: the engine asks again when a job has ended.
        if self.jobs.len() == LIMIT {
            return Err(Refused::Later(format!("the cluster takes {LIMIT} jobs")));
        }
        let number = |at: usize| job.argv.args().get(at)?.to_str()?.parse().ok();
        let (Some(looks), Some(exit)) = (number(0), number(1)) else {
            return Err(Refused::ForGood(format!("`{}` is not `play RUNS EXIT`", job.argv)));
        };
        self.submitted += 1;
        // The run's own id makes the name one that no other run has: people find the job by it.
        let jid: Jid = format!("{}-{}", job.run, self.submitted).into();
        let looks_left = u32::try_from(looks).unwrap_or_default();
        self.jobs.insert(jid.clone(), Played { started: false, looks_left, exit, killed: None });
        Ok(Accepted { jid, running: false, process: None })
    }

    fn look(&mut self) -> Result<Vec<Observation>, Unreachable> {
        self.asked += 1;
        // A cluster that does not answer says nothing about any job. The engine asks again.
        if self.asked == 2 {
            return Err(Unreachable("the controller is down".to_owned()));
        }
        let mut told = Vec::new();
        self.jobs.retain(|jid, job| {
            let seen = job.look();
            let goes_on = !matches!(seen, Some(Seen::Exited { .. }));
            told.extend(seen.map(|seen| Observation { jid: jid.clone(), seen }));
            goes_on
        });
        Ok(told)
    }
}

impl Played {
    fn look(&mut self) -> Option<Seen> {
        if !std::mem::replace(&mut self.started, true) {
            return Some(Seen::Started);
        }
        let end = match (self.killed, self.looks_left, self.exit) {
            (Some(Kill::Term), ..) => Err(Failure::Signal(Signal(15))),
            (Some(Kill::Kill), ..) => Err(Failure::Signal(Signal(9))),
            (None, 0, 0) => Ok(()),
            (None, 0, exit) => Err(Failure::ExitCode(exit)),
            (None, ..) => {
                self.looks_left -= 1;
                return None;
            }
        };
        Some(Seen::Exited { end, usage: None })
    }
}

impl Backend for Pretended {
    fn name(&self) -> &str {
        "pretended"
    }

    fn uses_files(&self) -> bool {
        false
    }

    fn submit<'a>(&'a self, jobs: &'a [Submission]) -> Answer<'a, Vec<Result<Accepted, Refused>>> {
        Box::pin(async { jobs.iter().map(|job| self.cluster().submit(job)).collect() })
    }

    fn observe<'a>(&'a self, _: &'a [Jid]) -> Answer<'a, Result<Vec<Observation>, Unreachable>> {
        // One question for all jobs, and a pause before it: the engine calls again.
        Box::pin(async {
            tokio::time::sleep(INTERVAL).await;
            self.cluster().look()
        })
    }

    fn kill<'a>(&'a self, jids: &'a [Jid], how: Kill) -> Answer<'a, Result<(), Unreachable>> {
        Box::pin(async move {
            let mut cluster = self.cluster();
            for jid in jids {
                // One that has ended is no error.
                if let Some(job) = cluster.jobs.get_mut(jid) {
                    job.killed = Some(how);
                }
            }
            Ok(())
        })
    }
}

#[tokio::main]
async fn main() -> xqute::Result<()> {
    let xqute = Xqute::builder()
        .backend(Pretended::default())
        .forks(5)
        .workdir(std::env::temp_dir().join(format!("xqute-custom-backend-{}", std::process::id())))
        .build()?;
    let workdir = xqute.run().workdir().to_owned();
    let again = RetryPolicy::new(2).delay(Duration::from_millis(1));
    for runs in ["0", "1", "2", "3"] {
        xqute.feed(["play", runs, "0"]).await?;
    }
    xqute.feed(["play", "1", "7"]).await?;
    xqute.feed(JobSpec::new(["play", "1", "8"]).retry(again)).await?;
    xqute.feed(["play", "a", "tune"]).await?;
    let endless = xqute.feed(["play", "4000000000", "0"]).await?;
    xqute.kill(endless)?;
    let summary = xqute.run_until_complete().await?;
    println!("{summary}");
    let counts = summary.counts;
    assert_eq!((counts.succeeded, counts.failed, counts.killed + counts.cancelled), (4, 3, 1));
    drop(xqute);
    std::fs::remove_dir_all(workdir).expect("the work directory is removed");
    Ok(())
}
