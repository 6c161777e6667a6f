//! Where is a job in its life? With the numbers that status files have had since the original.

/// Where a job is in its life.
///
/// The numbers are those of the original's status files; 8 and 9 are new.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Status {
    /// Known, and not in the queue yet.
    Init = 0,
    /// Waits for a free slot.
    Queued = 2,
    /// The scheduler has it.
    Submitted = 3,
    /// It runs.
    Running = 4,
    /// It is being killed.
    Killing = 5,
    /// It succeeded.
    Finished = 6,
    /// It failed.
    Failed = 7,
    /// It was killed.
    Killed = 8,
    /// It was never submitted.
    Cancelled = 9,
}

impl Status {
    /// The name, as status output shows it: `RUNNING`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Init => "INIT",
            Self::Queued => "QUEUED",
            Self::Submitted => "SUBMITTED",
            Self::Running => "RUNNING",
            Self::Killing => "KILLING",
            Self::Finished => "FINISHED",
            Self::Failed => "FAILED",
            Self::Killed => "KILLED",
            Self::Cancelled => "CANCELLED",
        }
    }

    /// The number in a status file.
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}
