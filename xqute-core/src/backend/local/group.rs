//! How is all of a job signalled, and when is nothing left of it?

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

use super::proc::only_zombies;
use crate::backend::Kill;

/// Signals a group, which is one as long as it has members or its leader is not reaped.
pub(super) fn signal(leader: Pid, how: Kill) {
    match how {
        Kill::Term => {
            send(leader, Signal::TERM);
            // A stopped process ends only when it goes on.
            send(leader, Signal::CONT);
        }
        Kill::Kill => send(leader, Signal::KILL),
    }
}

/// Whether nothing is left of a group whose leader is reaped, or nothing that can be killed; `sent` is what it was sent last,
/// `polls` how often this was asked before. When it is so, its number may become another's.
pub(super) fn is_empty(leader: Pid, sent: Kill, polls: u32) -> bool {
    // To look for zombies is dear, so it is done seldom while the group may still end by itself.
    let thorough = polls.is_power_of_two() || (polls > 0 && sent == Kill::Kill);
    // Its number is nobody else's while it has members. Those that may not be signalled are beyond killing.
    let left = test_kill_process_group(leader).is_ok();
    !left || (thorough && only_zombies(leader))
}

fn send(group: Pid, signal: Signal) {
    match kill_process_group(group, signal) {
        // All members have ended.
        Ok(()) | Err(Errno::SRCH) => {}
        Err(error) => tracing::warn!(%group, ?signal, "cannot signal a job's process group: {error}"),
    }
}
