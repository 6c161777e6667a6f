//! How far did a job come, and where are the records that tell of it?

use crate::store::record::Record;

use super::JobState;

/// What is held of a job: its state, and where its last records of each kind are; 0 where there is none.
#[derive(Debug, Clone, Default)]
pub(super) struct Marks {
    pub(super) state: JobState,
    /// Whether it has this end only because its run was stopped.
    pub(super) stopped: bool,
    pub(super) attempts: u32,
    pub(super) fed: u64,
    pub(super) environment: u64,
    pub(super) submitted: u64,
    pub(super) adopted: u64,
    pub(super) started: u64,
    pub(super) told: u64,
}

impl Marks {
    pub(super) fn state(&self, live: bool) -> JobState {
        if live || self.state.is_over() { self.state } else { JobState::Unfinished }
    }

    pub(super) fn take(&mut self, record: &Record<'_>, at: u64) {
        match *record {
            Record::Run { .. }
            | Record::RunIn { .. }
            | Record::Rules { .. }
            | Record::Output { .. }
            | Record::Retry { .. }
            | Record::GaveUp { .. }
            | Record::Stopped { .. }
            | Record::Waits { .. }
            | Record::Given { .. }
            | Record::After { .. }
            | Record::Files { .. }
            | Record::ListEnded { .. }
            | Record::Compacted { .. }
            | Record::Killing { .. }
            | Record::Done { .. } => {}
            // The job may be another now, under the same name.
            Record::Fed { .. } => (self.fed, self.environment) = (at, 0),
            Record::Environment { .. } => self.environment = at,
            Record::Submitting { attempt, .. } => {
                self.state = JobState::Submitted;
                self.attempts = attempt.saturating_add(1);
                self.stopped = false;
                (self.submitted, self.adopted, self.started, self.told) = (0, 0, 0, 0);
            }
            Record::Submitted { .. } => {
                (self.state, self.submitted) = (JobState::Submitted, at);
            }
            Record::Started { .. } => (self.state, self.started) = (JobState::Running, at),
            // What tells of its beginning is still true.
            Record::Adopted { attempt, .. } => {
                self.state = if self.started > 0 { JobState::Running } else { JobState::Submitted };
                (self.attempts, self.stopped) = (attempt.saturating_add(1), false);
                (self.adopted, self.told) = (at, 0);
            }
            Record::Held { .. } => (self.state, self.told) = (JobState::Held, at),
            Record::Failed { .. } | Record::Excused { .. } => {
                (self.state, self.told) = (JobState::Retrying, at);
            }
            Record::Unstarted { .. } => {
                (self.state, self.stopped, self.told) = (self.state_when_stopped(), true, at);
            }
            Record::Ended { status, .. } => {
                if let Some(state) = JobState::ended(status) {
                    (self.state, self.stopped, self.told) = (state, false, at);
                }
            }
        }
    }

    /// What was stopped while the scheduler had it was killed; before, or between two attempts, cancelled.
    fn state_when_stopped(&self) -> JobState {
        match self.state {
            JobState::Running => JobState::Killed,
            JobState::Submitted if self.submitted.max(self.adopted) > 0 => JobState::Killed,
            _ => JobState::Cancelled,
        }
    }

    /// A new run takes up what the last one left.
    pub(super) fn run_again(&mut self) {
        if self.stopped {
            // Why it was stopped is no news of a job that waits for its turn.
            (self.stopped, self.told) = (false, 0);
            self.state = JobState::Queued;
        } else if !self.state.is_over() {
            if self.state == JobState::Held {
                // It is to be asked about anew.
                self.told = 0;
            }
            self.state = JobState::Queued;
        }
    }
}
