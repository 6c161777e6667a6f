//! How far is a run?

use std::time::Duration;

use super::summary::Counts;

/// How far a run is: what [`Run::progress`](crate::Run::progress) returns.
///
/// Its numbers are of one moment, except that `fed` may be ahead of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Progress {
    /// The jobs that were fed so far; those that an earlier run has brought to their end are among them.
    pub fed: usize,
    /// Whether more may come from outside: then `fed` is not all of them.
    pub is_feeding: bool,
    /// The jobs that the scheduler has now: they run, or it has queued them.
    pub live: usize,
    /// The jobs that a plugin holds until it is asked about them again ([`Submit::later`](crate::Submit::later)).
    pub held: usize,
    /// The jobs that have ended, by outcome. At a gate (`on_job_submitting`) they hold every end that made room for it; the hooks of
    /// those ends may still be running.
    pub counts: Counts,
    /// The CPU time of the attempts that have ended, where the scheduler tells it, of the same moment.
    pub cpu: Duration,
}
