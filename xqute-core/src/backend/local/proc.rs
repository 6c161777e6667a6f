//! What does `/proc` say of a process?

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt;

use rustix::process::Pid;

use super::record::{Place, hash};

/// What is read of `/proc/PID/stat`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stat {
    /// A letter: `R`, `S`, `T`, `Z`…
    pub(super) state: u8,
    /// Its process group.
    pub(super) group: i32,
    /// How many threads it has. The first is a zombie too, while others run.
    pub(super) threads: u32,
    /// When it started, in clock ticks since boot.
    pub(super) start: u64,
    /// How it ended, as `wait` tells it, where this program may know; 0 as long as it lives.
    pub(super) status: Option<i32>,
}

impl Stat {
    /// `None`: there is no such process, or no `/proc`.
    pub(super) fn read(pid: Pid) -> Option<Self> {
        Self::of(&pid.to_string())
    }

    fn of(pid: &str) -> Option<Self> {
        // The system gives it whole or not at all, and no line is longer.
        let mut line = [0; 1024];
        let size = File::open(format!("/proc/{pid}/stat")).ok()?.read(&mut line).ok()?;
        Self::parse(&line[..size])
    }

    fn parse(line: &[u8]) -> Option<Self> {
        // The name of the program is the second field: in parentheses, with whatever it has of them and of blanks itself.
        let end = line.iter().rposition(|it| *it == b')')?;
        let mut fields = std::str::from_utf8(&line[end + 1..]).ok()?.split_ascii_whitespace();
        // Fields 3, 5, 20, 22 and 52; `nth` counts from what was taken last.
        let state = fields.next()?.bytes().next()?;
        let group = fields.nth(1)?.parse().ok()?;
        let threads = fields.nth(14)?.parse().ok()?;
        let start = fields.nth(1)?.parse().ok()?;
        let status = fields.nth(29).and_then(|it| it.parse().ok());
        Some(Self { state, group, threads, start, status })
    }

    pub(super) fn is_dead(&self) -> bool {
        matches!(self.state, b'Z' | b'X') && self.threads <= 1
    }
}

/// What the numbers of processes mean here. Where the system does not tell, nothing is the same as that.
pub(super) fn here() -> Place {
    let boot = fs::read("/proc/sys/kernel/random/boot_id").map_or(0, |it| hash(it.trim_ascii()));
    Place { boot, namespace: fs::metadata("/proc/self/ns/pid").map_or(0, |it| it.ino()) }
}

/// Whether all that is left of a group is dead, and only waits for somebody to ask how it ended. In a container without an
/// init nobody does, ever. Reads all of `/proc`.
pub(super) fn only_zombies(group: Pid) -> bool {
    let Ok(entries) = fs::read_dir("/proc") else { return false };
    let mut members = entries
        .filter_map(|entry| Stat::of(entry.ok()?.file_name().to_str().filter(|it| is_number(it))?))
        .filter(|stat| stat.group == group.as_raw_nonzero().get())
        .peekable();
    members.peek().is_some() && members.all(|stat| stat.is_dead())
}

fn is_number(name: &str) -> bool {
    name.bytes().all(|it| it.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_may_have_any_name() {
        let line = |name: &str| {
            format!(
                "77 ({name}) S 1 75 74 0 -1 4194304 9 8 7 6 5 4 3 2 20 0 1 0 123456 11 22 18446744073709551615\n"
            )
        };
        for name in ["sh", "a b", "a) R 1 2 3 (", ")", "", "\u{e4})("] {
            let stat = Stat::parse(line(name).as_bytes());
            assert_eq!(
                stat,
                Some(Stat { state: b'S', group: 75, threads: 1, start: 123_456, status: None }),
                "{name}"
            );
        }
    }

    #[test]
    fn a_process_whose_first_thread_has_ended_lives_as_long_as_another() {
        let stat = |state: &str, threads: u32| {
            let line =
                format!("77 (sh) {state} 1 75 74 0 -1 4194304 9 8 7 6 5 4 3 2 20 0 {threads} 0 123456 11\n");
            Stat::parse(line.as_bytes()).unwrap()
        };
        assert!(!stat("Z", 2).is_dead());
        assert!(stat("Z", 1).is_dead() && stat("X", 0).is_dead());
        assert!(!stat("S", 1).is_dead());
    }

    #[test]
    fn half_a_line_is_none() {
        for line in ["", "77 (sh", "77 (sh) S 1 75", "77 (sh) S 1 x 74 0 -1"] {
            assert_eq!(Stat::parse(line.as_bytes()), None, "{line}");
        }
    }

    #[test]
    fn this_process_is_found_and_is_alive() {
        let own = Stat::read(rustix::process::getpid()).unwrap();
        assert!(own.start > 0 && !own.is_dead());
        let group = rustix::process::getpgrp();
        assert_eq!(own.group, group.as_raw_nonzero().get());
        assert!(!only_zombies(group), "this process is a member, and runs");
    }
}
