//! One step of a job's life.

use thiserror::Error;

use super::state::{Effect, Event, Point, State};
use crate::job::{Outcome, Status};

/// What a step leads to.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a step that nobody performs is lost"]
pub(crate) struct Step {
    pub(crate) state: State,
    /// Set by the step that ends the job, and by no other.
    pub(crate) outcome: Option<Outcome>,
    pub(crate) effects: &'static [Effect],
}

/// An event that cannot happen in this state. Clusters do send nonsense: it is told, and changes nothing.
#[derive(Debug, PartialEq, Eq, Error)]
#[error("{event:?} cannot happen to a job that is {state:?}")]
pub(crate) struct Illegal {
    state: State,
    event: Event,
}

use Effect::{AskGate, FreeSlot, Submit, Tell};

/// Moves a job. A start that nobody saw is put in before the end.
pub(crate) fn step(state: State, event: Event) -> Result<Step, Illegal> {
    match (state, event) {
        (State::Init, Event::Enqueue) => moves(State::Queued, &[Tell(Point::Init), Tell(Point::Queued)]),
        (State::Queued, Event::Turn) => moves(State::Submitting, &[AskGate]),
        (State::Submitting, Event::Allowed) => moves(State::Submitting, &[Submit]),
        (State::Submitting, Event::Submitted) => moves(State::Submitted, &[Tell(Point::Submitted)]),
        (State::Submitted, Event::Started) => moves(State::Running, &[Tell(Point::Started)]),

        (State::Submitting, Event::Vetoed(why)) => {
            ends(Outcome::Cancelled(why), &[FreeSlot, Tell(Point::Cancelled)])
        }
        (State::Submitting, Event::Skipped(outcome)) => ends(outcome, &[FreeSlot, Tell(Point::Succeeded)]),
        (State::Submitting, Event::GateBroken(what)) => {
            ends(Outcome::Failed(crate::job::Failure::Hook(what)), &[FreeSlot, Tell(Point::Failed)])
        }
        (State::Submitting, Event::Rejected(failure)) => {
            ends(Outcome::Failed(failure), &[FreeSlot, Tell(Point::Failed)])
        }
        (State::Submitted, Event::Exited(Ok(()))) => {
            ends(Outcome::Succeeded, &[Tell(Point::Started), FreeSlot, Tell(Point::Succeeded)])
        }
        (State::Submitted, Event::Exited(Err(failure))) => {
            ends(Outcome::Failed(failure), &[Tell(Point::Started), FreeSlot, Tell(Point::Failed)])
        }
        (State::Running, Event::Exited(Ok(()))) => {
            ends(Outcome::Succeeded, &[FreeSlot, Tell(Point::Succeeded)])
        }
        (State::Running, Event::Exited(Err(failure))) => {
            ends(Outcome::Failed(failure), &[FreeSlot, Tell(Point::Failed)])
        }
        (State::Init | State::Queued, Event::Dropped) => ends(dropped(), &[Tell(Point::Cancelled)]),
        (State::Submitting, Event::Dropped) => ends(dropped(), &[FreeSlot, Tell(Point::Cancelled)]),

        (
            State::Init
            | State::Queued
            | State::Submitting
            | State::Submitted
            | State::Running
            | State::Ended(_),
            event,
        ) => Err(Illegal { state, event }),
    }
}

fn dropped() -> Outcome {
    Outcome::Cancelled(crate::job::Cancelled::RunDropped)
}

fn moves(state: State, effects: &'static [Effect]) -> Result<Step, Illegal> {
    Ok(Step { state, outcome: None, effects })
}

fn ends(outcome: Outcome, effects: &'static [Effect]) -> Result<Step, Illegal> {
    let status = match &outcome {
        Outcome::Succeeded | Outcome::Skipped { .. } => Status::Finished,
        Outcome::Failed(_) => Status::Failed,
        Outcome::Cancelled(_) => Status::Cancelled,
    };
    Ok(Step { state: State::Ended(status), outcome: Some(outcome), effects })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{Cancelled, Failure};
    use proptest::prelude::*;

    fn events() -> impl Strategy<Value = Event> {
        prop_oneof![
            Just(Event::Enqueue),
            Just(Event::Turn),
            Just(Event::Allowed),
            Just(Event::Vetoed(Cancelled::Veto { plugin: "p".into(), reason: "r".into() })),
            Just(Event::Skipped(Outcome::Skipped { plugin: "p".into(), reason: "r".into() })),
            Just(Event::GateBroken("broken".into())),
            Just(Event::Submitted),
            Just(Event::Rejected(Failure::SubmitRejected("no".into()))),
            Just(Event::Started),
            Just(Event::Exited(Ok(()))),
            Just(Event::Exited(Err(Failure::ExitCode(1)))),
            Just(Event::Dropped),
        ]
    }

    /// The moments that may follow one another in a job's life.
    fn follows(before: Option<Point>, next: Point) -> bool {
        use Point::{Cancelled, Failed, Init, Queued, Started, Submitted, Submitting, Succeeded};
        match next {
            Init => before.is_none(),
            Queued => before == Some(Init),
            Submitting => false, // told by the gate, not by `Tell`
            Submitted => before == Some(Queued),
            Started => before == Some(Submitted),
            Succeeded | Failed => matches!(before, Some(Started | Queued)),
            Cancelled => matches!(before, None | Some(Queued)),
        }
    }

    proptest! {
        #[test]
        fn a_life_in_any_order_of_events_is_one(events in proptest::collection::vec(events(), 0..40)) {
            let (mut state, mut outcomes, mut slots, mut told) = (State::Init, 0, 0, None);
            for event in events {
                let before = state;
                let Ok(step) = step(state, event.clone()) else { continue };
                prop_assert!(!matches!(before, State::Ended(_)), "an end is an end");
                state = step.state;
                outcomes += u32::from(step.outcome.is_some());
                slots += i32::from(event == Event::Turn);
                for effect in step.effects {
                    match effect {
                        FreeSlot => slots -= 1,
                        Tell(point) => {
                            prop_assert!(follows(told, *point), "{:?} after {:?}", point, told);
                            told = Some(*point);
                        }
                        AskGate | Submit => {}
                    }
                }
                prop_assert_eq!(outcomes, u32::from(matches!(state, State::Ended(_))));
                let holds = matches!(state, State::Submitting | State::Submitted | State::Running);
                prop_assert_eq!(slots, i32::from(holds));
            }
        }
    }

    #[test]
    fn what_cannot_happen_is_told() {
        let error = step(State::Ended(Status::Finished), Event::Started).unwrap_err();
        assert_eq!(error.to_string(), "Started cannot happen to a job that is Ended(Finished)");
    }
}
