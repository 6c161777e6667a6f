//! Which attempts did earlier runs leave, of which nobody has told the end?

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::record::{By, Record};
use crate::lifecycle::Tried;

/// An attempt that was submitted, or about to be, and whose end is not told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct PastLeft {
    /// The attempts before it.
    pub(crate) tried: Tried,
    /// The run that submitted it, or was about to. Empty: that cannot be read.
    pub(crate) run: Arc<str>,
    pub(crate) jid: Option<Box<str>>,
    pub(crate) process: Option<(i32, u64)>,
    /// When it began to run, in milliseconds since the epoch.
    pub(crate) started: Option<u64>,
    /// For whom it was told to end.
    pub(crate) told: Option<By>,
}

/// The attempts of all jobs that may have one whose end is not told. There are as many as run at once, and as wait for their
/// next attempt: a job that has ended is forgotten.
#[derive(Debug, Default)]
pub(super) struct Lefts {
    jobs: HashMap<usize, Attempt>,
    /// The run whose records are being read, and which one of all it is.
    run: Arc<str>,
    runs: usize,
}

#[derive(Debug, Default)]
struct Attempt {
    left: PastLeft,
    /// Whether its end is not told yet. Else it has failed, and `left` has what comes before the next.
    open: bool,
    /// Which run has had it last.
    of_run: usize,
}

impl Lefts {
    pub(super) fn open(self) -> BTreeMap<usize, PastLeft> {
        self.jobs.into_iter().filter(|(_, it)| it.open).map(|(index, it)| (index, it.left)).collect()
    }

    pub(super) fn take(&mut self, record: &Record<'_>) {
        match *record {
            Record::Run { id, .. } => (self.run, self.runs) = (id.into(), self.runs + 1),
            Record::Submitting { index, attempt } => drop(self.begin(index, attempt)),
            Record::Submitted { index, attempt, jid, process, .. } => {
                let left = self.of_this_run(index, attempt);
                (left.jid, left.process) = (named(jid), process);
            }
            Record::Adopted { index, attempt, run, jid, process, .. } => {
                let of_run = self.runs;
                let it = self.jobs.entry(index).or_default();
                it.at(attempt);
                (it.open, it.of_run) = (true, of_run);
                if !run.is_empty() && *it.left.run != *run {
                    it.left.run = run.into();
                }
                (it.left.jid, it.left.process) = (named(jid), process);
            }
            Record::Started { index, attempt, when } => self.same(index, attempt).started = Some(when),
            Record::Killing { index, attempt, by, .. } => self.same(index, attempt).told = Some(by),
            Record::Failed { index, attempt, .. } => self.end(index, attempt).paid += 1,
            Record::Excused { index, attempt, .. } => self.end(index, attempt).free += 1,
            // Where this run never had it, what an earlier one left is still there.
            Record::Unstarted { index, .. }
                if self.jobs.get(&index).is_some_and(|it| it.of_run == self.runs) =>
            {
                self.jobs.remove(&index);
            }
            Record::Ended { index, .. } => drop(self.jobs.remove(&index)),
            Record::Unstarted { .. }
            | Record::Fed { .. }
            | Record::Done { .. }
            | Record::RunIn { .. }
            | Record::Environment { .. }
            | Record::Rules { .. }
            | Record::Output { .. }
            | Record::Retry { .. }
            | Record::GaveUp { .. }
            | Record::Stopped { .. }
            | Record::Waits { .. }
            | Record::Given { .. }
            | Record::After { .. }
            | Record::Files { .. }
            | Record::Held { .. }
            | Record::ListEnded { .. }
            | Record::Compacted { .. } => {}
        }
    }

    /// This run begins an attempt.
    fn begin(&mut self, index: usize, attempt: u32) -> &mut PastLeft {
        let it = self.jobs.entry(index).or_default();
        it.at(attempt);
        let tried = it.left.tried;
        it.left = PastLeft { tried, run: Arc::clone(&self.run), ..PastLeft::default() };
        (it.open, it.of_run) = (true, self.runs);
        &mut it.left
    }

    /// An attempt that this run has begun.
    fn of_this_run(&mut self, index: usize, attempt: u32) -> &mut PastLeft {
        let is_this = self.jobs.get(&index).is_some_and(|it| it.of_run == self.runs);
        if is_this { self.same(index, attempt) } else { self.begin(index, attempt) }
    }

    /// An attempt that this run has begun or adopted. The record of that may be one of those that cannot be read.
    fn same(&mut self, index: usize, attempt: u32) -> &mut PastLeft {
        let is_same = |it: &Attempt| it.open && it.left.tried.count() == attempt;
        if !self.jobs.get(&index).is_some_and(is_same) {
            return self.begin(index, attempt);
        }
        let of_run = self.runs;
        let it = self.jobs.entry(index).or_default();
        it.of_run = of_run;
        &mut it.left
    }

    /// An attempt has failed, and another is to follow: what is counted before that.
    fn end(&mut self, index: usize, attempt: u32) -> &mut Tried {
        let it = self.jobs.entry(index).or_default();
        it.at(attempt);
        it.open = false;
        &mut it.left.tried
    }
}

impl Attempt {
    /// It is this one. Where not all before it can be read, they count as those that cost one.
    fn at(&mut self, attempt: u32) {
        if self.left.tried.count() != attempt {
            self.left.tried = Tried { paid: attempt, free: 0 };
        }
    }
}

fn named(jid: &str) -> Option<Box<str>> {
    (!jid.is_empty()).then(|| jid.into())
}

#[cfg(test)]
mod tests;
