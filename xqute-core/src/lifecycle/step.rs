//! One step of a job's life.

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use super::retry::wait;
use super::state::{Effect, Ends, Event, How, Rules, State, Stop, Why};
use crate::job::{Cancelled, Failure, KillReason, Moment, Outcome};

use Effect::{AskGate, AskKill, AskVerify, Kill, Postpone, StartTimeout, Submit, Tell, Term};

/// What a step leads to.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a step that nobody performs is lost"]
pub(crate) struct Step {
    pub(crate) state: State,
    pub(crate) ends: Ends,
    pub(crate) effects: &'static [Effect],
}

/// An event that cannot happen in this state. Clusters do send nonsense: it is told, and changes nothing.
#[derive(Debug, PartialEq, Eq, Error)]
#[error("{event:?} cannot happen to a job that is {state:?}")]
pub(crate) struct Illegal {
    state: State,
    event: Event,
}

/// What follows when a job is seen to run.
const STARTED: &[Effect] = &[Tell(Moment::Started), StartTimeout];

/// Hooks are asked whether a job may be killed that ran for too long.
const TIMED_OUT: State = asking(Why::TimedOut);

/// The scheduler is given a job that nobody wants to end.
const SUBMITTING: State = State::Submitting { kill: None };
/// Hooks are asked whether a job may be killed whose memory others need.
const PREEMPTED: State = asking(Why::Memory);

const fn asking(why: Why) -> State {
    State::Asking { why, started: true }
}

/// Moves a job.
pub(crate) fn step(state: State, event: Event, rules: &Rules<'_>) -> Result<Step, Illegal> {
    if let Some(step) = rules.fault.and_then(|it| faulted(state, &event, it)) {
        return Ok(step);
    }
    Ok(match (state, event) {
        (State::Init, Event::Enqueue) => moves(State::Queued, &[Tell(Moment::Init), Tell(Moment::Queued)]),
        (State::Init, Event::Adopted { started, kill }) => adopted(started, kill),
        (State::Init, Event::Unknown(why)) => unknown(Failure::Unknown(why), rules),
        (State::Queued, Event::Turn) => moves(State::Gating, &[AskGate]),
        (State::Waiting, Event::Due) => moves(State::Queued, &[Tell(Moment::Queued)]),
        (State::Gating, Event::Allowed) | (State::Postponed, Event::Resubmit) => moves(SUBMITTING, &[Submit]),
        (State::Init, Event::Decided(outcome @ Outcome::Cancelled(_))) => {
            ends_with(outcome, &[Tell(Moment::Init), Tell(Moment::Cancelled)])
        }
        (State::Gating, Event::Decided(outcome)) => ends(outcome),
        (State::Gating, Event::Later) => moves(State::Held, &[]),
        (State::Gating, Event::Broken(failure))
        | (State::Submitting { kill: None }, Event::Rejected(failure))
        | (State::Verifying, Event::Judged(Err(failure))) => fails(failure, rules, false),
        (State::Submitting { kill }, Event::Submitted) => submitted(kill),
        (State::Submitting { kill: None }, Event::Postponed) => moves(State::Postponed, &[Postpone]),
        (State::Submitting { kill: None }, Event::Withdrawn) => moves(State::Queued, &[]),
        (State::Held, Event::Due) => moves(State::Queued, &[]),
        (State::Submitting { kill: Some(stop) }, event) if event.gives_back() => cancels(stop.why),
        (State::Submitted, Event::Started) => moves(State::Running, &[Tell(Moment::Started), StartTimeout]),
        (State::Asking { why, started: false }, Event::Started) => moves(asking(why), STARTED),
        (State::Killing { why, started: false, forced }, Event::Started) => started_late(why, forced),
        (state, Event::Exited(end)) if state.is_live() => exited(state, end, rules),
        (State::Verifying, Event::Judged(Ok(()))) => ends(Outcome::Succeeded),
        (state, Event::Stop(stop)) => stops(state, stop),
        (State::Running, Event::TimeUp) => moves(TIMED_OUT, &[AskKill]),
        (State::Running, Event::Preempt) => moves(PREEMPTED, &[AskKill]),
        // It is asked already, for another reason: if that is vetoed, it is asked again when the time is up again.
        (State::Asking { why, .. }, Event::TimeUp) if why != Why::TimedOut => moves(state, &[StartTimeout]),
        (State::Asking { why, started }, Event::KillAllowed) => {
            moves(State::Killing { why, started, forced: false }, &[Term])
        }
        (State::Asking { why, started }, Event::KillVetoed) => vetoed(why, started),
        (State::Killing { why, started, forced }, Event::GraceOver) => grace_over(why, started, forced),
        // The answer to a question, or a timer, that came too late: the job has moved on.
        (_, event) if event.may_be_late() => moves(state, &[]),
        (
            State::Init
            | State::Queued
            | State::Waiting
            | State::Gating
            | State::Held
            | State::Submitting { .. }
            | State::Postponed
            | State::Submitted
            | State::Running
            | State::Asking { .. }
            | State::Killing { .. }
            | State::Verifying
            | State::Ended(_),
            event,
        ) => return Err(Illegal { state, event }),
    })
}

/// What is different for a job that fails because a hook of it was broken; `None`: nothing.
fn faulted(state: State, event: &Event, fault: &Arc<str>) -> Option<Step> {
    let fails = |effects| Some(ends_with(Outcome::Failed(Failure::Hook(Arc::clone(fault))), effects));
    let told = &[Tell(Moment::Failed)];
    let kills =
        |started, effects| Some(moves(State::Killing { why: Why::Fault, started, forced: false }, effects));
    match (state, event) {
        (State::Queued | State::Waiting | State::Gating | State::Held | State::Postponed, Event::Faulted) => {
            fails(told)
        }
        (State::Submitted, Event::Faulted) => kills(false, &[Term]),
        (State::Running, Event::Faulted) => kills(true, &[Term]),
        // It is being asked whether it may end: that is not asked any more.
        (State::Asking { started, .. }, Event::Faulted) => kills(started, &[Term]),
        (_, Event::Faulted) => Some(moves(state, &[])),
        (State::Submitting { .. }, Event::Submitted) => kills(false, &[Tell(Moment::Submitted), Term]),
        (State::Submitting { .. }, event) if event.gives_back() => fails(told),
        (state, Event::Exited(_)) if state.is_live() && !state.is_seen() => {
            fails(&[Tell(Moment::Started), Tell(Moment::Failed)])
        }
        (state, Event::Exited(_)) if state.is_live() => fails(told),
        (State::Gating, Event::Broken(_)) | (State::Verifying, Event::Judged(_)) => fails(told),
        _ => None,
    }
}

/// A job is seen to run that has been told to end.
fn started_late(why: Why, forced: bool) -> Step {
    moves(State::Killing { why, started: true, forced }, &[Tell(Moment::Started)])
}

/// An attempt of an earlier run lives. Its hooks are told what this run has not told: that the job is known, and runs.
fn adopted(started: bool, kill: Option<Why>) -> Step {
    match (started, kill) {
        (false, None) => moves(State::Submitted, &[Tell(Moment::Init)]),
        (true, None) => moves(State::Running, &[Tell(Moment::Init), Tell(Moment::Started), StartTimeout]),
        (false, Some(why)) => {
            moves(State::Killing { why, started, forced: false }, &[Tell(Moment::Init), Term])
        }
        (true, Some(why)) => moves(
            State::Killing { why, started, forced: false },
            &[Tell(Moment::Init), Tell(Moment::Started), Term],
        ),
    }
}

/// An attempt of an earlier run may have done its work, and nobody knows. Another follows at once, however often that was so: it is
/// no fault of the job that programs died, and each death needs somebody who starts the next run.
fn unknown(failure: Failure, rules: &Rules<'_>) -> Step {
    let effects = &[Tell(Moment::Init), Tell(Moment::Failed)];
    if rules.retry.is_some_and(|policy| policy.covers(&failure)) {
        return Step { state: State::Waiting, ends: Ends::Attempt(failure, Duration::ZERO), effects };
    }
    ends_with(Outcome::Failed(failure), effects)
}

/// The scheduler has it; meanwhile somebody may have wanted it to end.
fn submitted(kill: Option<Stop>) -> Step {
    let Some(Stop { how, why }) = kill else { return moves(State::Submitted, &[Tell(Moment::Submitted)]) };
    let (why, started) = (Why::Reason(why), false);
    match how {
        How::Ask => moves(State::Asking { why, started }, &[Tell(Moment::Submitted), AskKill]),
        How::Term => moves(State::Killing { why, started, forced: false }, &[Tell(Moment::Submitted), Term]),
        How::Kill => moves(State::Killing { why, started, forced: true }, &[Tell(Moment::Submitted), Kill]),
    }
}

/// A live job has ended. A start that nobody saw is put in before the end.
fn exited(state: State, end: Result<(), Failure>, rules: &Rules<'_>) -> Step {
    let unseen = !state.is_seen();
    match (state, end) {
        (_, Ok(())) if unseen => moves(State::Verifying, &[Tell(Moment::Started), AskVerify]),
        // It has done its work, although it was told to end: its own outcome.
        (_, Ok(())) => moves(State::Verifying, &[AskVerify]),
        (State::Killing { why: Why::Reason(reason), .. }, Err(_)) => ends(Outcome::Killed(reason)),
        (State::Killing { why: Why::TimedOut, .. }, Err(_)) => fails(timed_out(rules), rules, false),
        (State::Killing { why: Why::Memory, .. }, Err(_)) => preempted(rules),
        (State::Asking { why: Why::Reason(_), .. }, Err(failure)) => {
            // Its own outcome; and since it was to end, the last.
            fails(failure, &Rules { retry: None, ..*rules }, unseen)
        }
        (_, Err(failure)) => {
            let ran = !matches!(failure, Failure::LostBeforeStart(_) | Failure::SubmitRejected(_));
            fails(failure, rules, unseen && ran)
        }
    }
}

/// It is no fault of the job, however often that was so. When the next attempt may start, the throttle says.
fn preempted(rules: &Rules<'_>) -> Step {
    let (failure, effects) = (Failure::Preempted, &[Tell(Moment::Failed)]);
    match rules.retry {
        Some(_) => Step { state: State::Waiting, ends: Ends::Attempt(failure, Duration::ZERO), effects },
        None => ends_with(Outcome::Failed(failure), effects),
    }
}

fn timed_out(rules: &Rules<'_>) -> Failure {
    Failure::TimedOut(rules.timeout.unwrap_or_default())
}

/// Somebody wants it to end.
fn stops(state: State, stop: Stop) -> Step {
    let (started, before) = match state {
        State::Init => {
            let outcome = Outcome::Cancelled(Cancelled::Stopped(stop.why));
            return ends_with(outcome, &[Tell(Moment::Init), Tell(Moment::Cancelled)]);
        }
        State::Queued | State::Waiting | State::Gating | State::Held | State::Postponed => {
            return cancels(stop.why);
        }
        State::Submitting { kill } => {
            return moves(State::Submitting { kill: kill.max(Some(stop)) }, &[]);
        }
        // It has exited: there is nothing to kill.
        State::Verifying | State::Ended(_) => return moves(state, &[]),
        State::Submitted => (false, None),
        State::Running => (true, None),
        State::Asking { why, started } | State::Killing { why, started, .. } => (started, Some(why)),
    };
    let why = before.max(Some(Why::Reason(stop.why))).unwrap_or(Why::Reason(stop.why));
    match (state, stop.how) {
        (State::Killing { forced, .. }, How::Ask | How::Term)
        | (State::Killing { forced: forced @ true, .. }, _) => {
            moves(State::Killing { why, started, forced }, &[])
        }
        // A veto is about both reasons: then its time begins anew, as after a veto about its time alone.
        (State::Asking { why: Why::TimedOut, .. }, How::Ask) => {
            moves(State::Asking { why, started }, &[StartTimeout])
        }
        (State::Asking { .. }, How::Ask) => moves(State::Asking { why, started }, &[]),
        (_, How::Ask) => moves(State::Asking { why, started }, &[AskKill]),
        (_, How::Term) => moves(State::Killing { why, started, forced: false }, &[Term]),
        (_, How::Kill) => moves(State::Killing { why, started, forced: true }, &[Kill]),
    }
}

/// It lives on.
fn vetoed(why: Why, started: bool) -> Step {
    let state = if started { State::Running } else { State::Submitted };
    // One that ran for too long may do so for another timeout.
    moves(state, if why == Why::TimedOut { &[StartTimeout] } else { &[] })
}

/// It was told to end, and has not.
fn grace_over(why: Why, started: bool, forced: bool) -> Step {
    if forced {
        return unkillable(why);
    }
    moves(State::Killing { why, started, forced: true }, &[Kill])
}

/// SIGKILL did not end it. It is let go, because nothing may hang; and not tried again, because it may still run.
fn unkillable(why: Why) -> Step {
    match why {
        Why::Reason(reason) => ends(Outcome::Killed(reason)),
        Why::TimedOut => lost("its time was up, and it could not be killed"),
        Why::Memory => lost("memory was short, and it could not be killed"),
        Why::Fault => lost("a hook of it was broken, and it could not be killed"),
    }
}

fn lost(why: &str) -> Step {
    ends(Outcome::Failed(Failure::Lost(why.into())))
}

fn moves(state: State, effects: &'static [Effect]) -> Step {
    Step { state, ends: Ends::Nothing, effects }
}

fn cancels(why: KillReason) -> Step {
    ends(Outcome::Cancelled(Cancelled::Stopped(why)))
}

/// The attempt has failed: the job with it, unless another follows. `unseen`: its start is to be told first.
fn fails(failure: Failure, rules: &Rules<'_>, unseen: bool) -> Step {
    let again = rules.retry.and_then(|policy| wait(policy, rules.tried, &failure, rules.dice));
    let effects: &[Effect] =
        if unseen { &[Tell(Moment::Started), Tell(Moment::Failed)] } else { &[Tell(Moment::Failed)] };
    match again {
        Some(wait) => Step { state: State::Waiting, ends: Ends::Attempt(failure, wait), effects },
        None => ends_with(Outcome::Failed(failure), effects),
    }
}

fn ends(outcome: Outcome) -> Step {
    let effects: &[Effect] = match &outcome {
        Outcome::Succeeded | Outcome::Skipped { .. } => &[Tell(Moment::Succeeded)],
        Outcome::Failed(_) => &[Tell(Moment::Failed)],
        Outcome::Killed(_) => &[Tell(Moment::Killed)],
        Outcome::Cancelled(_) => &[Tell(Moment::Cancelled)],
    };
    ends_with(outcome, effects)
}

fn ends_with(outcome: Outcome, effects: &'static [Effect]) -> Step {
    Step { state: State::Ended(outcome.status()), ends: Ends::Job(outcome), effects }
}
