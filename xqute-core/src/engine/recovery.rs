//! What did earlier runs leave, and what became of it? Held until the jobs are fed that it is of.

use std::collections::{BTreeMap, HashMap};

use crate::backend::{Found, Jid, Left, Process, Seen};
use crate::job::Need;
use crate::store::{Past, PastLeft};

/// The attempts whose end the journal does not tell.
#[derive(Debug, Default)]
pub(super) struct Recovery {
    jobs: BTreeMap<usize, Leaving>,
    /// The scheduler has not told yet what became of them.
    asking: bool,
    /// Those that live, until they are adopted.
    live: HashMap<Jid, usize>,
}

#[derive(Debug)]
struct Leaving {
    left: PastLeft,
    /// `None`: nobody has told yet.
    found: Option<Found>,
    /// The jobs that its job waits for, should it be submitted again.
    after: Vec<(usize, Need)>,
}

/// What is left of a job, what became of it, and which jobs it would wait for.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) left: PastLeft,
    pub(super) found: Found,
    pub(super) after: Vec<(usize, Need)>,
}

impl Recovery {
    /// `scheduler`: the one that can be asked. What another has, nobody can tell.
    pub(super) fn new(past: &mut Past, scheduler: &str) -> Self {
        let left = past.take_left();
        let leaving = |(index, left): (usize, PastLeft)| {
            let found = not_to_be_asked(&left, past.scheduler(&left.run), scheduler).map(Found::Unknown);
            (index, Leaving { left, found, after: Vec::new() })
        };
        let jobs: BTreeMap<usize, Leaving> = left.into_iter().map(leaving).collect();
        let asking = jobs.values().any(|it| it.found.is_none());
        Self { jobs, asking, live: HashMap::new() }
    }

    /// Whether nothing is left.
    pub(super) fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// What the scheduler is to be asked about.
    pub(super) fn question(&self) -> Vec<Left> {
        self.jobs
            .iter()
            .filter(|(_, it)| it.found.is_none())
            .map(|(index, it)| left(*index, &it.left))
            .collect()
    }

    /// What it says to each, in the order of the question.
    pub(super) fn answered(&mut self, found: Vec<Found>) {
        self.asking = false;
        let mut found = found.into_iter();
        for (index, it) in self.jobs.iter_mut().filter(|(_, it)| it.found.is_none()) {
            let silent = || Found::Unknown("the backend gave no answer to the question".to_owned());
            let found = found.next().unwrap_or_else(silent);
            if let Found::Live(accepted) = &found {
                self.live.insert(accepted.jid.clone(), *index);
            }
            it.found = Some(found);
        }
    }

    pub(super) fn is_asking(&self) -> bool {
        self.asking
    }

    pub(super) fn has(&self, index: usize) -> bool {
        self.jobs.contains_key(&index)
    }

    /// The jobs below this index.
    pub(super) fn below(&self, index: usize) -> Vec<usize> {
        self.jobs.range(..index).map(|(index, _)| *index).collect()
    }

    /// Its job is fed, which would wait for these.
    pub(super) fn comes_in(&mut self, index: usize, after: Vec<(usize, Need)>) {
        if let Some(it) = self.jobs.get_mut(&index) {
            it.after = after;
        }
    }

    /// What is left of a job and what became of it, once that is told.
    pub(super) fn take(&mut self, index: usize) -> Option<Told> {
        self.jobs.get(&index)?.found.as_ref()?;
        let Leaving { left, found, after } = self.jobs.remove(&index)?;
        let found = found?;
        if let Found::Live(accepted) = &found {
            self.live.remove(&accepted.jid);
        }
        Some(Told { left, found, after })
    }

    /// Something was seen of one that is not adopted yet: whether it is one. Its end is told once, and is kept.
    pub(super) fn saw(&mut self, jid: &Jid, seen: &Seen) -> bool {
        let Some(index) = self.live.get(jid).copied() else { return false };
        let Some(Leaving { found: Some(found), .. }) = self.jobs.get_mut(&index) else { return false };
        match (seen, &mut *found) {
            (Seen::Started, Found::Live(accepted)) => accepted.running = true,
            (Seen::Started, _) => {}
            (Seen::Exited { end, usage }, _) => {
                *found = Found::Ended { end: end.clone(), usage: *usage };
                self.live.remove(jid);
            }
        }
        true
    }

    /// The scheduler's names of those that live and are not adopted.
    pub(super) fn live(&self) -> impl ExactSizeIterator<Item = &Jid> {
        self.live.keys()
    }
}

/// What became of an attempt, where the scheduler need not be asked, because nobody can tell.
fn not_to_be_asked(left: &PastLeft, had: Option<&str>, scheduler: &str) -> Option<String> {
    if left.run.is_empty() {
        return Some("which run had submitted it cannot be read in the journal".to_owned());
    }
    let other = had.filter(|it| *it != scheduler)?;
    Some(format!("it was submitted to `{other}`, and this run has `{scheduler}`"))
}

fn left(index: usize, left: &PastLeft) -> Left {
    Left {
        index,
        attempt: left.tried.count(),
        run: left.run.clone(),
        jid: left.jid.as_deref().map(Into::into),
        process: left.process.map(|(pid, start)| Process { pid, start }),
    }
}
