//! Which jobs of this machine does a run have, what are they called, and who looks after each?

use std::collections::HashMap;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::Pid;
use tokio::sync::mpsc::UnboundedSender;

use super::group;
use super::record::{Attempt, End, Record};
use crate::backend::{Accepted, Jid, Kill, Observation, Process, Seen};
use crate::job::{Failure, PeakMemory, Signal, Usage};

/// The jobs whose end is not told.
#[derive(Debug)]
pub(super) struct Jobs {
    table: Mutex<Table>,
    seen: UnboundedSender<Observation>,
}

#[derive(Debug, Default)]
struct Table {
    jobs: HashMap<Jid, Job>,
    /// Those that a supervisor looks after, by what it calls them.
    names: HashMap<(Attempt, i32), Jid>,
}

#[derive(Debug)]
struct Job {
    attempt: Attempt,
    process: Process,
    /// Its parent is gone: it is signalled from here, as long as its number is its own.
    is_orphan: bool,
    has_ended: bool,
    /// The last signal that it was sent from here.
    sent: Option<Kill>,
}

impl Jobs {
    pub(super) fn new(seen: UnboundedSender<Observation>) -> Self {
        Self { table: Mutex::default(), seen }
    }

    /// Takes in what a supervisor tells. A start gives the job's name.
    pub(super) fn tell(&self, record: Record) -> Option<Accepted> {
        let mut table = self.lock();
        match record {
            Record::Started { attempt, pid, start, .. } => {
                return Some(table.enter(attempt, Process { pid, start }, false));
            }
            Record::Ended { attempt, pid, end, .. } => self.ends(&mut table, attempt, pid, seen(&end)),
            Record::Lost { attempt, pid, errno, .. } => self.ends(&mut table, attempt, pid, untold(errno)),
            Record::NotExecuted { .. } | Record::Supervisor { .. } => {}
        }
        None
    }

    /// Takes in a job that runs already.
    pub(super) fn adopt(&self, attempt: Attempt, process: Process, is_orphan: bool) -> Accepted {
        self.lock().enter(attempt, process, is_orphan)
    }

    /// The end of a job that a supervisor does not look after.
    pub(super) fn tell_end(&self, jid: &Jid, end: Seen) {
        let mut table = self.lock();
        if let Some(job) = table.jobs.get_mut(jid) {
            job.has_ended = true;
            // Nobody is there to be told, if this fails.
            let _ = self.seen.send(Observation { jid: Jid::clone(jid), seen: end });
        }
    }

    fn ends(&self, table: &mut Table, attempt: Attempt, pid: i32, seen: Seen) {
        // Unknown: it was started for a run that is over.
        let Some(jid) = table.names.remove(&(attempt, pid)) else { return };
        if let Some(job) = table.jobs.get_mut(&jid) {
            job.has_ended = true;
        }
        let _ = self.seen.send(Observation { jid, seen });
    }

    /// The supervisor is gone: the jobs that it looked after have nobody. Gives them. `is_here`: its processes may be signalled.
    pub(super) fn orphan(&self, is_here: impl Fn(Attempt) -> bool) -> Vec<(Jid, Attempt, Process)> {
        let mut table = self.lock();
        let orphans: Vec<Jid> = table.names.drain().map(|(_, jid)| jid).collect();
        let mut found = Vec::new();
        for jid in orphans {
            if let Some(job) = table.jobs.get_mut(&jid) {
                job.is_orphan = is_here(job.attempt);
                found.push((jid, job.attempt, job.process));
            }
        }
        found
    }

    /// Signals those that no supervisor looks after, and gives the others.
    pub(super) fn signal(&self, jids: &[Jid], how: Kill) -> Vec<(i32, u64)> {
        let mut table = self.lock();
        let mut processes = Vec::new();
        for jid in jids {
            match table.jobs.get_mut(jid) {
                Some(job) if job.has_ended => {}
                Some(job) if job.is_orphan => job.signal(how),
                Some(job) => processes.push((job.process.pid, job.process.start)),
                None => {}
            }
        }
        processes
    }

    /// The last signal that an orphan was sent.
    pub(super) fn sent(&self, jid: &Jid) -> Option<Kill> {
        self.lock().jobs.get(jid).and_then(|it| it.sent)
    }

    /// Drops the jobs whose end is told.
    pub(super) fn forget(&self, told: &[Jid]) {
        let mut table = self.lock();
        for jid in told {
            table.jobs.remove(jid);
        }
    }

    /// Whether one runs, as far as it is told.
    pub(super) fn has_live(&self) -> bool {
        self.lock().jobs.values().any(|it| !it.has_ended)
    }

    #[cfg(test)]
    pub(super) fn are_none(&self) -> bool {
        let table = self.lock();
        table.jobs.is_empty() && table.names.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// A job is named by its process, as long as no other job that is not told has that name.
    fn enter(&mut self, attempt: Attempt, process: Process, is_orphan: bool) -> Accepted {
        let mut jid: Jid = process.pid.to_string().into();
        if self.jobs.contains_key(&jid) {
            jid = format!("{}.{}", process.pid, process.start).into();
        }
        if !is_orphan {
            self.names.insert((attempt, process.pid), jid.clone());
        }
        let job = Job { attempt, process, is_orphan, has_ended: false, sent: None };
        self.jobs.insert(jid.clone(), job);
        Accepted { jid, running: true, process: Some(process) }
    }
}

impl Job {
    fn signal(&mut self, how: Kill) {
        let Process { pid, start } = self.process;
        // A group that was signalled keeps its number until nothing is left of it, which its watch waits for.
        let is_own = self.sent.is_some() || super::stranger::is_alive(pid, start);
        if let Some(leader) = Pid::from_raw(pid.max(0)).filter(|_| is_own) {
            self.sent = Some(how);
            group::signal(leader, how);
        }
    }
}

/// What an end is to a run.
pub(super) fn seen(end: &End) -> Seen {
    let bytes = u64::from(end.peak) * 1024;
    let peak = if end.exact { PeakMemory::Exactly(bytes) } else { PeakMemory::AtMost(bytes) };
    let usage = Usage::new(Duration::from_micros(end.user), Duration::from_micros(end.system), peak);
    Seen::Exited { end: ended(end.status), usage: Some(usage) }
}

/// From what `wait` tells.
pub(super) fn ended(status: i32) -> Result<(), Failure> {
    let status = ExitStatus::from_raw(status);
    match (status.code(), status.signal()) {
        (Some(0), _) => Ok(()),
        (Some(code), _) => Err(Failure::ExitCode(code)),
        (None, Some(signal)) => Err(Failure::Signal(Signal(signal))),
        (None, None) => Err(Failure::Lost(status.to_string().into())),
    }
}

/// The system does not tell how a child ended.
pub(super) fn untold(errno: i32) -> Seen {
    if errno == libc::EOWNERDEAD {
        let why = "the process that looked after it was killed, and it is gone";
        return Seen::Exited { end: Err(Failure::Unknown(why.into())), usage: None };
    }
    let why = match errno {
        libc::ECHILD => {
            "somebody else took its exit code: this program ignores SIGCHLD, or waits for any child".into()
        }
        _ => std::io::Error::from_raw_os_error(errno).to_string().into(),
    };
    Seen::Exited { end: Err(Failure::Lost(why)), usage: None }
}
