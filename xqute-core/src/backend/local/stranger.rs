//! What becomes of a job whose parent is gone? It is no child of this process: it can be watched, and on a new system it can
//! even be known how it ended.

use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::process::{Pid, PidfdFlags, pidfd_open};
use tokio::io::Interest;
use tokio::time::sleep;

use super::nursery::PAUSES;
use super::proc::Stat;
use super::system;

/// Whether it is there, be it that it has ended and nobody has asked how.
pub(super) fn is_there(pid: Pid, start: u64) -> bool {
    find(pid.as_raw_nonzero().get(), start).is_some()
}

/// Whether a process runs that had this number and began no later than this.
pub(super) fn is_alive(pid: i32, start: u64) -> bool {
    find(pid, start).is_some_and(|(_, stat)| !stat.is_dead())
}

fn find(pid: i32, start: u64) -> Option<(Pid, Stat)> {
    let pid = Pid::from_raw(pid.max(0))?;
    let stat = Stat::read(pid)?;
    // A number is given to another process only after that.
    (stat.start <= start).then_some((pid, stat))
}

/// A process that is there, be it that it has ended and nobody has asked how.
#[derive(Debug)]
pub(super) struct Stranger {
    pid: Pid,
    /// When it began, as `/proc` tells it.
    pub(super) start: u64,
    /// `None`: the system gives no descriptor.
    pidfd: Option<OwnedFd>,
}

impl Stranger {
    pub(super) fn find(pid: i32, latest: u64) -> Option<Self> {
        let pidfd = Pid::from_raw(pid.max(0)).and_then(|it| pidfd_open(it, PidfdFlags::NONBLOCK).ok());
        // What is read after it was opened is of the same process, if it is the one that is meant.
        let (pid, stat) = find(pid, latest)?;
        Some(Self { pid, start: stat.start, pidfd })
    }

    pub(super) fn leader(&self) -> Pid {
        self.pid
    }

    /// How it has ended; `None`: it runs.
    pub(super) fn ended(&self) -> Option<Option<i32>> {
        match find(self.pid.as_raw_nonzero().get(), self.start) {
            Some((_, stat)) if stat.is_dead() => Some(stat.status.filter(|_| self.is_told())),
            Some(_) => None,
            None => Some(self.pidfd.as_ref().and_then(|it| system::status_of_stranger(it.as_fd()))),
        }
    }

    /// Whether this program may know how it ended: of a process with other rights the system says 0, however that was. Its
    /// namespace is shown to the same programs (`ptrace_may_access`).
    fn is_told(&self) -> bool {
        fs::read_link(format!("/proc/{}/ns/pid", self.pid)).is_ok()
    }

    /// Waits until it has ended: its status, if that can be known.
    pub(super) async fn end(mut self) -> Option<i32> {
        if let Some(pidfd) = self.pidfd.take() {
            let copy = pidfd.try_clone();
            self.pidfd = Some(pidfd);
            if let Ok(copy) = copy {
                // If it cannot be waited for, it is looked at.
                let _ = readable(copy).await;
            }
        }
        let (mut pause, longest) = PAUSES;
        loop {
            if let Some(status) = self.ended() {
                return status;
            }
            sleep(pause).await;
            pause = longest.min(pause * 2);
        }
    }
}

async fn readable(pidfd: OwnedFd) -> io::Result<()> {
    system::watched(pidfd, Interest::READABLE)?.readable().await.map(drop)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn how_a_process_ended_that_nobody_has_asked_is_told_to_who_may_know() {
        let mut child = Command::new("false").spawn().unwrap();
        let stranger = Stranger::find(child.id().cast_signed(), u64::MAX).unwrap();
        let end = loop {
            if let Some(end) = stranger.ended() {
                break end;
            }
            std::thread::yield_now();
        };
        assert_eq!(end, Some(256));
        child.wait().unwrap();
    }
}
