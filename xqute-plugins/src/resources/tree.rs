//! Which processes are a job's? Those of its process group, those that descend from one of it, and those that did when they were last seen.

use std::collections::HashMap;

/// A process, as far as it matters to whom it belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kin {
    pub(super) pid: i32,
    /// When it began, in clock ticks since boot: with the number, what no other process has.
    pub(super) start: u64,
    pub(super) parent: i32,
    pub(super) group: i32,
}

/// By process, the leader of the job that it belongs to.
pub(super) type Members = HashMap<(i32, u64), i32>;

/// Sorts processes to the jobs whose leaders these are; `before`: to whom they belonged.
pub(super) fn members(all: &[Kin], is_leader: impl Fn(i32) -> bool, before: &Members) -> Members {
    let places: HashMap<i32, usize> = all.iter().enumerate().map(|(at, it)| (it.pid, at)).collect();
    let own = |it: &Kin| {
        let known = || before.get(&(it.pid, it.start)).copied().filter(|leader| is_leader(*leader));
        if is_leader(it.group) { Some(it.group) } else { known() }
    };
    let mut members = Members::new();
    for process in all {
        let (mut it, mut steps) = (process, 0);
        let leader = loop {
            if let Some(leader) = own(it) {
                break Some(leader);
            }
            // Parents were read at different moments: they may go round in a circle.
            steps += 1;
            match places.get(&it.parent) {
                Some(at) if steps <= all.len() => it = &all[*at],
                _ => break None,
            }
        };
        if let Some(leader) = leader {
            members.insert((process.pid, process.start), leader);
        }
    }
    members
}
