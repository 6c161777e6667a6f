//! What do those who look after jobs show of the program's own variables, which may be secrets? Nothing: what the system shows of
//! them in `/proc/PID/environ` is taken out of their memory.

use std::fs;
use std::ops::Range;

use rustix::fs::{Mode, OFlags, open};
use rustix::io::pwrite;

/// Nothing, to be written over something.
const NOTHING: [u8; 4096] = [0; 4096];

/// Where in this process's memory the variables are that it began with, as a copy of it has them too.
#[derive(Debug, Clone)]
pub(super) struct Environment(Range<u64>);

impl Environment {
    /// `None`: the system does not tell, and so shows nothing either.
    pub(super) fn of_this_process() -> Option<Self> {
        let line = fs::read_to_string("/proc/self/stat").ok()?;
        // Behind the name of the program: the fields from 3 on. These are 50 and 51.
        let mut fields = line.rsplit_once(')')?.1.split_ascii_whitespace().skip(47);
        let mut next = || fields.next()?.parse().ok();
        Some(Self(next()?..next()?))
    }

    /// Takes them out of the memory of the process that calls this, which is a copy made by `fork` or has nothing else to do: it makes
    /// system calls, and allocates nothing. What the program gives to jobs it has elsewhere.
    pub(super) fn forget(&self) {
        let Ok(memory) = open(c"/proc/self/mem", OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty()) else {
            return;
        };
        let Range { start: mut at, end } = self.0.clone();
        while at < end {
            let size = usize::try_from(end - at).unwrap_or(usize::MAX).min(NOTHING.len());
            match pwrite(&memory, &NOTHING[..size], at) {
                Ok(written @ 1..) => at += written as u64,
                // A system that does not let a process do that to itself.
                _ => return,
            }
        }
    }
}
