//! What was called, in which order, and what did each hook see?

use std::fmt::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};

use xqute::Job;

use crate::plan::{Act, Plan};

/// A call of a hook.
#[derive(Debug, Clone)]
pub struct Call {
    /// The hook.
    pub hook: &'static str,
    /// The job that it is about, as it saw it; `None`: it is about the run.
    pub job: Option<Job>,
    /// What it saw, in words.
    pub seen: String,
    /// What it did and answered, in words.
    pub said: String,
    /// Which poll it is, where it is one.
    pub counter: Option<u64>,
}

/// Every call of a run's hooks. Those of one job are in the order in which they came.
#[derive(Debug, Default)]
pub struct Trace(Mutex<Vec<Call>>);

impl Trace {
    /// The calls so far.
    pub fn calls(&self) -> Vec<Call> {
        self.lock().clone()
    }

    /// Writes down a call about the run.
    pub(crate) fn note(&self, hook: &'static str, seen: String) {
        self.lock().push(Call { hook, job: None, seen, said: String::new(), counter: None });
    }

    /// Writes down a call about a job; gives what the hook is to do.
    pub(crate) fn enter(&self, hook: &'static str, job: &Job, counter: Option<u64>) -> Vec<Act> {
        let mut calls = self.lock();
        let is_same = |call: &&Call| call.job.as_ref().is_some_and(|it| it.index() == job.index());
        let before: Vec<&str> = calls.iter().filter(is_same).map(|call| call.hook).collect();
        let acts = job.data::<Plan>().map(|plan| plan.acts(hook, &before)).unwrap_or_default();
        let (seen, said) = (seen(job), said(&acts));
        calls.push(Call { hook, job: Some(job.clone()), seen, said, counter });
        acts
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Call>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a hook sees of a job, but for what differs from run to run: numbers of processes, times, paths.
pub fn seen(job: &Job) -> String {
    let mut told = format!("{:<9} trial {}", job.status(), job.trial_count());
    let facts =
        [(job.jid().is_some(), " jid"), (job.usage().is_some(), " usage"), (job.will_retry(), " will-retry")];
    facts.iter().filter(|(is_so, _)| *is_so).for_each(|(_, word)| told.push_str(word));
    if let Some(outcome) = job.outcome() {
        write!(told, ": {outcome}").expect("a text takes what is written");
    }
    told
}

/// Waiting is no matter of the trace.
fn said(acts: &[Act]) -> String {
    let word = |act: &Act| match act {
        Act::Await(_) | Act::Open(_) => None,
        Act::Kill(index) => Some(format!(" -> kill {index}")),
        Act::Cancel => Some(" -> cancel the run".to_owned()),
        Act::Veto(reason) => Some(format!(" -> veto: {reason}")),
        Act::Skip(reason) => Some(format!(" -> skip: {reason}")),
        Act::Later(reason) => Some(format!(" -> later: {reason}")),
    };
    acts.iter().filter_map(word).collect()
}
