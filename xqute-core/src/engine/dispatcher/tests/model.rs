//! What is expected of the dispatcher, told as simply as can be.

use std::collections::{BTreeSet, VecDeque};

use crate::hook::Counts;

/// Of every job.
pub(super) const RETRIES: u32 = 2;

/// How a job has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Succeeded,
    Skipped,
    Failed,
    Killed,
    Cancelled,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Queue,
    Gate,
    Held,
    Submit,
    Postponed,
    /// `asked`: hooks are being asked whether it may be killed; `timeout`: because its time is up, and nobody else wants it.
    Running {
        asked: bool,
        timeout: bool,
    },
    Told {
        timeout: bool,
        forced: bool,
    },
    Judged,
    Backoff,
    Over(End),
}

/// The jobs, and who is next.
#[derive(Debug, Default)]
pub(super) struct Model {
    phases: Vec<Phase>,
    failures: Vec<u32>,
    /// To be killed as soon as the scheduler has them.
    doomed: Vec<bool>,
    queue: VecDeque<usize>,
    /// Those that were held, and are to be asked about again.
    again: BTreeSet<usize>,
    forks: usize,
    /// In effect as soon as a job has ended: all are short.
    pub(super) ahead: usize,
    is_brief: bool,
    pub(super) retries: u32,
    pub(super) stopping: bool,
    /// Hooks that have not returned hold nothing up as long as they are fewer.
    hooks: bool,
}

impl Model {
    pub(super) fn new(forks: usize, hooks: bool) -> Self {
        Self { forks, hooks, retries: RETRIES, ..Self::default() }
    }

    pub(super) fn feed(&mut self) {
        self.failures.push(0);
        self.doomed.push(false);
        if self.stopping {
            return self.phases.push(Phase::Over(End::Cancelled));
        }
        self.queue.push_back(self.phases.len());
        self.phases.push(Phase::Queue);
        self.fill();
    }

    /// A job that was to be killed before it came in.
    pub(super) fn feed_doomed(&mut self) {
        self.failures.push(0);
        self.doomed.push(false);
        self.phases.push(Phase::Over(End::Cancelled));
    }

    pub(super) fn fill(&mut self) {
        while self.busy() < self.forks + self.ahead * usize::from(self.is_brief) {
            let held = self.again.first().copied();
            let index = match (held, self.queue.front().copied()) {
                (Some(held), next) if next.is_none_or(|next| held <= next) => self.again.pop_first(),
                _ => self.queue.pop_front(),
            };
            let Some(index) = index else { return };
            if self.phases[index] == Phase::Queue {
                // Without hooks the gate is open.
                self.phases[index] = if self.hooks { Phase::Gate } else { Phase::Submit };
            }
        }
    }

    pub(super) fn gate(&mut self, index: usize, end: Option<End>) {
        if self.phases[index] == Phase::Gate {
            match end {
                None => self.phases[index] = Phase::Submit,
                Some(End::Failed) => self.fails(index),
                Some(end) => self.phases[index] = Phase::Over(end),
            }
        }
    }

    /// It is to be asked about again.
    pub(super) fn later(&mut self, index: usize) {
        if self.phases[index] == Phase::Gate {
            self.phases[index] = Phase::Held;
        }
    }

    pub(super) fn asks_again(&mut self, index: usize) {
        if self.phases[index] == Phase::Held {
            self.phases[index] = Phase::Queue;
            self.again.insert(index);
        }
    }

    pub(super) fn held(&self) -> usize {
        self.phases.iter().filter(|it| **it == Phase::Held).count()
    }

    pub(super) fn accepted(&mut self, index: usize) {
        self.phases[index] = Phase::Running { asked: false, timeout: false };
        if std::mem::take(&mut self.doomed[index]) {
            self.stop(index, false);
        }
    }

    pub(super) fn postponed(&mut self, index: usize) {
        self.refused(index, Phase::Postponed);
    }

    /// The scheduler gives it back.
    pub(super) fn withdrawn(&mut self, index: usize) {
        self.phases[index] = Phase::Queue;
        let at = self.queue.iter().position(|it| *it > index).unwrap_or(self.queue.len());
        self.queue.insert(at, index);
        if std::mem::take(&mut self.doomed[index]) || self.stopping {
            self.phases[index] = Phase::Over(End::Cancelled);
        }
        self.fill();
    }

    pub(super) fn rejected(&mut self, index: usize) {
        self.refused(index, Phase::Over(End::Failed));
    }

    fn refused(&mut self, index: usize, next: Phase) {
        if std::mem::take(&mut self.doomed[index]) {
            self.phases[index] = Phase::Over(End::Cancelled);
        } else if next == Phase::Postponed {
            self.phases[index] = next;
        } else {
            self.fails(index);
        }
    }

    pub(super) fn resubmit(&mut self, index: usize) {
        if self.phases[index] == Phase::Postponed {
            self.phases[index] = Phase::Submit;
        }
    }

    pub(super) fn exit(&mut self, index: usize, good: bool) {
        self.is_brief = true;
        match self.phases[index] {
            _ if good => {
                self.phases[index] = if self.hooks { Phase::Judged } else { Phase::Over(End::Succeeded) };
            }
            Phase::Told { timeout: false, .. } => self.phases[index] = Phase::Over(End::Killed),
            // It was to end: it is not tried again.
            Phase::Running { asked: true, timeout: false } => self.phases[index] = Phase::Over(End::Failed),
            _ => self.fails(index),
        }
        if let Some(postponed) = self.phases.iter().position(|it| *it == Phase::Postponed) {
            self.resubmit(postponed);
        }
    }

    pub(super) fn judged(&mut self, index: usize, good: bool) {
        if self.phases[index] == Phase::Judged {
            if good {
                self.phases[index] = Phase::Over(End::Succeeded);
            } else {
                self.fails(index);
            }
        }
    }

    fn fails(&mut self, index: usize) {
        if self.stopping || self.failures[index] >= self.retries {
            self.phases[index] = Phase::Over(End::Failed);
        } else {
            self.failures[index] += 1;
            self.phases[index] = Phase::Backoff;
        }
    }

    pub(super) fn due(&mut self, index: usize) {
        if self.phases[index] == Phase::Backoff {
            self.phases[index] = Phase::Queue;
            self.queue.push_back(index);
        }
    }

    /// Somebody wants a job to end.
    pub(super) fn stop(&mut self, index: usize, timeout: bool) {
        match self.phases[index] {
            Phase::Queue | Phase::Gate | Phase::Held | Phase::Postponed | Phase::Backoff if !timeout => {
                self.phases[index] = Phase::Over(End::Cancelled);
            }
            Phase::Submit if !timeout => self.doomed[index] = true,
            Phase::Running { asked: false, .. } if self.hooks => {
                self.phases[index] = Phase::Running { asked: true, timeout };
            }
            Phase::Running { asked: false, .. } => {
                self.phases[index] = Phase::Told { timeout, forced: false }
            }
            Phase::Running { asked: true, timeout: before } => {
                self.phases[index] = Phase::Running { asked: true, timeout: before && timeout };
            }
            Phase::Told { timeout: before, forced } => {
                self.phases[index] = Phase::Told { timeout: before && timeout, forced };
            }
            _ => {}
        }
    }

    pub(super) fn kill_answered(&mut self, index: usize, go: bool) {
        if let Phase::Running { asked: true, timeout } = self.phases[index] {
            self.phases[index] = if go {
                Phase::Told { timeout, forced: false }
            } else {
                Phase::Running { asked: false, timeout: false }
            };
        }
    }

    pub(super) fn grace_over(&mut self, index: usize) {
        if let Phase::Told { timeout, forced } = self.phases[index] {
            // It may run for ever, and the scheduler counts it.
            self.ahead *= usize::from(!forced);
            self.phases[index] = match (forced, timeout) {
                (false, timeout) => Phase::Told { timeout, forced: true },
                (true, true) => Phase::Over(End::Failed),
                (true, false) => Phase::Over(End::Killed),
            };
        }
    }

    /// The run is cancelled: every job is to end.
    pub(super) fn cancel(&mut self) {
        if !std::mem::replace(&mut self.stopping, true) {
            self.queue.clear();
            self.again.clear();
            (0..self.phases.len()).for_each(|index| self.stop(index, false));
        }
    }

    /// No more jobs start.
    pub(super) fn stop_soon(&mut self) {
        if !std::mem::replace(&mut self.stopping, true) {
            self.queue.clear();
            self.again.clear();
            for index in 0..self.phases.len() {
                if !matches!(
                    self.phases[index],
                    Phase::Submit
                        | Phase::Running { .. }
                        | Phase::Told { .. }
                        | Phase::Judged
                        | Phase::Over(_)
                ) {
                    self.phases[index] = Phase::Over(End::Cancelled);
                }
            }
        }
    }

    pub(super) fn end(&self, index: usize) -> Option<End> {
        match self.phases[index] {
            Phase::Over(end) => Some(end),
            _ => None,
        }
    }

    pub(super) fn busy(&self) -> usize {
        let busy = |phase: &&Phase| matches!(phase, Phase::Gate | Phase::Submit | Phase::Postponed);
        self.phases.iter().filter(busy).count() + self.live().len()
    }

    /// What the scheduler has.
    pub(super) fn live(&self) -> Vec<usize> {
        let live = |index: &usize| matches!(self.phases[*index], Phase::Running { .. } | Phase::Told { .. });
        (0..self.phases.len()).filter(live).collect()
    }

    pub(super) fn counts(&self) -> Counts {
        let of = |end| self.phases.iter().filter(|it| **it == Phase::Over(end)).count();
        Counts {
            succeeded: of(End::Succeeded),
            skipped: of(End::Skipped),
            failed: of(End::Failed),
            killed: of(End::Killed),
            cancelled: of(End::Cancelled),
            ..Counts::default()
        }
    }
}
