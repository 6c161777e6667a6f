//! This machine: a job is a process group of its own.
//!
//! One of the two files with `unsafe`, for system calls.
#![expect(unsafe_code, reason = "wait4, getrusage, and a descriptor for the reactor")]

mod group;
mod proc;
mod spawn;
#[cfg(test)]
mod tests;

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, WaitId, WaitIdOptions, pidfd_open, waitid};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::sleep;

use super::contract::{
    Accepted, Answer, Backend, Jid, Kill, Observation, Process, Refused, Seen, Submission, Unreachable,
};
use crate::job::{Failure, PeakMemory, Signal, Usage};
use group::Groups;

/// Most observations told at once.
const BATCH: usize = 256;

/// Between two looks at what the system has no event for: at first, and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(100));

/// Runs jobs on this machine. Its methods must be called within a tokio runtime.
///
/// A job has ended when its own process has, and what it leaves behind in its group is left alone. A job that was killed has
/// ended when its whole group has; a process that has left the group (`setsid`, a shell's job control) is not reached.
///
/// Where this is dropped, the jobs run on, and nobody waits for them.
#[derive(Debug)]
pub struct Local {
    groups: Arc<Groups>,
    seen: mpsc::UnboundedSender<Observation>,
    /// Taken by one `observe` at a time; what is not received stays for the next.
    unseen: Mutex<Unseen>,
}

#[derive(Debug)]
struct Unseen {
    ends: mpsc::UnboundedReceiver<Observation>,
    /// Told by the last `observe`. The engine asks again when it has taken that in: then their names are free.
    told: Vec<Jid>,
}

impl Local {
    /// Nothing has started yet.
    #[must_use]
    pub fn new() -> Self {
        let (seen, ends) = mpsc::unbounded_channel();
        Self { groups: Arc::default(), seen, unseen: Mutex::new(Unseen { ends, told: Vec::new() }) }
    }

    fn start(&self, job: &Submission) -> Result<Accepted, Refused> {
        let leader = spawn::spawn(job)?;
        // Before anything waits for it: a process that has ended can be read until then.
        let start = proc::Stat::read(leader).map(|it| it.start);
        let jid = self.groups.enter(leader, start.unwrap_or_default());
        let process = start.map(|start| Process { pid: leader.as_raw_nonzero().get(), start });
        let watch = Watch {
            jid: jid.clone(),
            leader,
            floor: own_peak(),
            groups: Arc::clone(&self.groups),
            seen: self.seen.clone(),
        };
        tokio::spawn(watch.run());
        Ok(Accepted { jid, running: true, process })
    }
}

impl Default for Local {
    fn default() -> Self {
        Self::new()
    }
}

impl Backend for Local {
    fn name(&self) -> &'static str {
        "local"
    }

    fn submit<'a>(&'a self, jobs: &'a [Submission]) -> Answer<'a, Vec<Result<Accepted, Refused>>> {
        Box::pin(async move { jobs.iter().map(|job| self.start(job)).collect() })
    }

    fn observe<'a>(&'a self, _: &'a [Jid]) -> Answer<'a, Result<Vec<Observation>, Unreachable>> {
        Box::pin(async move {
            let (mut unseen, mut seen) = (self.unseen.lock().await, Vec::new());
            self.groups.forget(&unseen.told);
            unseen.told.clear();
            // No await after it: what is received is told.
            unseen.ends.recv_many(&mut seen, BATCH).await;
            unseen.told.extend(seen.iter().map(|it| Arc::clone(&it.jid)));
            Ok(seen)
        })
    }

    fn kill<'a>(&'a self, jids: &'a [Jid], how: Kill) -> Answer<'a, Result<(), Unreachable>> {
        Box::pin(async move {
            jids.iter().for_each(|jid| self.groups.signal(jid, how));
            Ok(())
        })
    }
}

/// One job, until its end is known.
struct Watch {
    jid: Jid,
    leader: Pid,
    /// This program's own peak of memory when it started the job, in kilobytes.
    floor: libc::c_long,
    groups: Arc<Groups>,
    seen: mpsc::UnboundedSender<Observation>,
}

impl Watch {
    async fn run(self) {
        tokio::select! {
            // The backend is gone, and with it whoever would be told.
            () = self.seen.closed() => {}
            seen = self.end() => {
                let _ = self.seen.send(Observation { jid: self.jid.clone(), seen });
            }
        }
    }

    async fn end(&self) -> Seen {
        exited(self.leader).await;
        let reaped = loop {
            match self.groups.reap(&self.jid).transpose() {
                Some(reaped) => break reaped,
                // It is said to have ended, and who traces it has not let go yet.
                None => sleep(PAUSES.0).await,
            }
        };
        self.emptied().await;
        match reaped {
            Ok(reaped) => reaped.seen(self.floor),
            Err(error) => Seen::Exited { end: Err(untold(&error)), usage: None },
        }
    }

    /// Returns when nothing is left of a job that was killed. For that the system has no event.
    async fn emptied(&self) {
        let (mut pause, longest) = PAUSES;
        let mut polls = 0;
        while !self.groups.is_empty(&self.jid, polls) {
            sleep(pause).await;
            pause = longest.min(pause * 2);
            polls = polls.saturating_add(1);
        }
    }
}

/// Returns when a child has ended, and leaves it to be reaped.
async fn exited(child: Pid) {
    // A kernel before 5.3 has no pidfd, and a program may run out of descriptors: then a thread waits.
    while let Err(no_descriptor) = by_descriptor(child).await {
        let Err(no_thread) = by_thread(child).await else { return };
        tracing::warn!(pid = %child, %no_descriptor, %no_thread, "cannot wait for a job yet");
        sleep(PAUSES.1).await;
    }
}

async fn by_descriptor(child: Pid) -> io::Result<()> {
    let pidfd: OwnedFd = pidfd_open(child, PidfdFlags::NONBLOCK)?;
    // SAFETY: an `OwnedFd` is open as long as it lives, stays the same descriptor, and is owned by the `AsyncFd`.
    let pidfd = unsafe { AsyncFd::register_with_interest(pidfd, Interest::READABLE) }?;
    pidfd.readable().await.map(drop)
}

/// Not on the runtime's threads for blocking work: the runtime would not end before the job.
async fn by_thread(child: Pid) -> io::Result<()> {
    let (ended, end) = oneshot::channel();
    thread::Builder::new().name("xqute-wait".to_owned()).stack_size(64 * 1024).spawn(move || {
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while matches!(waitid(WaitId::Pid(child), look), Err(Errno::INTR)) {}
        let _ = ended.send(());
    })?;
    // Any other error of `waitid` comes again when the child is reaped, and is told then.
    let _ = end.await;
    Ok(())
}

/// How a process ended, and what it used.
#[derive(Debug)]
struct Reaped {
    status: ExitStatus,
    usage: libc::rusage,
}

impl Reaped {
    fn seen(&self, floor: libc::c_long) -> Seen {
        let end = match (self.status.code(), self.status.signal()) {
            (Some(0), _) => Ok(()),
            (Some(code), _) => Err(Failure::ExitCode(code)),
            (None, Some(signal)) => Err(Failure::Signal(Signal(signal))),
            (None, None) => Err(Failure::Lost(self.status.to_string().into())),
        };
        Seen::Exited { end, usage: Some(self.usage(floor)) }
    }

    fn usage(&self, floor: libc::c_long) -> Usage {
        let bytes = u64::try_from(self.usage.ru_maxrss).unwrap_or(0) * 1024;
        let exact = self.usage.ru_maxrss > floor;
        let peak = if exact { PeakMemory::Exactly(bytes) } else { PeakMemory::AtMost(bytes) };
        Usage::new(duration(self.usage.ru_utime), duration(self.usage.ru_stime), peak)
    }
}

fn duration(time: libc::timeval) -> Duration {
    let (seconds, micros) = (u64::try_from(time.tv_sec), u64::try_from(time.tv_usec));
    Duration::from_secs(seconds.unwrap_or(0)) + Duration::from_micros(micros.unwrap_or(0))
}

fn untold(error: &io::Error) -> Failure {
    let why = match error.raw_os_error() {
        Some(libc::ECHILD) => {
            "somebody else took its exit code: this program ignores SIGCHLD, or waits for any child".into()
        }
        _ => error.to_string().into(),
    };
    Failure::Lost(why)
}

/// Takes the end of a child from the system, which then forgets it; `None` while it has not ended.
fn reap(child: Pid) -> io::Result<Option<Reaped>> {
    let (mut status, mut usage) = (0, no_usage());
    // SAFETY: both pointers are to values of the type that is written, which live longer than the call.
    let reaped =
        unsafe { libc::wait4(child.as_raw_nonzero().get(), &raw mut status, libc::WNOHANG, &raw mut usage) };
    match reaped {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(None),
        _ => Ok(Some(Reaped { status: ExitStatus::from_raw(status), usage })),
    }
}

/// The most memory that this program has held, in kilobytes. A process that it starts begins with that figure.
fn own_peak() -> libc::c_long {
    let mut usage = no_usage();
    // SAFETY: the pointer is to a value of the type that is written, which lives longer than the call.
    match unsafe { libc::getrusage(libc::RUSAGE_SELF, &raw mut usage) } {
        0 => usage.ru_maxrss,
        // Then no figure is above it.
        _ => libc::c_long::MAX,
    }
}

fn no_usage() -> libc::rusage {
    // SAFETY: it is made of numbers alone, and zero is one.
    unsafe { std::mem::zeroed() }
}
