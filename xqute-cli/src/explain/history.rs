//! What happened to a job, attempt by attempt?

use anyhow::Result;
use serde::Serialize;
use xqute::{Entries, Entry, Fact};

/// All that the journal has of a job, and of its runs what concerns it.
#[derive(Debug, Default)]
pub(super) struct History {
    pub(super) attempts: Vec<Attempt>,
    pub(super) compacted: bool,
    /// The run that is going on, or was the last.
    pub(super) run: Rules,
    /// How many runs began since its last record.
    pub(super) passed_over: usize,
}

/// What the last run goes by.
#[derive(Debug, Default, Clone)]
pub(super) struct Rules {
    pub(super) id: String,
    pub(super) forks: Option<usize>,
    pub(super) timeout: Option<u64>,
    pub(super) held: String,
    /// Since when a plugin holds it, and after how many milliseconds it is asked again; `None`: none does.
    pub(super) held_since: Option<(Option<u64>, u64)>,
    /// The jobs that it has to wait for, or had to.
    pub(super) waits: Vec<usize>,
    /// Why it was stopped, and because of how which job ended. Kept from the run of the job's last record.
    pub(super) stopped: Option<(String, Option<usize>)>,
}

/// One try, or an end without one.
#[derive(Debug, Default, Serialize)]
pub(super) struct Attempt {
    pub(super) run: String,
    pub(super) attempt: Option<u32>,
    jid: Option<String>,
    submitted: Option<u64>,
    pub(super) started: Option<u64>,
    pub(super) ended: Option<u64>,
    pub(super) seconds: Option<f64>,
    pub(super) state: String,
    pub(super) why: Option<String>,
    rc: Option<i32>,
    pub(super) used: Option<u32>,
    pub(super) retries: Option<u32>,
    pub(super) covered: Option<bool>,
    pub(super) next: Option<u64>,
    #[serde(skip)]
    pub(super) stopped: Option<(String, Option<usize>)>,
}

impl History {
    pub(super) fn read(mut entries: Entries, index: usize) -> Result<Self> {
        let mut history = Self::default();
        while let Some(entry) = entries.next_about(index) {
            history.take(entry?);
        }
        Ok(history)
    }

    fn take(&mut self, entry: Entry) {
        let Entry { when, index, attempt, fact, .. } = entry;
        if index.is_some() {
            self.passed_over = 0;
        }
        match fact {
            Fact::Run { id, .. } => {
                self.run = Rules { id, ..Rules::default() };
                self.passed_over += 1;
                self.leave();
            }
            Fact::Rules { forks, timeout, held, .. } => {
                (self.run.forks, self.run.timeout, self.run.held) = (Some(forks), timeout, held);
            }
            Fact::Waits { on } => self.run.waits = on,
            Fact::Held { wait, .. } => self.run.held_since = Some((when, wait)),
            Fact::Stopped { why, by } => self.run.stopped = Some((why, by)),
            Fact::Compacted { .. } => self.compacted = true,
            Fact::Submitting => self.begin(attempt),
            Fact::Submitted { jid } => {
                let last = self.at(attempt);
                (last.jid, last.submitted) = (Some(jid), when);
                "submitted".clone_into(&mut last.state);
            }
            Fact::Started => {
                let last = self.at(attempt);
                last.started = when;
                "running".clone_into(&mut last.state);
            }
            Fact::Adopted { jid, .. } => {
                let last = self.at(attempt);
                (last.jid, last.submitted) = (Some(jid), when);
                "adopted from an earlier run".clone_into(&mut last.state);
            }
            Fact::Failed { why, rc, .. } | Fact::Excused { why, rc, .. } => {
                self.ends((attempt, when), "failed", (why, rc));
            }
            Fact::Ended { state, why, rc, .. } => self.ends((attempt, when), &state, (why, rc)),
            Fact::Unstarted { why } => {
                let state = if why.starts_with("killed") { "killed" } else { "cancelled" };
                self.ends((None, when), state, (why, None));
            }
            Fact::Retry { used, retries, wait } => {
                let last = self.at(attempt);
                (last.used, last.retries) = (Some(used), Some(retries));
                last.next = when.map(|it| it.saturating_add(wait));
            }
            Fact::GaveUp { used, retries, covered } => {
                let last = self.at(attempt);
                (last.used, last.retries, last.covered) = (Some(used), Some(retries), Some(covered));
            }
            _ => {}
        }
    }

    fn begin(&mut self, attempt: Option<u32>) {
        let (run, state) = (self.run.id.clone(), "being submitted".to_owned());
        // One that the scheduler did not take for now is submitted again.
        if let Some(last) = self.attempts.last()
            && (last.run == run && last.attempt == attempt && last.ended.is_none())
        {
            return;
        }
        self.attempts.push(Attempt { run, attempt, state, ..Attempt::default() });
    }

    /// The attempt that a record is about. The record of its beginning may be one of those that cannot be read.
    fn at(&mut self, attempt: Option<u32>) -> &mut Attempt {
        let run = &self.run.id;
        let is_last = self.attempts.last().is_some_and(|it| it.run == *run && it.attempt == attempt);
        if !is_last {
            self.begin(attempt);
        }
        let at = self.attempts.len() - 1;
        &mut self.attempts[at]
    }

    /// An end that is of no attempt stands for itself: a veto, or the run was stopped before its turn.
    fn ends(
        &mut self,
        (attempt, when): (Option<u32>, Option<u64>),
        state: &str,
        (why, rc): (String, Option<i32>),
    ) {
        let run = self.run.id.clone();
        let is_open = |it: &Attempt| it.run == run && it.ended.is_none();
        if !self.attempts.last().is_some_and(is_open) {
            let state = state.to_owned();
            self.attempts.push(Attempt { run, state, ..Attempt::default() });
        } else if attempt.is_some() {
            self.at(attempt);
        }
        let stopped = self.run.stopped.clone();
        let at = self.attempts.len() - 1;
        let last = &mut self.attempts[at];
        let took = last.started.and_then(|began| when?.checked_sub(began));
        last.seconds = took.map(|it| it as f64 / 1000.0);
        (last.ended, last.why, last.rc, last.stopped) = (when, Some(why), rc, stopped);
        state.clone_into(&mut last.state);
    }

    /// A new run begins: what the last one left open has no end.
    fn leave(&mut self) {
        if let Some(last) = self.attempts.last_mut().filter(|it| it.ended.is_none()) {
            "unfinished: the program ended before it did".clone_into(&mut last.state);
        }
    }
}

/// What the policy for retries said to a failed attempt.
pub(super) fn rule(attempt: &Attempt) -> Option<String> {
    let (used, retries) = (attempt.used?, attempt.retries?);
    Some(match attempt.covered {
        Some(false) => format!("its {retries} retries are not for such a failure"),
        Some(true) if used < retries => {
            format!("{used} of {retries} retries were used, and no more attempts were to start")
        }
        Some(true) => format!("all of its {retries} retries were used"),
        None => format!("{used} of {retries} retries used"),
    })
}
