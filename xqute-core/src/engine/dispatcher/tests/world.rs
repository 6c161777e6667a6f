//! Everything around a dispatcher: what it ordered, and what is still to be answered.

use std::collections::BTreeSet;

use super::model::{End, Model, RETRIES};
use super::*;
use crate::backend::Kill;
use crate::engine::treaty::{Answer, Broken, Gate, Returned};
use crate::hook::{Said, Submit};
use crate::job::{JobSpec, KillReason};
use crate::script::Fragments;

const ALL: [Moment; 11] = [
    Moment::Init,
    Moment::Queued,
    Moment::Submitting,
    Moment::Submitted,
    Moment::Started,
    Moment::Verifying,
    Moment::Killing,
    Moment::Killed,
    Moment::Failed,
    Moment::Succeeded,
    Moment::Cancelled,
];

/// A call of a job's hooks that has not returned, with the questions in it.
pub(super) struct Call {
    index: usize,
    first: Moment,
    asks: Vec<Moment>,
}

pub(super) struct World {
    pub(super) dispatcher: Dispatcher,
    pub(super) model: Model,
    /// Handed to the scheduler, and not answered.
    pub(super) submitting: Vec<usize>,
    /// Those that the scheduler has, with their attempt.
    running: Vec<(usize, Jid)>,
    pub(super) calls: Vec<Call>,
    pub(super) killed: Vec<(usize, Kill)>,
    timers: BTreeSet<(usize, Timer)>,
    /// Backed off, and their hooks have not returned.
    due: BTreeSet<usize>,
    pub(super) told: Vec<Vec<Moment>>,
    attempts: Vec<u32>,
    shutdowns: Vec<Option<Signal>>,
    /// The scheduler is to give back what it has not started.
    withdraws: bool,
}

impl World {
    pub(super) fn new(forks: usize, hooks: bool) -> Self {
        Self::told(forks, if hooks { &ALL } else { &[] })
    }

    /// Where the scheduler is given jobs ahead of their turn.
    pub(super) fn ahead(forks: usize, hooks: bool, ahead: usize) -> Self {
        let mut world = Self::new(forks, hooks);
        (world.dispatcher.settings.ahead, world.model.ahead) = (ahead, ahead);
        world
    }

    pub(super) fn told(forks: usize, told: &[Moment]) -> Self {
        Self::left(forks, told, Recovery::default())
    }

    pub(super) fn left(forks: usize, told: &[Moment], recovery: Recovery) -> Self {
        let settings = Settings {
            workdir: Path::new("/w").into(),
            run: "r".into(),
            forks,
            retry: RetryPolicy::new(RETRIES),
            timeout: Some(Duration::from_secs(5)),
            grace: Duration::from_secs(1),
            halt: None,
            files: true,
            seed: 1,
            paced: false,
            ahead: 0,
            expected: 0,
            told: Told { all: told.to_vec(), bare: told.to_vec() },
            doomed: BTreeSet::new(),
            dooms: KillReason::User,
        };
        Self {
            dispatcher: Dispatcher::new(settings, Records::new(0, 0), recovery),
            model: Model::new(forks, told == ALL),
            submitting: vec![],
            running: vec![],
            calls: vec![],
            killed: vec![],
            timers: BTreeSet::new(),
            due: BTreeSet::new(),
            told: vec![],
            attempts: vec![],
            shutdowns: vec![],
            withdraws: false,
        }
    }

    pub(super) fn fed(&self) -> usize {
        self.told.len()
    }

    pub(super) fn feed(&mut self) {
        self.model.feed();
        self.hand_in();
    }

    pub(super) fn feed_doomed(&mut self) {
        self.model.feed_doomed();
        self.hand_in();
    }

    fn hand_in(&mut self) {
        let (index, spec) = (self.fed(), JobSpec::new(["true"]));
        let digest = spec.digest(None).unwrap();
        self.told.push(Vec::new());
        self.attempts.push(0);
        self.dispatcher.fed(Fed { index, spec, digest, before: Before::New, after: Vec::new() });
        self.obey();
    }

    fn obey(&mut self) {
        for order in self.dispatcher.take_orders() {
            match order {
                Order::Submit(index) => self.submitting.push(index),
                Order::Call(index, notices) => {
                    assert!(!self.calls.iter().any(|it| it.index == index), "one call of a job at a time");
                    let moments: Vec<Moment> = notices.iter().map(|notice| notice.moment).collect();
                    self.told[index].extend(&moments);
                    let asks = [Moment::Submitting, Moment::Killing, Moment::Verifying];
                    let first = moments[0];
                    let asks = moments.into_iter().filter(|it| asks.contains(it)).collect();
                    self.calls.push(Call { index, first, asks });
                }
                Order::Kill(jid, how) => {
                    let (index, _) = self.running.iter().find(|(_, it)| *it == jid).unwrap();
                    self.killed.push((*index, how));
                }
                Order::Timer(index, timer, Some(_)) => drop(self.timers.insert((index, timer))),
                Order::Timer(index, timer, None) => drop(self.timers.remove(&(index, timer))),
                Order::AskShutdown(signal) => self.shutdowns.push(signal),
                Order::Withdraw => self.withdraws = true,
                Order::Write(..) | Order::Discard(_) | Order::CloseFeed | Order::Publish(_) => {}
            }
        }
    }

    /// After each event: the dispatcher is where the model is.
    fn check(&mut self) {
        self.obey();
        self.model.fill();
        if std::mem::take(&mut self.withdraws) {
            for index in std::mem::take(&mut self.submitting) {
                self.model.withdrawn(index);
                self.dispatcher.submitted(index, Err(Refused::Withdrawn));
                self.obey();
            }
        }
        assert_eq!(self.dispatcher.counts(), self.model.counts());
        assert_eq!(self.dispatcher.busy, self.model.busy());
        assert_eq!(self.dispatcher.held_count(), self.model.held());
        assert_eq!(self.dispatcher.calling, self.calls.len() + self.shutdowns.len());
        let mut live: Vec<usize> = self.dispatcher.live.values().copied().collect();
        live.sort_unstable();
        assert_eq!(live, self.model.live());
        let over = |index: &usize| self.model.end(*index).is_some();
        let called = |index: &usize| self.calls.iter().any(|it| it.index == *index);
        let left = (0..self.fed()).filter(|index| !over(index) || called(index)).count();
        assert_eq!(self.dispatcher.jobs.left(), left);
    }

    pub(super) fn accept(&mut self, at: usize) {
        let index = self.submitting.remove(at);
        let jid: Jid = format!("{index}.{}", self.attempts[index]).into();
        self.attempts[index] += 1;
        self.running.push((index, Arc::clone(&jid)));
        self.model.accepted(index);
        self.dispatcher.submitted(index, Ok(Accepted { jid, running: true, process: None }));
        self.check();
    }

    pub(super) fn refuse(&mut self, at: usize, refused: Refused) {
        let index = self.submitting.remove(at);
        match refused {
            Refused::Later(_) => self.model.postponed(index),
            _ => self.model.rejected(index),
        }
        self.dispatcher.submitted(index, Err(refused));
        self.check();
    }

    pub(super) fn exit(&mut self, at: usize, end: Result<(), Failure>) {
        let (index, jid) = self.running.remove(at);
        // One that was let go is the model's no more.
        if self.dispatcher.live.contains_key(&jid) {
            self.model.exit(index, end.is_ok());
        }
        self.dispatcher.observed(Observation { jid, seen: Seen::Exited { end, usage: None } });
        self.check();
    }

    /// An end that halts the run.
    pub(super) fn exit_halting(&mut self, at: usize, end: Result<(), Failure>, halt: Halt) {
        let (index, jid) = self.running.remove(at);
        self.model.exit(index, end.is_ok());
        if halt.now {
            self.model.cancel()
        } else {
            self.model.stop_soon()
        }
        self.dispatcher.observed(Observation { jid, seen: Seen::Exited { end, usage: None } });
        self.check();
    }

    /// A call returns, with answers as `dice` says: 0 lets everything go on.
    pub(super) fn give(&mut self, at: usize, dice: u16) {
        let Call { index, asks, .. } = self.calls.remove(at);
        let said = || Said { plugin: "p".into(), value: "no".into() };
        let mut answers = Vec::new();
        for ask in asks {
            answers.push(match (ask, dice) {
                (Moment::Submitting, 1) => {
                    self.model.gate(index, Some(End::Cancelled));
                    Answer::Gate(Ok(Gate::Shut(Said { plugin: "p".into(), value: Submit::veto("no") })))
                }
                (Moment::Submitting, 2) => {
                    self.model.gate(index, Some(End::Skipped));
                    Answer::Gate(Ok(Gate::Shut(Said { plugin: "p".into(), value: Submit::skip("yes") })))
                }
                (Moment::Submitting, 3) => {
                    self.model.gate(index, Some(End::Failed));
                    Answer::Gate(Err(Broken::NoRuntime))
                }
                (Moment::Submitting, 4) => {
                    self.model.later(index);
                    let value = Submit::later(Duration::from_secs(1), "not now");
                    Answer::Gate(Ok(Gate::Shut(Said { plugin: "p".into(), value })))
                }
                (Moment::Submitting, _) => {
                    self.model.gate(index, None);
                    Answer::Gate(Ok(Gate::Open(Fragments::default())))
                }
                (Moment::Killing, 1..=3) => {
                    self.model.kill_answered(index, false);
                    Answer::Kill(Some(said()))
                }
                (Moment::Killing, _) => {
                    self.model.kill_answered(index, true);
                    Answer::Kill(None)
                }
                (_, 1) => {
                    self.model.judged(index, false);
                    Answer::Verify(Ok(Some(said())))
                }
                (_, 2) => {
                    self.model.judged(index, false);
                    Answer::Verify(Err(Broken::NoRuntime))
                }
                _ => {
                    self.model.judged(index, true);
                    Answer::Verify(Ok(None))
                }
            });
        }
        self.dispatcher.hears(Message::Returned(Returned { index, answers, spare: Vec::new() }));
        self.obey();
        // It is queued again as soon as nothing is left to be told of its last attempt.
        let more = self.calls.iter().any(|it| it.index == index && it.first != Moment::Queued);
        if self.due.contains(&index) && !more {
            self.due.remove(&index);
            self.model.due(index);
        }
        self.check();
    }

    /// The hooks of a job return until the gate of its submission was asked, which says what `dice` does.
    pub(super) fn gate(&mut self, index: usize, dice: u16) {
        loop {
            let at = self.calls.iter().position(|it| it.index == index).unwrap();
            let is_asked = self.calls[at].asks.contains(&Moment::Submitting);
            self.give(at, if is_asked { dice } else { 0 });
            if is_asked {
                return;
            }
        }
    }

    pub(super) fn timer(&mut self, index: usize, timer: Timer) {
        assert!(self.timers.remove(&(index, timer)), "{timer:?} of {index} does not run");
        let calling = self.calls.iter().any(|it| it.index == index);
        match timer {
            Timer::Timeout => self.model.stop(index, true),
            Timer::Grace => self.model.grace_over(index),
            Timer::Backoff if calling => drop(self.due.insert(index)),
            Timer::Backoff => self.model.due(index),
            Timer::Resubmit => self.model.resubmit(index),
            Timer::Later => self.model.asks_again(index),
        }
        self.dispatcher.timer(index, timer);
        self.check();
    }

    fn kill(&mut self, index: usize) {
        self.model.stop(index, false);
        self.dispatcher.hears(Message::Kill(index));
        self.check();
    }

    fn cancel(&mut self) {
        self.model.cancel();
        self.dispatcher.hears(Message::Cancel);
        self.obey();
        self.answer_shutdowns();
        self.check();
    }

    fn answer_shutdowns(&mut self) {
        for signal in std::mem::take(&mut self.shutdowns) {
            self.dispatcher.hears(Message::ShutdownAnswered { go: true, signal });
        }
    }

    /// SIGINT comes, and no hook objects.
    pub(super) fn signal(&mut self) {
        self.dispatcher.hears(Message::Signal(Signal(2)));
        self.obey();
        self.answer_shutdowns();
        self.obey();
    }

    pub(super) fn poll(&mut self) {
        self.dispatcher.poll();
        self.obey();
    }

    /// One thing happens; which one, `dice` says.
    pub(super) fn happen(&mut self, dice: u16) {
        let (what, which) = (dice % 16, usize::from(dice / 16));
        let pick = |many: usize| which % many;
        match what {
            0 | 1 if self.dispatcher.wants_more() => self.feed(),
            2 | 3 if !self.submitting.is_empty() => match which % 16 {
                0 => self.refuse(pick(self.submitting.len()), Refused::Later("busy".into())),
                1 => self.refuse(pick(self.submitting.len()), Refused::ForGood("no".into())),
                _ => self.accept(pick(self.submitting.len())),
            },
            4 | 5 if !self.running.is_empty() => self.exit(pick(self.running.len()), Ok(())),
            6 if !self.running.is_empty() => {
                self.exit(pick(self.running.len()), Err(Failure::ExitCode(1)));
            }
            7..=10 if !self.calls.is_empty() => self.give(pick(self.calls.len()), dice / 16 % 13),
            11 if self.fed() > 0 => self.kill(pick(self.fed())),
            12 | 13 if !self.timers.is_empty() => {
                let (index, timer) = *self.timers.iter().nth(pick(self.timers.len())).unwrap();
                self.timer(index, timer);
            }
            14 if which % 64 == 0 => self.cancel(),
            _ => {}
        }
    }

    /// Whatever is under way comes to its end.
    pub(super) fn finish(&mut self) {
        self.dispatcher.hears(Message::StopFeeding { list: None });
        self.obey();
        while !self.dispatcher.is_done() {
            if !self.submitting.is_empty() {
                self.accept(0);
            } else if !self.running.is_empty() {
                self.exit(0, Ok(()));
            } else if let Some((index, timer)) = self.timers.first().copied() {
                self.timer(index, timer);
            } else {
                assert!(!self.calls.is_empty(), "nothing is under way, and the run is not done");
                self.give(0, 0);
            }
        }
        assert_eq!((self.dispatcher.busy, self.dispatcher.calling), (0, 0));
        assert_eq!(self.dispatcher.counts().total(), self.fed());
    }

    /// Each job was told once how it ended, and nothing after that.
    pub(super) fn check_ends(&self) {
        for (index, told) in self.told.iter().enumerate() {
            let last = match self.model.end(index).unwrap() {
                End::Succeeded | End::Skipped => Moment::Succeeded,
                End::Failed => Moment::Failed,
                End::Killed => Moment::Killed,
                End::Cancelled => Moment::Cancelled,
            };
            assert_eq!((told[0], told.last()), (Moment::Init, Some(&last)), "{told:?}");
            let ends = [Moment::Succeeded, Moment::Killed, Moment::Cancelled];
            assert!(!told[..told.len() - 1].iter().any(|it| ends.contains(it)), "{told:?}");
        }
    }
}
