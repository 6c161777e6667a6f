//! Which moments of a job's life are told to hooks and to readers of events?

use super::status::Status;

/// A moment of a job's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Moment {
    /// The job is known.
    Init,
    /// It waits for a slot. At each attempt.
    Queued,
    /// It is about to be submitted.
    Submitting,
    /// The scheduler has it.
    Submitted,
    /// It runs.
    Started,
    /// It still runs: how often that was told before.
    Polling(u64),
    /// It exited with 0, which is being judged.
    Verifying,
    /// It is about to be killed.
    Killing,
    /// It was killed.
    Killed,
    /// An attempt failed.
    Failed,
    /// It succeeded, or counts so.
    Succeeded,
    /// It never ran, or not again.
    Cancelled,
}

impl Moment {
    /// The status that hooks of this moment see, whatever has happened since.
    #[must_use]
    pub fn status(self) -> Status {
        match self {
            Self::Init => Status::Init,
            Self::Queued | Self::Submitting => Status::Queued,
            Self::Submitted => Status::Submitted,
            Self::Started | Self::Polling(_) | Self::Verifying => Status::Running,
            Self::Killing => Status::Killing,
            Self::Killed => Status::Killed,
            Self::Failed => Status::Failed,
            Self::Succeeded => Status::Finished,
            Self::Cancelled => Status::Cancelled,
        }
    }
}
