//! What did hooks answer, and what is that to a job?

use std::sync::Arc;

use super::{Dispatcher, Later};
use crate::engine::treaty::{Answer, Broken, Gate, Returned, Veto};
use crate::hook::{Fault, FaultPolicy, Said, Submit};
use crate::job::{Cancelled, Failure, Outcome};
use crate::lifecycle::{Event, State};

/// So many lists of notices are kept to be filled again.
const SPARE: usize = 256;

impl Dispatcher {
    /// The hooks of a job have returned. Those of what happened meanwhile are next.
    pub(super) fn returned(&mut self, Returned { index, answers, spare }: Returned) {
        if self.spare.len() < SPARE {
            self.spare.push(spare);
        }
        let Some(entry) = self.jobs.get_mut(index) else {
            return tracing::error!(index, "hooks returned for a job that is over");
        };
        entry.calling = false;
        self.calling -= 1;
        if self.abandoned {
            return entry.waiting.clear();
        }
        if !entry.waiting.is_empty() {
            self.call(index);
        }
        answers.into_iter().for_each(|answer| self.answered(index, answer));
        if self.jobs.get(index).is_some_and(|entry| entry.due && !entry.calling) {
            self.due(index);
        }
        self.settle(index);
    }

    /// An answer that comes too late, because the job was stopped meanwhile, decides nothing.
    fn answered(&mut self, index: usize, answer: Answer) {
        let Some(state) = self.jobs.get(index).map(|entry| entry.state) else { return };
        match (answer, state) {
            (Answer::Gate(Ok(gate)), State::Gating) => self.gate_said(index, gate),
            (Answer::Gate(Err(broken)), State::Gating) => self.undecided(index, broken, Event::Broken),
            (Answer::Verify(Ok(verdict)), State::Verifying) => {
                let bad = |Said { plugin, value: reason }| Failure::Verify { plugin, reason };
                self.step(index, Event::Judged(verdict.map_or(Ok(()), |said| Err(bad(said)))));
            }
            (Answer::Verify(Err(broken)), State::Verifying) => {
                self.undecided(index, broken, |failure| Event::Judged(Err(failure)));
            }
            (Answer::Kill(None), _) => self.step(index, Event::KillAllowed),
            (Answer::Kill(Some(veto)), _) => self.kill_vetoed(index, &veto),
            (Answer::Fault(fault), _) => self.heeds(index, &fault),
            (Answer::Gate(_) | Answer::Verify(_), _) => {}
        }
    }

    fn gate_said(&mut self, index: usize, gate: Gate) {
        let event = match gate {
            Gate::Shut(Said { plugin, value: Submit::Later(wait, reason) }) => {
                return self.later(index, Later { plugin, reason }, wait);
            }
            Gate::Open(fragments) => {
                if let Some(entry) = self.jobs.get_mut(index) {
                    (entry.fragments, entry.later) = (fragments, None);
                }
                Event::Allowed
            }
            Gate::Shut(said) => shut(said),
        };
        self.step(index, event);
    }

    /// A hook that decides was broken, which fails the job: for good, where the plugin's faults have consequences.
    fn undecided(&mut self, index: usize, broken: Broken, event: fn(Failure) -> Event) {
        let fault = broken.fault().filter(|it| it.policy().is_severe());
        if let Some(fault) = &fault {
            self.dooms_by(index, fault);
        }
        self.step(index, event(failure(broken)));
        if let Some(fault) = fault.filter(|it| it.policy() == FaultPolicy::Halt) {
            self.halt_for(index, &fault);
        }
    }

    /// A hook that observes was broken, and its plugin says what follows.
    fn heeds(&mut self, index: usize, fault: &Arc<Fault>) {
        match fault.policy() {
            FaultPolicy::Halt => self.halt_for(index, fault),
            FaultPolicy::FailJob => {
                self.dooms_by(index, fault);
                self.step(index, Event::Faulted);
            }
            _ => {}
        }
    }

    /// Whatever becomes of the job, it fails for this, and for the first of such.
    fn dooms_by(&mut self, index: usize, fault: &Fault) {
        if let Some(entry) = self.jobs.get_mut(index) {
            entry.fault.get_or_insert_with(|| fault.to_string().into());
        }
    }

    fn kill_vetoed(&mut self, index: usize, Said { plugin, value }: &Veto) {
        tracing::info!(index, "plugin `{plugin}` lets the job live on: {value}");
        self.step(index, Event::KillVetoed);
    }
}

fn shut(Said { plugin, value }: Said<Submit>) -> Event {
    match value {
        Submit::Later(..) => Event::Later,
        Submit::Proceed => Event::Allowed,
        Submit::Veto(reason) => Event::Decided(Outcome::Cancelled(Cancelled::Veto { plugin, reason })),
        Submit::Skip(_, reason) => Event::Decided(Outcome::Skipped { plugin, reason }),
    }
}

fn failure(broken: Broken) -> Failure {
    Failure::Hook(match broken {
        Broken::Fault(fault) => fault.to_string().into(),
        Broken::NoRuntime => "the runtime that hooks run on has shut down".into(),
    })
}
