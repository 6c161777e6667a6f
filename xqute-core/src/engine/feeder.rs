//! How does a job come in? In order, checked, and only where there is room.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc::{self, error::TrySendError};

use super::history::History;
use super::treaty::{Fed, Message};
use crate::hook::{Control, FeedError, NoSuchJob, Progress};
use crate::job::{JobRef, JobSpec, Need};

/// The most jobs that were fed and not yet looked at.
pub(super) const WAITING_FED: usize = 1024;

/// Numbers jobs and hands them to the dispatcher.
#[derive(Debug)]
pub(super) struct Feeder {
    jobs: mpsc::Sender<Fed>,
    messages: mpsc::UnboundedSender<Message>,
    /// Held while a job is sent, so that jobs arrive in the order of their indices, and none after the run is over.
    door: Mutex<Door>,
    /// As the engine tells from time to time, without what is fed.
    reached: Mutex<Progress>,
}

/// Who comes in.
#[derive(Debug)]
struct Door {
    /// The next index.
    next: usize,
    /// Why no more come in.
    closed: Option<FeedError>,
    /// More come from outside.
    feeding: bool,
    history: Arc<History>,
    /// The jobs that have a name or tags, by each.
    words: HashMap<Arc<str>, Vec<usize>>,
}

impl Feeder {
    pub(super) fn new(messages: mpsc::UnboundedSender<Message>) -> (Self, mpsc::Receiver<Fed>) {
        let (jobs, fed) = mpsc::channel(WAITING_FED);
        let door = Door {
            next: 0,
            closed: Some(FeedError::NotBuilt),
            feeding: true,
            history: Arc::default(),
            words: HashMap::new(),
        };
        (Self { jobs, messages, door: Mutex::new(door), reached: Mutex::default() }, fed)
    }

    /// What an earlier run has left. Before that no job comes in.
    pub(super) fn remember(&self, history: History) {
        let mut door = self.door();
        (door.history, door.closed) = (Arc::new(history), None);
    }

    /// Waits for room. If it is dropped while it waits, the job is not taken.
    pub(super) async fn feed(&self, spec: JobSpec) -> Result<usize, FeedError> {
        spec.check()?;
        let room = self.jobs.reserve().await.map_err(|_| self.why_closed())?;
        self.numbered(spec, |fed| room.send(fed))
    }

    /// Takes no more jobs, because the run is over, or is being stopped. Those that were taken are in the channel.
    pub(super) fn close(&self, stopping: bool) {
        let mut door = self.door();
        door.feeding = false;
        door.closed.get_or_insert(if stopping { FeedError::Stopping } else { FeedError::Closed });
    }

    pub(super) fn is_feeding(&self) -> bool {
        self.door().feeding
    }

    /// No more come from outside, although there are more.
    pub(super) fn break_off(&self) {
        self.door().feeding = false;
        // Nobody receives any more: the run is over.
        let _ = self.messages.send(Message::StopFeeding { list: None });
    }

    /// What earlier runs left.
    pub(super) fn history(&self) -> Arc<History> {
        Arc::clone(&self.door().history)
    }

    /// So far is the run, whatever is fed.
    pub(super) fn reached(&self, progress: Progress) {
        *self.reached.lock().unwrap_or_else(PoisonError::into_inner) = progress;
    }

    /// Nobody receives any more. A run that was stopped says so, however long ago it has ended.
    fn why_closed(&self) -> FeedError {
        self.door().closed.clone().unwrap_or(FeedError::Closed)
    }

    fn numbered(&self, spec: JobSpec, send: impl FnOnce(Fed)) -> Result<usize, FeedError> {
        let mut door = self.door();
        if let Some(closed) = &door.closed {
            return Err(closed.clone());
        }
        let index = door.next;
        let after = door.after(&spec)?;
        let (digest, before) = door.history.look(index, &spec)?;
        door.next += 1;
        spec.words().for_each(|word| door.words.entry(word).or_default().push(index));
        send(Fed { index, spec, digest, before, after });
        Ok(index)
    }

    fn door(&self) -> MutexGuard<'_, Door> {
        self.door.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Door {
    /// The jobs that this one is to wait for, each once; that one succeeds is more than that it ends.
    fn after(&self, spec: &JobSpec) -> Result<Vec<(usize, Need)>, FeedError> {
        let mut all: BTreeMap<usize, Need> = BTreeMap::new();
        for (job, need) in spec.given_after() {
            let unknown = || FeedError::UnknownJob { job: job.clone(), fed: self.next };
            let found: &[usize] = match job {
                JobRef::Index(index) if *index < self.next => std::slice::from_ref(index),
                JobRef::Index(_) => return Err(unknown()),
                JobRef::Word(word) => self.words.get(word).ok_or_else(unknown)?,
            };
            for index in found {
                let known = all.entry(*index).or_insert(*need);
                if *need == Need::Success {
                    *known = Need::Success;
                }
            }
        }
        Ok(all.into_iter().collect())
    }
}

impl Control for Feeder {
    fn try_feed(&self, spec: JobSpec) -> Result<usize, FeedError> {
        spec.check()?;
        let room = self.jobs.try_reserve().map_err(|error| match error {
            TrySendError::Full(()) => FeedError::Full,
            TrySendError::Closed(()) => self.why_closed(),
        })?;
        self.numbered(spec, |fed| room.send(fed))
    }

    fn kill(&self, index: usize) -> Result<(), NoSuchJob> {
        let fed = self.door().next;
        if index >= fed {
            return Err(NoSuchJob { index, fed });
        }
        // Nobody receives any more: the run is over, and so is the job.
        let _ = self.messages.send(Message::Kill(index));
        Ok(())
    }

    fn cancel(&self) {
        // Nobody receives any more: the run is over.
        let _ = self.messages.send(Message::Cancel);
    }

    fn stop_feeding(&self) {
        let mut door = self.door();
        let list = std::mem::take(&mut door.feeding).then_some(door.next);
        // Nobody receives any more: the run is over.
        let _ = self.messages.send(Message::StopFeeding { list });
    }

    fn progress(&self) -> Progress {
        let reached = *self.reached.lock().unwrap_or_else(PoisonError::into_inner);
        let door = self.door();
        Progress { fed: door.next, is_feeding: door.feeding, ..reached }
    }
}
