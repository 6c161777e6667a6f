//! What did a job use of its machine?

use std::fmt;
use std::time::Duration;

/// What an attempt used, itself and the processes that it waited for, as the system counts it (`wait4`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// CPU time in its own code.
    pub user: Duration,
    /// CPU time in the system's.
    pub system: Duration,
    /// The most memory that any one of its processes held.
    pub peak_memory: PeakMemory,
}

impl Usage {
    /// From what a system counts.
    #[must_use]
    pub fn new(user: Duration, system: Duration, peak_memory: PeakMemory) -> Self {
        Self { user, system, peak_memory }
    }

    /// All CPU time.
    #[must_use]
    pub fn cpu(&self) -> Duration {
        self.user + self.system
    }
}

/// Resident memory, in bytes.
///
/// Linux carries the peak of the process that starts a job over to the job, so that a small job seems as large as the
/// program that started it. Then its figure is no more than a bound, and says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeakMemory {
    /// This much.
    Exactly(u64),
    /// This much or less.
    AtMost(u64),
}

impl PeakMemory {
    /// The figure, exact or not.
    #[must_use]
    pub fn bytes(self) -> u64 {
        match self {
            Self::Exactly(bytes) | Self::AtMost(bytes) => bytes,
        }
    }
}

impl fmt::Display for PeakMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if matches!(self, Self::AtMost(_)) { "<=" } else { "" };
        write!(f, "{sign}{} kB", self.bytes() / 1000)
    }
}
