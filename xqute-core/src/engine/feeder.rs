//! How does a job come in? In order, and only where there is room.

use std::sync::{Mutex, PoisonError};

use tokio::sync::mpsc::{self, error::TrySendError};

use super::treaty::Fed;
use crate::hook::{Control, FeedError};
use crate::job::JobSpec;

/// The most jobs that were fed and not yet looked at.
pub(super) const WAITING_FED: usize = 1024;

/// Numbers jobs and hands them to the dispatcher.
#[derive(Debug)]
pub(super) struct Feeder {
    jobs: mpsc::Sender<Fed>,
    /// The next index, until the run takes no more. Held while a job is sent, so that jobs arrive in the order of their
    /// indices, and none after the run is over.
    next: Mutex<Option<usize>>,
}

impl Feeder {
    pub(super) fn new() -> (Self, mpsc::Receiver<Fed>) {
        let (jobs, fed) = mpsc::channel(WAITING_FED);
        (Self { jobs, next: Mutex::new(Some(0)) }, fed)
    }

    /// Waits for room. If it is dropped while it waits, the job is not taken.
    pub(super) async fn feed(&self, spec: JobSpec) -> Result<usize, FeedError> {
        check(&spec)?;
        let room = self.jobs.reserve().await.map_err(|_| FeedError::Closed)?;
        self.numbered(spec, |fed| room.send(fed))
    }

    /// Takes no more jobs. Those that were taken are in the channel.
    pub(super) fn close(&self) {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn numbered(&self, spec: JobSpec, send: impl FnOnce(Fed)) -> Result<usize, FeedError> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let index = (*next).ok_or(FeedError::Closed)?;
        *next = Some(index + 1);
        send(Fed { index, spec });
        Ok(index)
    }
}

impl Control for Feeder {
    fn try_feed(&self, spec: JobSpec) -> Result<usize, FeedError> {
        check(&spec)?;
        let room = self.jobs.try_reserve().map_err(|error| match error {
            TrySendError::Full(()) => FeedError::Full,
            TrySendError::Closed(()) => FeedError::Closed,
        })?;
        self.numbered(spec, |fed| room.send(fed))
    }
}

fn check(spec: &JobSpec) -> Result<(), FeedError> {
    spec.argv().map(drop).map_err(|error| FeedError::Command(error.clone()))
}
