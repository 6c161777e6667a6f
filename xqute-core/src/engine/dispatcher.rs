//! Who decides? This: it owns the jobs, moves them through `lifecycle::step` alone, and orders what follows.
//!
//! Nothing here waits, spawns or calls a hook: an event goes in, orders come out, so it is tested without any of them.

use std::collections::{HashMap, VecDeque};
use std::path::Path;
use std::sync::Arc;

use super::jobs::{self, Entry};
use super::treaty::{Fed, GateAnswer, GateBroken, Message, Notice, Order, Returned};
use crate::backend::{Accepted, Jid, Observation, Rejected, Submission};
use crate::hook::{Counts, Said, Submit};
use crate::job::{Cancelled, Failure, JobFiles, Outcome};
use crate::lifecycle::{Effect, Event, Point, State, step};

/// What a dispatcher is made with.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) workdir: Arc<Path>,
    /// The most jobs at once.
    pub(super) forks: usize,
    /// The moments that have hooks.
    pub(super) told: Vec<Point>,
}

/// The state of a run.
#[derive(Debug)]
pub(super) struct Dispatcher {
    settings: Settings,
    jobs: Vec<Entry>,
    queue: VecDeque<usize>,
    /// What the scheduler has.
    live: HashMap<Jid, usize>,
    /// Slots taken.
    busy: usize,
    /// Jobs with hooks that have not returned.
    calling: usize,
    counts: Counts,
    feeding: bool,
    abandoned: bool,
    orders: Vec<Order>,
}

impl Dispatcher {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            settings,
            jobs: Vec::new(),
            queue: VecDeque::new(),
            live: HashMap::new(),
            busy: 0,
            calling: 0,
            counts: Counts::default(),
            feeding: true,
            abandoned: false,
            orders: Vec::new(),
        }
    }

    /// What is to be done, in this order.
    pub(super) fn take_orders(&mut self) -> Vec<Order> {
        std::mem::take(&mut self.orders)
    }

    /// Whether there is room for another job to wait: as many as run at once, twice, and while hooks keep up.
    pub(super) fn wants_more(&self) -> bool {
        self.queue.len() <= 2 * self.settings.forks && self.hooks_keep_up()
    }

    /// Whether every job has ended and every hook returned, and no more come from outside.
    pub(super) fn is_done(&self) -> bool {
        let idle = self.queue.is_empty() && self.busy == 0 && self.live.is_empty();
        idle && (self.abandoned || (self.calling == 0 && !self.feeding))
    }

    pub(super) fn is_abandoned(&self) -> bool {
        self.abandoned
    }

    pub(super) fn counts(&self) -> Counts {
        self.counts
    }

    /// Whether the scheduler has anything.
    pub(super) fn has_live(&self) -> bool {
        !self.live.is_empty()
    }

    /// The scheduler's names of what it has.
    pub(super) fn live(&self) -> Vec<Jid> {
        self.live.keys().cloned().collect()
    }

    /// A job as a backend takes it.
    pub(super) fn submission(&self, index: usize) -> Option<Submission> {
        let argv = self.jobs.get(index)?.argv()?.clone();
        Some(Submission { index, argv, files: JobFiles::new(Arc::clone(&self.settings.workdir), index) })
    }

    /// A job was fed. Indices come in order.
    pub(super) fn fed(&mut self, Fed { index, spec }: Fed) {
        let Ok(argv) = spec.argv().cloned() else {
            return tracing::error!(index, "a job without a command passed the feeder");
        };
        if index != self.jobs.len() {
            return tracing::error!(index, expected = self.jobs.len(), "a job was fed out of order");
        }
        self.jobs.push(Entry::new(spec, argv));
        if self.abandoned {
            return self.step(index, Event::Dropped);
        }
        self.step(index, Event::Enqueue);
        self.queue.push_back(index);
        self.fill_slots();
    }

    /// Somebody says something.
    pub(super) fn hears(&mut self, message: Message) {
        match message {
            Message::StopFeeding => self.feeding = false,
            Message::Returned(returned) => self.returned(returned),
            Message::Abandoned => self.abandon(),
        }
        self.fill_slots();
    }

    /// The scheduler took a job, or not.
    pub(super) fn submitted(&mut self, index: usize, answer: Result<Accepted, Rejected>) {
        match answer {
            Ok(Accepted { jid, running }) => {
                self.jobs[index].jid = Some(Arc::clone(&jid));
                self.live.insert(jid, index);
                self.step(index, Event::Submitted);
                if running {
                    self.step(index, Event::Started);
                }
                if self.abandoned {
                    self.orders.push(Order::KillAll);
                }
            }
            Err(Rejected(why)) => self.step(index, Event::Rejected(Failure::SubmitRejected(why.into()))),
        }
        self.fill_slots();
    }

    /// Something was seen of a job.
    pub(super) fn observed(&mut self, Observation { jid, exited }: Observation) {
        match self.live.remove(&jid) {
            Some(index) => self.step(index, Event::Exited(exited)),
            None => tracing::debug!(%jid, "an end was seen of a job that the run does not have"),
        }
        self.fill_slots();
    }

    fn fill_slots(&mut self) {
        while self.busy < self.settings.forks && self.hooks_keep_up() {
            let Some(index) = self.queue.pop_front() else { return };
            self.step(index, Event::Turn);
        }
    }

    /// Whether the jobs with unfinished hooks are few enough to go on: 4 x forks + 1,024 at most.
    fn hooks_keep_up(&self) -> bool {
        self.calling < 4 * self.settings.forks + 1024
    }

    /// The one place where a job moves.
    fn step(&mut self, index: usize, event: Event) {
        let before = self.jobs[index].state;
        let step = match step(before, event) {
            Ok(step) => step,
            Err(illegal) => return tracing::warn!(index, "ignored: {illegal}"),
        };
        self.jobs[index].state = step.state;
        self.busy += usize::from(before == State::Queued && step.state == State::Submitting);
        if let Some(outcome) = step.outcome {
            jobs::count(&mut self.counts, &outcome);
            self.jobs[index].end(outcome);
        }
        for effect in step.effects {
            match effect {
                Effect::Tell(point) => self.tell(index, *point),
                Effect::AskGate => self.ask_gate(index),
                Effect::Submit => self.orders.push(Order::Submit(index)),
                Effect::FreeSlot => self.busy -= 1,
            }
        }
        self.settle(index);
    }

    /// Lets go of what was asked, once nobody needs it. A user's data in it is dropped elsewhere: that may block or panic.
    fn settle(&mut self, index: usize) {
        self.orders.extend(self.jobs[index].settle().map(Order::Discard));
    }

    fn ask_gate(&mut self, index: usize) {
        if self.settings.told.contains(&Point::Submitting) {
            self.tell(index, Point::Submitting);
        } else {
            self.step(index, Event::Allowed);
        }
    }

    /// Hooks of one job are called one after the other: those of later moments wait for those of earlier ones.
    fn tell(&mut self, index: usize, point: Point) {
        if self.abandoned || !self.settings.told.contains(&point) {
            return;
        }
        let entry = &mut self.jobs[index];
        let Some(job) = entry.snapshot(index, &self.settings.workdir, point) else { return };
        let notice = Notice { point, job };
        if entry.calling {
            return entry.waiting.push(notice);
        }
        entry.calling = true;
        self.calling += 1;
        self.orders.push(Order::Call(index, vec![notice]));
    }

    fn returned(&mut self, Returned { index, gate }: Returned) {
        self.jobs[index].calling = false;
        self.calling -= 1;
        let waiting = std::mem::take(&mut self.jobs[index].waiting);
        if !waiting.is_empty() && !self.abandoned {
            self.jobs[index].calling = true;
            self.calling += 1;
            self.orders.push(Order::Call(index, waiting));
        }
        if let Some(answer) = gate.filter(|_| !self.abandoned) {
            self.step(index, event_of(answer));
        }
        self.settle(index);
    }

    /// Nobody wants the run any more: what has not started never will, what runs is killed.
    fn abandon(&mut self) {
        self.abandoned = true;
        self.feeding = false;
        self.queue.clear();
        for index in 0..self.jobs.len() {
            if matches!(self.jobs[index].state, State::Init | State::Queued | State::Submitting) {
                self.step(index, Event::Dropped);
            }
        }
        self.orders.retain(|order| matches!(order, Order::KillAll | Order::Discard(_)));
        self.orders.push(Order::KillAll);
    }
}

/// What the gate's answer is to a job.
fn event_of(answer: GateAnswer) -> Event {
    match answer {
        Ok(None) => Event::Allowed,
        Ok(Some(Said { plugin, value })) => match value {
            Submit::Proceed => Event::Allowed,
            Submit::Veto(reason) => Event::Vetoed(Cancelled::Veto { plugin, reason }),
            Submit::Skip(_, reason) => Event::Skipped(Outcome::Skipped { plugin, reason }),
        },
        Err(GateBroken::Fault(fault)) => Event::GateBroken(fault.to_string().into()),
        Err(GateBroken::NoRuntime) => Event::GateBroken("the runtime that hooks run on has shut down".into()),
    }
}

#[cfg(test)]
mod tests;
