//! How is a cluster pretended? Each job does what its plan says, at its virtual time.

use std::collections::{BTreeMap, HashMap};
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;

use super::plan::{Plan, Until};
use crate::backend::{
    Accepted, Answer, Backend, Jid, Kill, Observation, Refused, Seen, Submission, Unreachable,
};
use crate::hook::record::Record;
use crate::job::{Failure, JobFiles, Signal};

/// The plans of jobs by their indices, an attempt each; further attempts do what the last one did.
pub(super) type Plans = Arc<Mutex<HashMap<usize, Vec<Plan>>>>;

/// A cluster that follows a script.
#[derive(Debug)]
pub(super) struct Scripted {
    plans: Plans,
    /// Of those that are not among them.
    others: Plan,
    record: Arc<Record>,
    jobs: Mutex<BTreeMap<Jid, Played>>,
    /// There is more to tell than was known.
    changed: Notify,
}

/// A job that the cluster has.
#[derive(Debug)]
struct Played {
    index: usize,
    plan: Plan,
    /// `None`: never.
    starts: Option<Instant>,
    /// That it runs was told.
    told: bool,
    killed: Option<Kill>,
}

impl Scripted {
    pub(super) fn new(plans: Plans, others: Plan, record: Arc<Record>) -> Self {
        Self { plans, others, record, jobs: Mutex::default(), changed: Notify::new() }
    }

    fn jobs(&self) -> MutexGuard<'_, BTreeMap<Jid, Played>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn plan(&self, index: usize, attempt: u32) -> Plan {
        let all = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        let plans = all.get(&index).map_or(&[][..], Vec::as_slice);
        plans.get(attempt as usize).or(plans.last()).unwrap_or(&self.others).clone()
    }

    fn accept(&self, job: &Submission) -> Result<Accepted, Refused> {
        let plan = self.plan(job.index, job.attempt);
        if let Some(why) = plan.refusal {
            return Err(Refused::ForGood(why));
        }
        write_output(&job.files, &plan).map_err(|error| Refused::Storage(error.to_string()))?;
        let jid: Jid = format!("{}.{}", job.index, job.attempt).into();
        let told = plan.queued.is_zero();
        let starts = Instant::now().checked_add(plan.queued);
        let played = Played { index: job.index, plan, starts, told, killed: None };
        self.jobs().insert(Arc::clone(&jid), played);
        self.changed.notify_one();
        Ok(Accepted { jid, running: told, process: None })
    }

    /// What there is to tell now; else when there will be.
    fn look(&self) -> Result<Vec<Observation>, Option<Instant>> {
        let (now, mut seen, mut next) = (Instant::now(), Vec::new(), None);
        self.jobs().retain(|jid, job| {
            let polled = matches!(job.plan.until, Until::Poll(_)).then(|| self.record.last_poll(job.index));
            match job.look(now, polled.flatten()) {
                Ok(it) => {
                    let goes_on = it == Seen::Started;
                    seen.push(Observation { jid: Arc::clone(jid), seen: it });
                    goes_on
                }
                Err(due) => {
                    next = [next, due].into_iter().flatten().min();
                    true
                }
            }
        });
        if seen.is_empty() { Err(next) } else { Ok(seen) }
    }
}

impl Played {
    /// What is new of it; else when something will be. `polled`: the poll that was told last.
    fn look(&mut self, now: Instant, polled: Option<u64>) -> Result<Seen, Option<Instant>> {
        let exited = |end| Seen::Exited { end, usage: self.plan.usage };
        match self.killed {
            Some(Kill::Kill) => return Ok(exited(Err(Failure::Signal(Signal(9))))),
            Some(Kill::Term) if !self.plan.ignores_term => {
                return Ok(exited(Err(Failure::Signal(Signal(15)))));
            }
            _ => {}
        }
        let Some(starts) = self.starts.filter(|starts| *starts <= now) else {
            return Err(self.starts);
        };
        if !self.told {
            self.told = true;
            return Ok(Seen::Started);
        }
        let ends = match self.plan.until {
            Until::After(runs) => starts.checked_add(runs),
            Until::Poll(counter) => polled.filter(|polled| *polled >= counter).map(|_| now),
            Until::Killed => None,
        };
        match ends {
            Some(ends) if ends <= now => Ok(exited(self.plan.end.clone())),
            ends => Err(ends),
        }
    }
}

/// The files that a command's output goes to.
fn write_output(files: &JobFiles, plan: &Plan) -> std::io::Result<()> {
    std::fs::write(files.stdout(), &plan.stdout)?;
    std::fs::write(files.stderr(), "")
}

impl Backend for Scripted {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn submit<'a>(&'a self, jobs: &'a [Submission]) -> Answer<'a, Vec<Result<Accepted, Refused>>> {
        Box::pin(async move { jobs.iter().map(|job| self.accept(job)).collect() })
    }

    fn observe<'a>(&'a self, _: &'a [Jid]) -> Answer<'a, Result<Vec<Observation>, Unreachable>> {
        Box::pin(async move {
            loop {
                let next = match self.look() {
                    Ok(seen) => return Ok(seen),
                    Err(next) => next,
                };
                let due = async {
                    match next {
                        Some(due) => tokio::time::sleep_until(due).await,
                        None => pending().await,
                    }
                };
                tokio::select! {
                    () = due => {}
                    () = self.changed.notified() => {}
                    () = self.record.polled() => {}
                }
            }
        })
    }

    fn kill<'a>(&'a self, jids: &'a [Jid], how: Kill) -> Answer<'a, Result<(), Unreachable>> {
        Box::pin(async move {
            for jid in jids {
                // One that has ended is no error.
                if let Some(job) = self.jobs().get_mut(jid) {
                    job.killed = Some(how);
                }
            }
            self.changed.notify_one();
            Ok(())
        })
    }
}
