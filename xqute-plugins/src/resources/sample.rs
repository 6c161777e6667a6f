//! What do the processes of this machine use now, and what has a job used as far as was seen?

use std::time::Duration;

use procfs::process::{Process, Stat};

use super::tree::Kin;

/// A process, now.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    pub(super) kin: Kin,
    /// With that of its children that have ended and were waited for; so a sum over a tree loses none but those that nobody
    /// waited for.
    cpu_ticks: u64,
    resident_pages: u64,
    is_zombie: bool,
}

/// All processes that can be seen.
pub(super) fn processes() -> procfs::ProcResult<Vec<Seen>> {
    // One that cannot be read has ended meanwhile, or is hidden from this user.
    Ok(procfs::process::all_processes()?
        .filter_map(|it| it.ok()?.stat().ok())
        .map(|it| Seen::of(&it))
        .collect())
}

impl Seen {
    fn of(stat: &Stat) -> Self {
        let kin = Kin { pid: stat.pid, start: stat.starttime, parent: stat.ppid, group: stat.pgrp };
        let children = stat.cutime.max(0).unsigned_abs() + stat.cstime.max(0).unsigned_abs();
        let cpu_ticks = stat.utime + stat.stime + children;
        Self { kin, cpu_ticks, resident_pages: stat.rss, is_zombie: stat.state == 'Z' }
    }
}

/// What a job's processes use at one moment.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sum {
    cpu_ticks: u64,
    resident_pages: u64,
    processes: u64,
    /// From and to storage, in bytes, with what ended children have.
    read: u64,
    written: u64,
}

impl Sum {
    pub(super) fn add(&mut self, seen: &Seen) {
        self.cpu_ticks += seen.cpu_ticks;
        self.resident_pages += seen.resident_pages;
        self.processes += u64::from(!seen.is_zombie);
        // Another user's may not be read; then it counts as none.
        if let Ok(io) = Process::new(seen.kin.pid).and_then(|it| it.io()) {
            self.read += io.read_bytes;
            self.written += io.write_bytes;
        }
    }
}

/// What was seen of a job: each figure is a lower bound of what was.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Sampled {
    /// How often it was looked at.
    pub(super) samples: u64,
    pub(super) cpu: Duration,
    /// Resident memory of all its processes together, in bytes; what they share counts for each.
    pub(super) peak: u64,
    pub(super) processes: u64,
    pub(super) read: u64,
    pub(super) written: u64,
    /// Resident bytes times seconds, and those seconds.
    area: (f64, f64),
}

impl Sampled {
    /// Takes in what there is `after` so long a time.
    pub(super) fn take(&mut self, sum: &Sum, after: Duration) {
        let bytes = sum.resident_pages * procfs::page_size();
        let per_tick = 1.0 / procfs::ticks_per_second() as f64;
        self.samples += 1;
        self.cpu = self.cpu.max(Duration::from_secs_f64(sum.cpu_ticks as f64 * per_tick));
        self.peak = self.peak.max(bytes);
        self.processes = self.processes.max(sum.processes);
        self.read = self.read.max(sum.read);
        self.written = self.written.max(sum.written);
        self.area.0 += bytes as f64 * after.as_secs_f64();
        self.area.1 += after.as_secs_f64();
    }

    /// Resident memory on average over the time that it was looked at.
    pub(super) fn average(&self) -> Option<u64> {
        (self.area.1 > 0.0).then(|| (self.area.0 / self.area.1) as u64)
    }
}
