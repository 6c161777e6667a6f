//! What did hooks answer, and what is that to a job?

use std::sync::Arc;

use super::{Dispatcher, Later};
use crate::engine::treaty::{Answer, Broken, Gate, Returned, Veto};
use crate::hook::{Fault, FaultPolicy, Said, Submit};
use crate::job::{Cancelled, Failure, Outcome};
use crate::lifecycle::{Event, State};

impl Dispatcher {
    /// The hooks of a job have returned. Those of what happened meanwhile are next.
    pub(super) fn returned(&mut self, Returned { index, answers }: Returned) {
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
        let Some(entry) = self.jobs.get_mut(index) else { return };
        match (answer, entry.state) {
            (Answer::Gate(gate), State::Gating) => {
                let mut broken_by = None;
                let event = match gate {
                    Ok(Gate::Shut(Said { plugin, value: Submit::Later(wait, reason) })) => {
                        return self.later(index, Later { plugin, reason }, wait);
                    }
                    Ok(Gate::Open(fragments)) => {
                        (entry.fragments, entry.later) = (fragments, None);
                        Event::Allowed
                    }
                    Ok(Gate::Shut(said)) => shut(said),
                    Err(broken) => {
                        broken_by = broken.fault();
                        Event::Broken(failure(broken))
                    }
                };
                self.step(index, event);
                self.heeds_gate(index, broken_by);
            }
            (Answer::Verify(verdict), State::Verifying) => {
                let mut broken_by = None;
                let judged = match verdict {
                    Ok(None) => Ok(()),
                    Ok(Some(Said { plugin, value: reason })) => Err(Failure::Verify { plugin, reason }),
                    Err(broken) => {
                        broken_by = broken.fault();
                        Err(failure(broken))
                    }
                };
                self.step(index, Event::Judged(judged));
                self.heeds_gate(index, broken_by);
            }
            (Answer::Kill(None), _) => self.step(index, Event::KillAllowed),
            (Answer::Kill(Some(veto)), _) => self.kill_vetoed(index, &veto),
            (Answer::Fault(fault), _) => self.heeds(index, &fault),
            (Answer::Gate(_) | Answer::Verify(_), _) => {}
        }
    }

    /// A hook was broken, and its plugin says what follows.
    fn heeds(&mut self, index: usize, fault: &Arc<Fault>) {
        match fault.policy() {
            FaultPolicy::Halt => self.halt_for(index, fault),
            FaultPolicy::FailJob => {
                if let Some(entry) = self.jobs.get_mut(index) {
                    entry.fault.get_or_insert_with(|| fault.to_string().into());
                }
                self.step(index, Event::Faulted);
            }
            _ => {}
        }
    }

    /// A broken gate has failed its job already.
    fn heeds_gate(&mut self, index: usize, fault: Option<Arc<Fault>>) {
        if let Some(fault) = fault.filter(|it| it.policy() == FaultPolicy::Halt) {
            self.halt_for(index, &fault);
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
