//! Who decides? This: it owns the jobs, moves them through `lifecycle::step` alone, and orders what follows.
//!
//! Nothing here waits, spawns, reads a clock or calls a hook: an event goes in, records and orders come out, so it is
//! tested without any of them.

mod adopt;
mod after;
mod answers;
mod later;
mod moves;
mod preempt;
mod scheduler;
mod state;
mod stop;
mod told;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

pub(super) use self::adopt::Adopted;
use self::after::Waiting;
pub(super) use self::later::Later;
pub(super) use self::told::Told;
use super::halt::Halt;
use super::jobs::{Entry, Jobs};
use super::recovery::Recovery;
use super::treaty::{Before, Fed, Level, Message, Notice, Order, Timer, Why};
use crate::backend::{Jid, Observation};
use crate::hook::Counts;
use crate::job::{Asked, KillReason, Moment, Need, RetryPolicy};
use crate::lifecycle::{Event, How, State, Stop};
use crate::store::{Record, Records};

/// What a dispatcher is made with.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) workdir: Arc<Path>,
    /// The run's identifier.
    pub(super) run: Arc<str>,
    /// The most jobs at once.
    pub(super) forks: usize,
    /// Of jobs that have none of their own.
    pub(super) retry: RetryPolicy,
    /// Of jobs that have none of their own.
    pub(super) timeout: Option<Duration>,
    /// From SIGTERM to SIGKILL.
    pub(super) grace: Duration,
    pub(super) halt: Option<Halt>,
    /// How many jobs there will be; 0: nobody knows.
    pub(super) expected: usize,
    /// Whether jobs have a directory with files.
    pub(super) files: bool,
    /// What makes the jitter of waits random.
    pub(super) seed: u64,
    /// How many jobs the scheduler may have ahead of their turn.
    pub(super) ahead: usize,
    /// Whether each start holds the next one back.
    pub(super) paced: bool,
    pub(super) told: Told,
    /// Jobs that are to be killed as soon as they come in, and why.
    pub(super) doomed: BTreeSet<usize>,
    pub(super) dooms: KillReason,
}

/// The state of a run.
#[derive(Debug)]
pub(super) struct Dispatcher {
    settings: Settings,
    jobs: Jobs,
    queue: VecDeque<usize>,
    /// Those that wait for their turn once more, because they were held.
    again: BTreeSet<usize>,
    /// How many are held.
    held_jobs: usize,
    /// Whose turn it was last.
    last_turn: Option<usize>,
    /// What the scheduler has.
    live: HashMap<Jid, usize>,
    /// What was seen of jobs whose submission has not been answered yet.
    early: Vec<Observation>,
    /// How many those are.
    submitting: usize,
    /// What earlier runs left of jobs that are not fed yet.
    recovery: Recovery,
    adopted: Adopted,
    /// Jobs that are to be killed as soon as they come in.
    doomed: BTreeSet<usize>,
    /// Jobs that the scheduler did not take for now.
    postponed: BTreeSet<usize>,
    /// Jobs that wait for others.
    waiting: Waiting,
    /// Slots taken.
    busy: usize,
    /// The job that ended last was a short one.
    is_brief: bool,
    /// Jobs with hooks that have not returned, and whoever else is called.
    calling: usize,
    /// Those of them that are not ordered yet.
    calls: Vec<usize>,
    /// Lists that were told, to be filled again.
    spare: Vec<Vec<Notice>>,
    counts: Counts,
    attempts: u64,
    cpu: Duration,
    feeding: bool,
    stopping: Option<(Level, Why)>,
    /// The broken hook that has stopped the run.
    halted_for: Option<String>,
    signals: u32,
    /// `on_shutdown` was called, or is being.
    shut_down: bool,
    /// It is being asked about a signal: meanwhile nothing more starts.
    signal_asked: bool,
    abandoned: bool,
    /// The run's files cannot be written.
    broken: Option<String>,
    /// No job starts until it is said.
    held: bool,
    /// Somebody reads events.
    publishing: bool,
    dice: u64,
    /// Milliseconds since the epoch.
    now: u64,
    records: Records,
    orders: Vec<Order>,
}

impl Dispatcher {
    pub(super) fn new(mut settings: Settings, records: Records, recovery: Recovery) -> Self {
        Self {
            dice: settings.seed | 1,
            held: settings.paced,
            doomed: std::mem::take(&mut settings.doomed),
            settings,
            jobs: Jobs::default(),
            queue: VecDeque::new(),
            again: BTreeSet::new(),
            held_jobs: 0,
            last_turn: None,
            live: HashMap::new(),
            early: Vec::new(),
            submitting: 0,
            recovery,
            adopted: Adopted::default(),
            postponed: BTreeSet::new(),
            waiting: Waiting::default(),
            busy: 0,
            is_brief: false,
            calling: 0,
            calls: Vec::new(),
            spare: Vec::new(),
            counts: Counts::default(),
            attempts: 0,
            cpu: Duration::ZERO,
            feeding: true,
            stopping: None,
            halted_for: None,
            signals: 0,
            shut_down: false,
            signal_asked: false,
            abandoned: false,
            broken: None,
            publishing: false,
            now: 0,
            records,
            orders: Vec::new(),
        }
    }

    /// What it is about to hear happens now, in milliseconds since the epoch; `publishing`: somebody reads events.
    pub(super) fn at(&mut self, now: u64, publishing: bool) {
        (self.now, self.publishing) = (now, publishing);
    }

    /// Whether the scheduler takes jobs ahead of their turn.
    pub(super) fn looks_ahead(&mut self, it: bool) {
        self.settings.ahead *= usize::from(it);
    }

    /// What is to be written down before the orders are performed.
    pub(super) fn records(&mut self) -> &mut Records {
        &mut self.records
    }

    /// What is to be done, in this order.
    ///
    /// The calls come last, and what a job's hooks are to be told since their last call is one call.
    pub(super) fn take_orders(&mut self) -> Vec<Order> {
        for index in std::mem::take(&mut self.calls) {
            if let Some(entry) = self.jobs.get_mut(index) {
                self.orders.push(Order::Call(index, std::mem::take(&mut entry.waiting)));
            }
        }
        std::mem::take(&mut self.orders)
    }

    /// A job was fed. Indices come in order.
    pub(super) fn fed(&mut self, Fed { index, spec, digest, before, after }: Fed) {
        let Ok(argv) = spec.argv().cloned() else {
            return tracing::error!(index, "a job without a command passed the feeder");
        };
        let asked = Asked { spec, argv, workdir: Arc::clone(&self.settings.workdir) };
        // It is left for another run: nobody wants this one any more, or its files cannot be written.
        if self.abandoned || self.broken.is_some() {
            return self.orders.push(Order::Discard(Arc::new(asked)));
        }
        if index != self.jobs.len() {
            return tracing::error!(index, expected = self.jobs.len(), "a job was fed out of order");
        }
        match before {
            Before::Done | Before::Failed | Before::Aside => {
                self.orders.push(Order::Discard(Arc::new(asked)));
                return self.fed_over(before);
            }
            Before::New => {
                let spec = &asked.spec;
                self.records.push(&Record::fed(index, digest, &asked.argv, spec));
                // Behind it, without a gap: whoever feeds it again reads on from there.
                let more = [
                    Record::environment(index, spec),
                    Record::given(index, spec),
                    Record::files(index, spec),
                    Record::after(index, &after),
                ];
                more.iter().flatten().for_each(|it| self.records.push(it));
            }
            Before::Known => {}
        }
        self.jobs.push(Entry::new(asked));
        if let Some((_, why)) = self.stopping {
            return self.step(index, Event::Stop(Stop { how: How::Ask, why: stop::reason(why) }));
        }
        if self.recovery.has(index) {
            self.recovery.comes_in(index, after);
            self.take_up(index);
        } else {
            self.comes_in(index, &after);
        }
        self.fill_slots();
    }

    /// Unless somebody wanted it killed before it came in.
    fn comes_in(&mut self, index: usize, after: &[(usize, Need)]) {
        if self.doomed.remove(&index) {
            return self.step(index, Event::Stop(Stop { how: How::Ask, why: self.settings.dooms }));
        }
        self.enqueue(index, after);
    }

    /// A job that an earlier run has brought to its end.
    fn fed_over(&mut self, before: Before) {
        self.jobs.push_over(before == Before::Done);
        match before {
            Before::Done => self.counts.done_before += 1,
            Before::Failed => self.counts.failed_before += 1,
            Before::Aside | Before::New | Before::Known => {}
        }
    }

    /// Somebody says something.
    pub(super) fn hears(&mut self, message: Message) {
        match message {
            Message::StopFeeding { list } => self.list_ended(list),
            Message::Returned(returned) => self.returned(returned),
            Message::ShutdownAnswered { go, signal } => self.shutdown_answered(go, signal),
            Message::Kill(index) => self.kill(index),
            Message::Cancel => self.cancel(),
            Message::Signal(signal) => self.signal(signal),
            Message::Abandoned => self.abandon(),
        }
        self.fill_slots();
    }

    /// No more jobs come from outside; of a list that was broken off, because the run is stopped too, the end is not known.
    fn list_ended(&mut self, list: Option<usize>) {
        if let Some(jobs) = list.filter(|_| self.feeding) {
            self.records.push(&Record::ListEnded { jobs, when: self.now });
        }
        self.feeding = false;
    }

    /// A job's timer is due.
    pub(super) fn timer(&mut self, index: usize, timer: Timer) {
        match timer {
            Timer::Timeout => self.step(index, Event::TimeUp),
            Timer::Grace => self.step(index, Event::GraceOver),
            Timer::Backoff => self.due(index),
            Timer::Resubmit => self.resubmit(index),
            Timer::Later => self.asks_again(index),
        }
        self.fill_slots();
    }

    /// Tells that jobs still run. Who has hooks that have not returned is left out.
    pub(super) fn poll(&mut self) {
        let running: Vec<usize> = self.live.values().copied().collect();
        for index in running {
            let Some(entry) = self.jobs.get_mut(index) else { continue };
            if entry.state.is_running() && !entry.calling {
                let moment = Moment::Polling(entry.polls);
                entry.polls += 1;
                self.tell(index, moment);
            }
        }
    }

    fn fill_slots(&mut self) {
        self.tell_dependents();
        let may_start = self.may_start();
        while may_start && !self.held && self.busy < self.slots() && self.hooks_keep_up() {
            let Some(index) = self.next_in_turn() else { return };
            // One that was cancelled meanwhile stays in the queue until its turn.
            if self.jobs.get(index).is_some_and(|entry| entry.state == State::Queued) {
                (self.held, self.last_turn) = (self.settings.paced, Some(index));
                self.step(index, Event::Turn);
            }
        }
    }

    /// How many jobs may have left the queue. Only short jobs gain by being given ahead: others are better asked about in their turn.
    fn slots(&self) -> usize {
        let ahead = if self.is_brief { self.settings.ahead } else { 0 };
        self.settings.forks.saturating_add(ahead)
    }

    /// Whether starts are held back.
    pub(super) fn is_held(&self) -> bool {
        self.held
    }

    /// One more job may start.
    pub(super) fn release(&mut self) {
        self.held = false;
        self.fill_slots();
    }

    /// Whether a job may be handed to the scheduler.
    fn may_start(&self) -> bool {
        self.broken.is_none() && !self.abandoned && !self.signal_asked && !self.recovery.is_asking()
    }

    /// Whether the jobs with unfinished hooks are few enough to go on.
    fn hooks_keep_up(&self) -> bool {
        self.calling < self.most_with_hooks()
    }

    /// So many jobs may have unfinished hooks.
    fn most_with_hooks(&self) -> usize {
        self.settings.forks.saturating_mul(4).saturating_add(1024)
    }
}

#[cfg(test)]
mod tests;
