//! Which process groups may be signalled? Those of jobs that this backend started, until their numbers can be another's.

use std::collections::HashMap;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

use super::proc::only_zombies;
use super::{Reaped, reap};
use crate::backend::{Jid, Kill};

/// The process groups of the jobs whose end is not told. Whoever signals a group or reaps its leader holds the lock, so
/// that no signal reaches a number that has become somebody else's.
#[derive(Debug, Default)]
pub(super) struct Groups(Mutex<HashMap<Jid, Group>>);

#[derive(Debug)]
struct Group {
    /// The job's own process; its number is the group's.
    leader: Pid,
    /// The number is the group's: its leader is not reaped, or it was signalled and was last seen with members.
    ours: bool,
    /// The last signal that it was sent.
    sent: Option<Kill>,
}

impl Groups {
    /// Takes a job in, and names it: by its process, as long as no other job that is not told has that name.
    pub(super) fn enter(&self, leader: Pid, start: u64) -> Jid {
        let mut groups = self.lock();
        let mut jid: Jid = leader.to_string().into();
        if let Some(old) = groups.get_mut(&jid) {
            // The system gives a number away only when its process and its group are gone: the old job's end is under way.
            old.ours = false;
            jid = format!("{leader}.{start}").into();
        }
        groups.insert(jid.clone(), Group { leader, ours: true, sent: None });
        jid
    }

    /// Signals a job's group, if there is one.
    pub(super) fn signal(&self, jid: &Jid, how: Kill) {
        let mut groups = self.lock();
        let Some(group) = groups.get_mut(jid).filter(|it| it.ours) else { return };
        group.sent = Some(how);
        match how {
            Kill::Term => {
                send(group.leader, Signal::TERM);
                // A stopped process ends only when it goes on.
                send(group.leader, Signal::CONT);
            }
            Kill::Kill => send(group.leader, Signal::KILL),
        }
    }

    /// Takes the end of a job's own process from the system; `None` while it has not ended.
    pub(super) fn reap(&self, jid: &Jid) -> io::Result<Option<Reaped>> {
        let mut groups = self.lock();
        let Some(group) = groups.get_mut(jid) else { return Err(io::ErrorKind::NotFound.into()) };
        let reaped = reap(group.leader);
        if !matches!(reaped, Ok(None)) {
            // What a job leaves behind is its own affair, unless it was to be killed.
            group.ours = reaped.is_ok() && group.sent.is_some();
        }
        reaped
    }

    /// Whether nothing is left of the group of a job whose process is reaped, or nothing that can be killed; `polls` is how
    /// often this was asked before.
    pub(super) fn is_empty(&self, jid: &Jid, polls: u32) -> bool {
        let mut groups = self.lock();
        let Some(group) = groups.get_mut(jid).filter(|it| it.ours) else { return true };
        // To look for zombies is dear, so it is done seldom while the group may still end by itself.
        let thorough = polls.is_power_of_two() || (polls > 0 && group.sent == Some(Kill::Kill));
        // Its number is nobody else's while it has members. Those that may not be signalled are beyond killing.
        let left = test_kill_process_group(group.leader).is_ok();
        group.ours = left && !(thorough && only_zombies(group.leader));
        !group.ours
    }

    /// Drops the jobs whose end is told.
    pub(super) fn forget(&self, told: &[Jid]) {
        let mut groups = self.lock();
        for jid in told {
            groups.remove(jid);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Jid, Group>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn send(group: Pid, signal: Signal) {
    match kill_process_group(group, signal) {
        // All members have ended.
        Ok(()) | Err(Errno::SRCH) => {}
        Err(error) => tracing::warn!(%group, ?signal, "cannot signal a job's process group: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt;
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn two_jobs_of_one_process_number_have_two_names_and_the_older_is_signalled_no_more() {
        let groups = Groups::default();
        // `cat` runs until its input is closed, and then ends with 0 unless it was signalled.
        let mut cat = Command::new("cat").process_group(0).stdin(Stdio::piped()).spawn().unwrap();
        let leader = Pid::from_child(&cat);
        let (old, new) = (groups.enter(leader, 1), groups.enter(leader, 2));
        assert_eq!((&*old, &*new), (&*leader.to_string(), &*format!("{leader}.2")));
        groups.signal(&old, Kill::Kill);
        assert!(groups.is_empty(&old, 0));
        drop(cat.stdin.take());
        assert!(cat.wait().unwrap().success());
    }

    #[test]
    fn nothing_is_kept_of_a_job_whose_end_is_told() {
        let groups = Groups::default();
        let mut job = Command::new("true").process_group(0).spawn().unwrap();
        let jid = groups.enter(Pid::from_child(&job), 0);
        job.wait().unwrap();
        assert!(groups.reap(&jid).is_err(), "somebody else has reaped it");
        assert!(groups.is_empty(&jid, 0), "then its number may be anybody's");
        groups.forget(&[jid]);
        assert!(groups.lock().is_empty());
    }
}
