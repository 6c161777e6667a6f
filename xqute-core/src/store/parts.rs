//! What do records have in common? For whom an attempt was told to end, and what it used.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::job::{KillReason, PeakMemory, Usage};
use crate::lifecycle::Why;

/// For whom an attempt is told to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum By {
    /// Somebody who wanted this job killed.
    User,
    /// Its time was up.
    Timeout,
    /// The run, which is being stopped: nobody judged the job.
    Stop,
    /// The run, which needed its memory: nobody judged the job.
    Memory,
    /// A hook of it was broken whose plugin's faults fail jobs.
    Fault,
}

impl By {
    /// In a word.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Timeout => "timeout",
            Self::Stop => "stop",
            Self::Memory => "memory",
            Self::Fault => "fault",
        }
    }
}

impl From<Why> for By {
    fn from(why: Why) -> Self {
        match why {
            Why::TimedOut => Self::Timeout,
            Why::Memory => Self::Memory,
            Why::Fault => Self::Fault,
            Why::Reason(KillReason::User) => Self::User,
            Why::Reason(_) => Self::Stop,
        }
    }
}

/// What an attempt used, in whole microseconds and bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Used {
    pub(crate) user: u64,
    pub(crate) system: u64,
    pub(crate) peak: u64,
    /// Whether the peak is a figure, or only a bound.
    pub(crate) exact: bool,
}

impl From<Usage> for Used {
    fn from(usage: Usage) -> Self {
        let micros = |it: Duration| u64::try_from(it.as_micros()).unwrap_or(u64::MAX);
        Self {
            user: micros(usage.user),
            system: micros(usage.system),
            peak: usage.peak_memory.bytes(),
            exact: matches!(usage.peak_memory, PeakMemory::Exactly(_)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_keeps_its_figures_and_what_they_are_worth() {
        let times = (Duration::from_micros(1_500_000), Duration::from_nanos(2_999));
        let used = |peak| Used::from(Usage::new(times.0, times.1, peak));
        let exactly = Used { user: 1_500_000, system: 2, peak: 4096, exact: true };
        assert_eq!(used(PeakMemory::Exactly(4096)), exactly);
        assert_eq!(used(PeakMemory::AtMost(4096)), Used { exact: false, ..exactly });
    }
}
