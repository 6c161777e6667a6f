//! How does a job end that is a child of the nursery, or of a guardian, and when is nothing left of it?

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Instant;

use rustix::process::{Pid, WaitOptions, waitpid};

use super::{PAUSES, errno};
use crate::backend::Kill;
use crate::backend::local::record::{self, Attempt, Record};
use crate::backend::local::stranger::is_alive;
use crate::backend::local::{group, guardian, slots, system};

#[derive(Debug)]
pub(super) struct Child {
    pub(super) attempt: Attempt,
    /// Leader of its group, whose number is its own.
    pub(super) pid: Pid,
    pub(super) start: u64,
    /// Readable when it has ended.
    pub(super) pidfd: Option<OwnedFd>,
    /// Who sees and writes down how it ends, if that is not this process.
    pub(super) guardian: Option<Pid>,
    /// It has said its last word when it has told the end.
    pub(super) is_awaited: bool,
    /// The peak of this process's memory when it was started: it began with that figure.
    pub(super) floor: Option<u32>,
    /// The last signal that it was sent.
    pub(super) sent: Option<Kill>,
    /// Which slot it has, if it has no files of its own.
    pub(super) slot: Option<usize>,
    /// How it ended. It is still here because it was killed, and its group has other members, or because what was written could not
    /// be kept.
    pub(super) ended: Option<Record>,
    /// Nothing is left of it that was to end: its number may be another's.
    pub(super) is_gone: bool,
    /// It has ended, and what it has written could not be kept yet.
    pub(super) is_held: bool,
    /// How often its group was looked at since.
    pub(super) polls: u32,
    /// When to look at it, where no descriptor tells.
    pub(super) due: Option<Instant>,
}

impl Child {
    pub(super) fn started(&self) -> Record {
        Record::Started { attempt: self.attempt, pid: self.number(), start: self.start, when: record::now() }
    }

    /// What is to be kept of it, now that it has ended.
    pub(super) fn output(&self) -> Option<slots::Ended> {
        let status = match self.ended? {
            Record::Ended { end, .. } => Some(end.status),
            _ => None,
        };
        Some(slots::Ended { slot: self.slot?, attempt: self.attempt, status })
    }

    pub(super) fn number(&self) -> i32 {
        self.pid.as_raw_nonzero().get()
    }

    pub(super) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.pidfd.as_ref().filter(|_| self.due.is_none()).map(OwnedFd::as_fd)
    }

    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.due.is_some_and(|due| due <= now)
    }

    /// Whether it has ended.
    pub(super) fn look(&mut self, now: Instant) -> bool {
        let (attempt, pid, when) = (self.attempt, self.number(), record::now());
        let lost = |error: io::Error| Record::Lost { attempt, pid, errno: errno(&error), when };
        self.ended = match (self.guardian, &self.pidfd) {
            (Some(_), Some(said)) => match guardian::end(said.as_fd()) {
                Ok(said) => {
                    self.is_awaited = said.is_none_or(|(_, is_written)| is_written);
                    said.map(|(record, _)| record)
                }
                // Its guardian is gone. As long as it runs itself, it has not ended.
                Err(_) => (!is_alive(pid, self.start)).then(|| lost(unseen())),
            },
            (Some(_), None) => Some(lost(unseen())),
            (None, _) => match system::look(self.pid, self.floor.unwrap_or(u32::MAX)) {
                Ok(end) => end.map(|end| Record::Ended { attempt, pid, end, when }),
                Err(error) => Some(lost(error)),
            },
        };
        // It may be said to have ended while who traces it has not let go of it yet.
        self.due = self.ended.is_none().then(|| now + PAUSES.0);
        self.ended.is_some()
    }

    pub(super) fn reap(&mut self) {
        // If somebody else took it meanwhile, that is as good.
        match self.guardian {
            Some(guardian) if self.is_awaited => drop(waitpid(Some(guardian), WaitOptions::empty())),
            Some(_) => {}
            None => drop(waitpid(Some(self.pid), WaitOptions::NOHANG)),
        }
        self.pidfd = None;
    }

    /// Whether it was killed, and what is left of its group is to end too. Then it may go on writing.
    pub(super) fn lingers(&self) -> bool {
        self.sent.is_some() && matches!(self.ended, Some(Record::Ended { .. })) && !self.is_gone
    }

    /// Whether nothing is left of it whose end is to be waited for. For a group's the system has no event.
    pub(super) fn is_over(&mut self, now: Instant) -> bool {
        if self.ended.is_none() || self.is_held || self.due.is_some_and(|due| due > now) {
            return false;
        }
        // What a job leaves behind is its own affair, unless it was to be killed.
        let Some(sent) = self.sent.filter(|_| self.lingers()) else { return true };
        self.is_gone = group::is_empty(self.pid, sent, self.polls);
        if !self.is_gone {
            self.due = Some(now + PAUSES.1.min(PAUSES.0 * 2_u32.saturating_pow(self.polls.min(8))));
            self.polls = self.polls.saturating_add(1);
        }
        self.is_gone
    }
}

/// Who looked after a job is gone.
fn unseen() -> io::Error {
    io::Error::from_raw_os_error(libc::EOWNERDEAD)
}
