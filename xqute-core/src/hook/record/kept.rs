//! How is it recorded what happens? Step by step, in one list, with the time of the runtime's clock.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::hook::fault::Fault;
use crate::hook::meta::Place;
use crate::hook::table::Source;
use crate::job::{Job, Moment};

tokio::task_local! {
    /// The moment that hooks are called for, and the job.
    static ABOUT: (Moment, usize);
}

/// Something that happened in a run.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Step {
    /// A job has reached a moment of its life.
    Reached(Event),
    /// A hook was called.
    Called(Call),
}

/// A job has reached a moment of its life.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Event {
    /// When, from the start of the run.
    pub at: Duration,
    /// The moment. [`Moment::Polling`] is none of them: who is polled shows in the calls.
    pub moment: Moment,
    /// The job as it was then.
    pub job: Job,
}

/// A plugin's function was called for a hook.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Call {
    /// When, from the start of the run.
    pub at: Duration,
    /// The plugin.
    pub plugin: Arc<str>,
    /// The hook.
    pub hook: &'static str,
    /// Where the function stands.
    pub place: Place,
    /// The moment and the index of the job that it was called for; `None`: it was called for the run, or by a family of hooks that is
    /// not the engine's.
    pub about: Option<(Moment, usize)>,
    /// How long it took; `None`: it has not returned.
    pub took: Option<Duration>,
    /// What went wrong in it.
    pub fault: Option<Arc<Fault>>,
}

impl Call {
    /// The index of the job that it was called for.
    #[must_use]
    pub fn job(&self) -> Option<usize> {
        self.about.map(|(_, index)| index)
    }
}

/// What happened in a run, so far.
#[derive(Debug)]
pub(crate) struct Record {
    begun: Instant,
    steps: Mutex<Vec<Step>>,
    /// Somebody was polled.
    polled: Notify,
}

impl Record {
    /// Of a run that begins now.
    pub(crate) fn new() -> Self {
        Self { begun: Instant::now(), steps: Mutex::default(), polled: Notify::new() }
    }

    pub(crate) fn steps(&self) -> MutexGuard<'_, Vec<Step>> {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until hooks are called that poll.
    pub(crate) async fn polled(&self) {
        self.polled.notified().await;
    }

    /// The poll that the hooks of a job were told of last, in its attempt.
    pub(crate) fn last_poll(&self, index: usize) -> Option<u64> {
        let poll = |step: &Step| match step {
            Step::Called(Call { about: Some((Moment::Polling(counter), job)), .. }) if *job == index => {
                Some(Some(*counter))
            }
            Step::Reached(Event { moment: Moment::Submitting, job, .. }) if job.index() == index => {
                Some(None)
            }
            _ => None,
        };
        self.steps().iter().rev().find_map(poll).flatten()
    }

    fn called(&self, Source { plugin, meta }: &Source) {
        let about = ABOUT.try_with(|about| *about).ok();
        let (at, plugin) = (self.begun.elapsed(), Arc::clone(plugin));
        let (hook, place) = (meta.hook, meta.place);
        self.steps().push(Step::Called(Call { at, plugin, hook, place, about, took: None, fault: None }));
        if matches!(about, Some((Moment::Polling(_), _))) {
            self.polled.notify_one();
        }
    }

    fn returned(&self, Source { plugin, meta }: &Source, fault: Option<&Arc<Fault>>) {
        let (now, about) = (self.begun.elapsed(), ABOUT.try_with(|about| *about).ok());
        let is_it = |call: &&mut Call| {
            call.took.is_none()
                && (&call.plugin, call.place, call.about) == (plugin, meta.place, about)
                && call.hook == meta.hook
        };
        let mut steps = self.steps();
        let mut calls = steps.iter_mut().rev().filter_map(|step| match step {
            Step::Called(call) => Some(call),
            Step::Reached(_) => None,
        });
        if let Some(call) = calls.find(is_it) {
            (call.took, call.fault) = (Some(now.saturating_sub(call.at)), fault.cloned());
        }
    }
}

/// Whoever records, if anybody does.
#[derive(Debug, Clone, Default)]
pub(crate) struct Recorder(Option<Arc<Record>>);

impl Recorder {
    pub(crate) fn new(record: Arc<Record>) -> Self {
        Self(Some(record))
    }

    pub(crate) fn is_on(&self) -> bool {
        self.0.is_some()
    }

    #[inline]
    pub(crate) fn called(&self, source: &Source) {
        if let Some(record) = &self.0 {
            record.called(source);
        }
    }

    /// The call has ended that was the last of this function, about this job.
    #[inline]
    pub(crate) fn returned(&self, source: &Source, fault: Option<&Arc<Fault>>) {
        if let Some(record) = &self.0 {
            record.returned(source, fault);
        }
    }

    pub(crate) fn reached(&self, moment: Moment, job: &Job) {
        if let Some(record) = &self.0 {
            let at = record.begun.elapsed();
            record.steps().push(Step::Reached(Event { at, moment, job: job.clone() }));
        }
    }
}

/// Hooks that are called in this future are called for this moment of this job.
pub(crate) fn about<F: Future>(moment: Moment, index: usize, call: F) -> impl Future<Output = F::Output> {
    ABOUT.scope((moment, index), call)
}
