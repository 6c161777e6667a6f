//! Which jobs are there? A dense table: an index is a place in it. A job that is over takes nine bytes.

use std::num::NonZeroU64;
use std::sync::Arc;

use super::dispatcher::Later;
use super::treaty::Notice;
use crate::backend::Jid;
use crate::job::{Asked, Job, JobSpec, Moment, Outcome, Usage};
use crate::lifecycle::{State, Tried};
use crate::script::Fragments;

/// The jobs of a run.
#[derive(Debug, Default)]
pub(super) struct Jobs {
    slots: Vec<Option<Box<Entry>>>,
    /// Whether they succeeded; `None`: they have not ended.
    ends: Vec<Option<bool>>,
    left: usize,
}

impl Jobs {
    /// How many there are, over or not.
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// How many have not ended, or have hooks that have not returned.
    pub(super) fn left(&self) -> usize {
        self.left
    }

    pub(super) fn push(&mut self, entry: Entry) {
        self.slots.push(Some(Box::new(entry)));
        self.ends.push(None);
        self.left += 1;
    }

    /// A job that was over before.
    pub(super) fn push_over(&mut self, well: bool) {
        self.slots.push(None);
        self.ends.push(Some(well));
    }

    /// It has ended, with success or not.
    pub(super) fn set_end(&mut self, index: usize, well: bool) {
        if let Some(end) = self.ends.get_mut(index) {
            *end = Some(well);
        }
    }

    /// Whether a job has succeeded; `None`: it has not ended.
    pub(super) fn ended_well(&self, index: usize) -> Option<bool> {
        self.ends.get(index).copied().flatten()
    }

    /// A job that is not over.
    pub(super) fn get(&self, index: usize) -> Option<&Entry> {
        self.slots.get(index)?.as_deref()
    }

    pub(super) fn get_mut(&mut self, index: usize) -> Option<&mut Entry> {
        self.slots.get_mut(index)?.as_deref_mut()
    }

    /// The jobs that are not over and are so.
    pub(super) fn which(&self, so: impl Fn(&Entry) -> bool) -> Vec<usize> {
        let entries =
            self.slots.iter().enumerate().filter_map(|(index, slot)| Some((index, slot.as_deref()?)));
        entries.filter(|(_, entry)| so(entry)).map(|(index, _)| index).collect()
    }

    /// Lets a job go that has ended and whose hooks have returned.
    pub(super) fn settle(&mut self, index: usize) -> Option<Arc<Asked>> {
        let slot = self.slots.get_mut(index)?;
        slot.as_deref().filter(|entry| matches!(entry.state, State::Ended(_)) && !entry.calling)?;
        self.left -= 1;
        slot.take().map(|entry| entry.asked)
    }
}

/// A job that is not over.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) state: State,
    pub(super) asked: Arc<Asked>,
    pub(super) tried: Tried,
    /// What the scheduler calls its attempt.
    pub(super) jid: Option<Jid>,
    /// How it ended, or its last attempt.
    pub(super) outcome: Option<Outcome>,
    /// What its last attempt used.
    pub(super) usage: Option<Usage>,
    /// The exit code of its last attempt, where that is known.
    pub(super) rc: Option<i32>,
    /// When its last attempt began to run, and when it was seen to have ended: milliseconds since the epoch.
    pub(super) times: (Option<NonZeroU64>, Option<NonZeroU64>),
    /// What plugins put around its command.
    pub(super) fragments: Fragments,
    /// What the gate of submission said last, if that was: later.
    pub(super) later: Option<Box<Later>>,
    /// Its hooks are being called.
    pub(super) calling: bool,
    /// What its hooks are called for next.
    pub(super) waiting: Vec<Notice>,
    /// Its next attempt is due, when its hooks have returned.
    pub(super) due: bool,
    /// The broken hook that fails it.
    pub(super) fault: Option<Arc<str>>,
    /// How often it was told that this attempt still runs.
    pub(super) polls: u64,
    /// The scheduler has had it.
    pub(super) ran: bool,
    /// The directory of this attempt is made.
    pub(super) prepared: bool,
    /// Whether it has files of its own; `None`: this run has not submitted it.
    pub(super) files: Option<bool>,
    /// An earlier run submitted this attempt.
    pub(super) adopted: bool,
    /// It was told to end by an earlier run, for no fault of its own.
    pub(super) was_told: bool,
}

impl Entry {
    /// Whether something can be written to files of its own.
    pub(super) fn may_have_files(&self) -> bool {
        self.files != Some(false)
    }

    pub(super) fn new(asked: Asked) -> Self {
        Self {
            state: State::Init,
            asked: Arc::new(asked),
            tried: Tried::default(),
            jid: None,
            outcome: None,
            usage: None,
            rc: None,
            times: (None, None),
            fragments: Fragments::default(),
            later: None,
            calling: false,
            waiting: Vec::new(),
            due: false,
            fault: None,
            polls: 0,
            ran: false,
            prepared: false,
            files: None,
            adopted: false,
            was_told: false,
        }
    }

    pub(super) fn spec(&self) -> &JobSpec {
        &self.asked.spec
    }

    /// The job as the hooks of a moment see it.
    pub(super) fn snapshot(&self, index: usize, moment: Moment) -> Job {
        let ended = matches!(
            moment,
            Moment::Failed | Moment::Succeeded | Moment::Killed | Moment::Cancelled | Moment::Verifying
        );
        Job {
            index,
            asked: Arc::clone(&self.asked),
            status: moment.status(),
            jid: self.jid.clone(),
            trial_count: self.tried.count()
                - u32::from(moment == Moment::Failed && self.state == State::Waiting),
            will_retry: self.state == State::Waiting && moment == Moment::Failed,
            outcome: self.outcome.clone().filter(|_| ended),
            usage: self.usage.filter(|_| ended),
            rc: self.rc.filter(|_| ended),
            times: self.times,
        }
    }
}
