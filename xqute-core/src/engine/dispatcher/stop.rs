//! How is a job or a run stopped? In steps that only grow: nothing more starts, what runs is asked, told, forced to end.

use super::Dispatcher;
use crate::engine::treaty::{Level, Order, Why};
use crate::hook::{Fault, Stopped};
use crate::job::{KillReason, Signal};
use crate::lifecycle::{Event, How, State, Stop};
use crate::store::Record;

impl Dispatcher {
    /// Whether nothing more is to start.
    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.is_some() || self.broken.is_some() || self.abandoned
    }

    /// Somebody wants a job to end. One that is not here yet is remembered.
    pub(super) fn kill(&mut self, index: usize) {
        // Or it is here, and nobody has told yet what became of what is left of it.
        if index >= self.jobs.len() || self.recovery.has(index) {
            self.doomed.insert(index);
        } else {
            self.withdraw();
            self.step(index, Event::Stop(Stop { how: How::Ask, why: KillReason::User }));
        }
    }

    /// The program wants the run to end. `on_shutdown` is told; it cannot veto that.
    pub(super) fn cancel(&mut self) {
        if !self.shut_down {
            self.ask_shutdown(None);
        }
        self.stop(Level::Ask, Stopped::Cancelled);
    }

    /// The first signal stops what has not started, if no hook vetoes it; the second kills, the third leaves at once.
    pub(super) fn signal(&mut self, signal: Signal) {
        self.signals += 1;
        match self.signals {
            1 if !self.shut_down => self.ask_shutdown(Some(signal)),
            // `cancel` has told it already.
            1 => self.stop(Level::Soon, Stopped::Signal(signal)),
            2 => self.stop(Level::Term, Stopped::Signal(signal)),
            _ => self.stop(Level::Leave, Stopped::Signal(signal)),
        }
    }

    fn ask_shutdown(&mut self, signal: Option<Signal>) {
        self.calling += 1;
        self.shut_down = true;
        self.signal_asked |= signal.is_some();
        self.withdraw();
        self.orders.push(Order::AskShutdown(signal));
    }

    pub(super) fn shutdown_answered(&mut self, go: bool, signal: Option<Signal>) {
        self.calling -= 1;
        self.signal_asked &= signal.is_none();
        match signal {
            Some(signal) if go => self.stop(Level::Soon, Stopped::Signal(signal)),
            // The run goes on, and is told of its end when that comes.
            Some(_) => self.shut_down = self.is_stopping(),
            None => {}
        }
    }

    /// Whether it is time to give the run up, now that this job has ended.
    pub(super) fn check_halt(&mut self, index: usize) {
        let total = self.jobs.len().max(self.settings.expected);
        let reached = |halt: &crate::engine::halt::Halt| halt.reached(&self.counts, total);
        if let (false, Some(halt)) = (self.is_stopping(), self.settings.halt.filter(reached)) {
            let why = format!("{} (--halt {halt})", Stopped::Halted);
            self.records.push(&Record::Stopped { why: &why, by: Some(index), when: self.now });
            self.stop(if halt.now { Level::Ask } else { Level::Soon }, Stopped::Halted);
        }
    }

    /// A hook of this job was broken, and its plugin's faults stop the run.
    pub(super) fn halt_for(&mut self, index: usize, fault: &Fault) {
        if !self.is_stopping() {
            let why = format!("{}: {fault}", Stopped::Broken);
            self.records.push(&Record::Stopped { why: &why, by: Some(index), when: self.now });
            self.halted_for = Some(why);
            self.stop(Level::Ask, Stopped::Broken);
        }
    }

    /// Which broken hook has stopped the run.
    pub(in crate::engine) fn halted_for(&self) -> Option<String> {
        self.halted_for.clone()
    }

    fn stop(&mut self, level: Level, why: Why) {
        if self.stopping.is_some_and(|(before, _)| before >= level) {
            return;
        }
        self.stopping = Some((level, why));
        if !matches!(why, Stopped::Halted | Stopped::Broken) {
            self.records.push(&Record::Stopped { why: &why.to_string(), by: None, when: self.now });
        }
        self.shut_in();
        let how = match level {
            Level::Soon | Level::Ask => How::Ask,
            Level::Term => How::Term,
            Level::Leave => How::Kill,
        };
        let has_begun = |state: State| state.is_live() || matches!(state, State::Submitting { .. });
        for index in self.jobs.which(|entry| level > Level::Soon || !has_begun(entry.state)) {
            self.step(index, Event::Stop(Stop { how, why: reason(why) }));
        }
    }

    /// What the scheduler was given ahead is not to start, for now: it goes back into the queue.
    pub(super) fn withdraw(&mut self) {
        if self.settings.ahead > 0 && self.submitting > 0 {
            self.orders.push(Order::Withdraw);
        }
    }

    /// The run's files cannot be written: nothing more starts, and what has not started is left for another run.
    pub(in crate::engine) fn breaks(&mut self, why: String) {
        if self.broken.is_none() {
            tracing::error!("the run is being stopped: {why}");
            self.broken = Some(why);
            self.shut_in();
            // What they are asked may never be answered.
            for index in self.jobs.which(|entry| matches!(entry.state, State::Asking { .. })) {
                self.step(index, Event::KillAllowed);
            }
        }
    }

    fn shut_in(&mut self) {
        self.withdraw();
        self.feeding = false;
        self.queue.clear();
        self.again.clear();
        self.orders.push(Order::CloseFeed);
    }

    /// Nobody wants the run any more: what has not started is left for another run, what runs is killed.
    pub(super) fn abandon(&mut self) {
        self.abandoned = true;
        self.shut_in();
        let has_begun = |state: State| state.is_live() || matches!(state, State::Submitting { .. });
        for index in self.jobs.which(|entry| has_begun(entry.state)) {
            self.step(index, Event::Stop(Stop { how: How::Kill, why: KillReason::RunDropped }));
        }
        self.orders.retain(|order| {
            !matches!(order, Order::Call(..) | Order::Submit(_) | Order::AskShutdown(_) | Order::Publish(_))
        });
    }
}

/// What a job is told, that a run is stopped for this.
pub(super) fn reason(why: Why) -> KillReason {
    match why {
        Stopped::Halted | Stopped::Broken => KillReason::Halted,
        Stopped::Cancelled | Stopped::Signal(_) => KillReason::RunCancelled,
    }
}
