//! Who looks after the processes of jobs? Whoever started them: it signals their groups, and writes down how each ended
//! before the system may forget it.

mod ends;

use std::ffi::{CStr, CString, OsStr};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Pid, WaitOptions, waitpid};

use self::ends::Child;
use super::child::{NotStarted, Plan, Stage, Starter};
use super::group;
use super::log::Log;
use super::proc::Stat;
use super::record::Record;
use super::slots::{self, Slots};
use super::stranger::is_alive;
use super::surroundings::{Surroundings, candidates};
use super::system;
use super::wire::{Start, To};
use crate::backend::Kill;

/// Between two looks at what the system has no event for: at first, and at most.
pub(super) const PAUSES: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(100));
/// Between two tries to write down what the disk did not take.
pub(super) const RETRY: Duration = Duration::from_secs(1);

/// The children of this process that are jobs.
#[derive(Debug)]
pub(super) struct Nursery {
    log: Log,
    starter: Starter,
    children: Vec<Child>,
    /// How many of them, the first, were started for somebody who is gone.
    others: usize,
    /// Ends that could not be written down yet.
    unwritten: Vec<u8>,
    /// Guardians that have told an end, and go when they have written it down.
    busy: Vec<Pid>,
    /// Where jobs write that have no files of their own.
    slots: Option<Slots>,
    /// Why what they have written cannot be kept, for now: the system's error.
    fault: Option<i32>,
}

impl Nursery {
    /// `guarded`: other threads of this process have a life of their own.
    pub(super) fn new(log: Log, guarded: bool) -> io::Result<Self> {
        let (starter, children, unwritten) = (Starter::new(guarded)?, Vec::new(), Vec::new());
        Ok(Self { log, starter, children, others: 0, unwritten, busy: Vec::new(), slots: None, fault: None })
    }

    /// Whether nothing is left to look after or to write down.
    pub(super) fn is_idle(&self) -> bool {
        self.children.is_empty() && self.unwritten.is_empty()
    }

    /// How many there are that were started for who is served now.
    pub(super) fn count(&self) -> usize {
        self.children.len() - self.others
    }

    /// The starts of all that run, or whose end cannot be told yet.
    pub(super) fn live(&self) -> Vec<Record> {
        self.children.iter().filter(|it| it.ended.is_none() || it.is_held).map(Child::started).collect()
    }

    /// Why the ends of jobs cannot be told, for now.
    pub(super) fn fault(&self) -> Option<i32> {
        self.fault
    }

    /// Somebody else is served, or nobody. Nothing is wanted of those who are gone: somebody else may have removed their output.
    pub(super) fn close(&mut self) {
        self.others = self.children.len();
        if let Some(slots) = &mut self.slots {
            for child in self.children.iter_mut().filter(|it| it.ended.is_some() && !it.is_held) {
                child.slot.take().into_iter().for_each(|slot| slots.free(slot, child.pid));
            }
        }
        if self.slots.as_ref().is_some_and(Slots::remove) {
            self.slots = None;
        }
    }

    /// Several jobs have been started.
    pub(super) fn weigh(&mut self) {
        let peak = system::own_peak();
        let new = self.children.iter_mut().rev().take_while(|it| it.floor.is_none());
        new.for_each(|it| it.floor = Some(peak));
    }

    /// Starts a job; its record is written.
    pub(super) fn start(&mut self, job: &Start<'_>, all: &Surroundings) -> Result<Record, NotStarted> {
        let env = all.with(&job.env);
        let missing = NotStarted { stage: Stage::Program, errno: libc::ENOENT };
        let programs = candidates(job.argv.first().ok_or(missing)?, &env);
        if programs.is_empty() {
            return Err(missing);
        }
        let programs: Vec<&CStr> = programs.iter().map(CString::as_c_str).collect();
        let cwd = Some(job.cwd).filter(|it| !it.is_empty());
        let slot = self.slot(job)?;
        let (stdout, stderr, append) = match (&self.slots, slot, job.output) {
            (Some(slots), Some(slot), _) => {
                let [stdout, stderr] = slots.files(slot);
                (stdout, stderr, true)
            }
            (_, _, To::Files { stdout, stderr, append }) => (stdout, stderr, append),
            (_, _, To::Bundle { directory }) => (directory, directory, true),
        };
        let plan = Plan {
            attempt: job.attempt,
            programs: &programs,
            argv: &job.argv,
            env: &env,
            cwd,
            stdout,
            stderr,
            append,
        };
        let started = match self.starter.start(&plan, self.log.as_fd(), slot.is_none()) {
            Ok(started) => started,
            Err(why) => {
                slot.zip(self.slots.as_mut()).into_iter().for_each(|(slot, slots)| slots.give_back(slot));
                return Err(why);
            }
        };
        let child = Child {
            attempt: job.attempt,
            pid: started.pid,
            start: exact_start(started.pid, started.ticks),
            due: started.pidfd.is_none().then(Instant::now),
            pidfd: started.pidfd,
            guardian: started.guardian,
            is_awaited: true,
            floor: None,
            sent: None,
            slot,
            ended: None,
            is_gone: false,
            is_held: false,
            polls: 0,
        };
        let record = child.started();
        self.children.push(child);
        Ok(record)
    }

    /// Signals a job's group, if it is one of these.
    pub(super) fn kill(&mut self, pid: i32, start: u64, how: Kill) {
        let is_it = |it: &&mut Child| it.pid.as_raw_nonzero().get() == pid && it.start == start;
        // Its guardian may have let the system forget it: then its number may be another's.
        let is_own = |it: &&mut Child| {
            !it.is_gone && (it.guardian.is_none() || it.sent.is_some() || is_alive(pid, start))
        };
        if let Some(child) = self.children.iter_mut().find(is_it).filter(is_own) {
            child.sent = Some(how);
            group::signal(child.pid, how);
        }
    }

    /// What becomes readable when a job has ended.
    pub(super) fn descriptors(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.children.iter().filter_map(Child::descriptor)
    }

    /// How long until somebody has to be looked at without that.
    pub(super) fn pause(&self, now: Instant) -> Option<Duration> {
        let due =
            self.children.iter().filter_map(|it| it.due).min().map(|it| it.saturating_duration_since(now));
        let retry = (!self.unwritten.is_empty()).then_some(RETRY);
        due.into_iter().chain(retry).min()
    }

    /// Gives a job a slot that is to have one.
    fn slot(&mut self, job: &Start<'_>) -> Result<Option<usize>, NotStarted> {
        let To::Bundle { directory } = job.output else { return Ok(None) };
        let refused = |errno| NotStarted { stage: Stage::Stdout, errno };
        if let Some(errno) = self.fault {
            return Err(refused(errno));
        }
        let directory = Path::new(OsStr::from_bytes(directory.to_bytes()));
        let slots = match self.slots.take().map_or_else(|| Slots::new(directory), Ok) {
            Ok(slots) => self.slots.insert(slots),
            Err(error) => return Err(refused(errno(&error))),
        };
        slots.take(job.attempt).map(Some).map_err(|error| refused(errno(&error)))
    }

    /// Looks at those whose descriptor is readable, by its place among [`descriptors`](Self::descriptors), and at those that are
    /// due. Gives the ends that can be told; they are written down.
    pub(super) fn look(&mut self, readable: impl Fn(usize) -> bool, now: Instant) -> Vec<Record> {
        self.busy.retain(|it| matches!(waitpid(Some(*it), WaitOptions::NOHANG), Ok(None)));
        let mut place = 0;
        let mut ended = Vec::new();
        for (at, child) in self.children.iter_mut().enumerate() {
            let is_readable = child.descriptor().is_some() && {
                place += 1;
                readable(place - 1)
            };
            let is_due = child.is_held && child.is_due(now);
            if is_due || (child.ended.is_none() && (is_readable || child.is_due(now)) && child.look(now)) {
                ended.push(at);
            }
        }
        self.keep(&mut ended, now);
        self.write_down(&ended);
        for at in ended {
            self.reap(at);
        }
        let over: Vec<usize> =
            (0..self.children.len()).filter(|at| self.children[*at].is_over(now)).collect();
        self.keep_late(&over, now);
        self.take(&over)
    }

    /// What is left of a job that was killed may have written more since its own process ended.
    fn keep_late(&mut self, over: &[usize], now: Instant) {
        let Some(slots) = &mut self.slots else { return };
        let is_more = |it: &slots::Ended| slots.has_more(it.slot);
        let late: Vec<slots::Ended> =
            over.iter().filter_map(|at| self.children[*at].output()).filter(is_more).collect();
        if !late.is_empty() {
            self.fault = slots.keep(&late).err().map(|error| errno(&error));
        }
        for at in over {
            let child = &mut self.children[*at];
            if self.fault.is_some() && late.iter().any(|it| Some(it.slot) == child.slot) {
                child.due = Some(now + RETRY);
            } else if let Some(slot) = child.slot.take() {
                slots.free(slot, child.pid);
            }
        }
    }

    /// Lets those of these go whose output is kept: their ends.
    fn take(&mut self, over: &[usize]) -> Vec<Record> {
        let (mut told, mut at, others) = (Vec::new(), 0, self.others);
        let mut over = over.iter().peekable();
        self.children.retain(|child| {
            let is_next = over.next_if(|it| **it == at).is_some();
            let goes = is_next && child.slot.is_none();
            told.extend(child.ended.filter(|_| goes));
            self.others -= usize::from(at < others && goes);
            at += 1;
            !goes
        });
        told
    }

    /// Keeps what these have written. If that cannot be, they are held, and it is tried again.
    fn keep(&mut self, ended: &mut Vec<usize>, now: Instant) {
        let Some(slots) = &mut self.slots else { return };
        let of = |at: &usize| self.children[*at].output();
        let outputs: Vec<slots::Ended> = ended.iter().filter_map(of).collect();
        if outputs.is_empty() {
            return;
        }
        self.fault = slots.keep(&outputs).err().map(|error| errno(&error));
        let is_fault = self.fault.is_some();
        ended.retain(|at| {
            let child = &mut self.children[*at];
            child.is_held = is_fault && child.slot.is_some();
            // Until then it is no news that it has ended.
            child.due = child.is_held.then(|| now + RETRY);
            !child.is_held
        });
    }

    /// Only now may the system forget a job, and another have its slot.
    fn reap(&mut self, at: usize) {
        let child = &mut self.children[at];
        child.reap();
        self.busy.extend(child.guardian.filter(|_| !child.is_awaited));
        if child.lingers() {
            return;
        }
        if let Some((slot, slots)) = child.slot.take().zip(self.slots.as_mut()) {
            slots.free(slot, child.pid);
        }
    }

    fn write_down(&mut self, ended: &[usize]) {
        let own = ended.iter().map(|at| &self.children[*at]).filter(|it| it.guardian.is_none());
        let new = own.filter_map(|it| it.ended).flat_map(|it| it.encode());
        self.unwritten.extend(new);
        if !self.unwritten.is_empty() && self.log.append(&self.unwritten).is_ok() {
            self.unwritten.clear();
        }
    }
}

fn errno(error: &io::Error) -> i32 {
    error.raw_os_error().unwrap_or(libc::ENOSPC)
}

/// When a child began, as `/proc` tells it. In all but one case of a hundred the clock tells that too.
fn exact_start(pid: Pid, (earliest, latest): (u64, u64)) -> u64 {
    match earliest == latest {
        true => latest,
        false => Stat::read(pid).map_or(latest, |it| it.start),
    }
}

#[cfg(test)]
mod tests;
