//! How do things stand? What the rest of the engine may know of the run's state.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::Dispatcher;
use crate::backend::{Env, Jid, Left, Submission};
use crate::engine::treaty::{Level, Why};
use crate::hook::Counts;
use crate::job::{JobFiles, Moment, Output};
use crate::script::Fragments;

impl Dispatcher {
    /// How many more jobs there is room for to wait: as many as run at once, twice, and while hooks keep up. Those that hooks hold
    /// back count with those that hooks have, also while they are asked about again: else all of an endless list would be held.
    pub(in crate::engine) fn room(&self) -> usize {
        if self.broken.is_some() {
            return 0;
        }
        let with_hooks = self.calling + self.held_jobs + self.again.len();
        let waiting = if self.is_stopping() { 0 } else { self.queue.len() + self.again.len() };
        let most = self.settings.forks.saturating_mul(2).saturating_add(1);
        self.most_with_hooks().saturating_sub(with_hooks).min(most.saturating_sub(waiting))
    }

    /// Whether there is room for another job.
    pub(in crate::engine) fn wants_more(&self) -> bool {
        self.room() > 0
    }

    /// Whether every job has ended and every hook returned, and no more come from outside.
    pub(in crate::engine) fn is_done(&self) -> bool {
        if self.abandoned || self.is_leaving() {
            return self.live.is_empty() || self.is_leaving();
        }
        if self.broken.is_some() {
            return self.live.is_empty() && self.calling == 0;
        }
        self.jobs.left() == 0 && self.calling == 0 && !self.feeding
    }

    pub(in crate::engine) fn is_abandoned(&self) -> bool {
        self.abandoned
    }

    /// Whether `on_shutdown` was called.
    pub(in crate::engine) fn was_shut_down(&self) -> bool {
        self.shut_down
    }

    /// Whether a third signal says to leave at once.
    pub(in crate::engine) fn is_leaving(&self) -> bool {
        matches!(self.stopping, Some((Level::Leave, _)))
    }

    /// Why the run's files cannot be written, if they cannot.
    pub(in crate::engine) fn broken(&self) -> Option<&str> {
        self.broken.as_deref()
    }

    pub(in crate::engine) fn counts(&self) -> Counts {
        self.counts
    }

    /// How often the scheduler took a job, and the CPU time that is known.
    pub(in crate::engine) fn cost(&self) -> (u64, Duration) {
        (self.attempts, self.cpu)
    }

    pub(in crate::engine) fn stopped(&self) -> Option<Why> {
        self.stopping.map(|(_, why)| why)
    }

    /// Whether the scheduler has anything.
    pub(in crate::engine) fn has_live(&self) -> bool {
        !self.live.is_empty()
    }

    /// How many jobs are held until the gate of submission is asked about them again.
    pub(in crate::engine) fn held_count(&self) -> usize {
        self.held_jobs
    }

    /// How many jobs the scheduler has.
    pub(in crate::engine) fn live_count(&self) -> usize {
        self.live.len()
    }

    /// The scheduler's names of what is to be observed: the run's, and what earlier runs left and may yet be the run's.
    pub(in crate::engine) fn observed_jids(&self) -> Vec<Jid> {
        self.live.keys().chain(self.recovery.live()).cloned().collect()
    }

    /// What the scheduler is to be asked about what earlier runs left.
    pub(in crate::engine) fn left(&self) -> Vec<Left> {
        self.recovery.question()
    }

    /// Whether somebody wants to be told of jobs that still run, and there are some.
    pub(in crate::engine) fn polls(&self) -> bool {
        self.has_live() && self.settings.told.has(Moment::Polling(0))
    }

    /// A job as a backend takes it, without its script; and what plugins put into that.
    pub(in crate::engine) fn submission(&self, index: usize) -> Option<(Submission, &Fragments)> {
        let entry = self.jobs.get(index)?;
        let submission = Submission {
            index,
            attempt: entry.tried.count(),
            argv: entry.asked.argv.clone(),
            env: Env(entry.spec().given_env().to_vec()),
            cwd: entry.spec().given_cwd().map(Path::to_owned),
            files: self.files(index),
            output: Output::Files,
            script: None,
            run: Arc::clone(&self.settings.run),
            at_once: (self.settings.ahead > 0).then_some(self.settings.forks),
        };
        Some((submission, &entry.fragments))
    }

    /// A job's directory is being made for its attempt: whether it was before.
    pub(in crate::engine) fn prepares(&mut self, index: usize) -> bool {
        self.jobs.get_mut(index).is_some_and(|entry| std::mem::replace(&mut entry.prepared, true))
    }

    /// Whether the attempt of a job that is submitted has files of its own.
    pub(in crate::engine) fn has_files(&mut self, index: usize, has: bool) {
        if let Some(entry) = self.jobs.get_mut(index) {
            entry.files = Some(has);
        }
    }

    /// Whether a job's directory was made by this run.
    pub(in crate::engine) fn made_files(&self, index: usize) -> bool {
        self.jobs.get(index).is_some_and(|entry| entry.files == Some(true))
    }

    /// Where a job's files are.
    pub(in crate::engine) fn files(&self, index: usize) -> JobFiles {
        JobFiles::new(Arc::clone(&self.settings.workdir), index)
    }
}
