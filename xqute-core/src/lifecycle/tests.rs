//! Lives in any order of events.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::state::Why;
use super::{Effect, Ends, Event, How, Rules, State, Stop, Tried, step};
use crate::job::{Cancelled, Failure, KillReason, Moment, Outcome, RetryPolicy, Status};

const RETRIES: u32 = 3;

fn failures() -> impl Strategy<Value = Failure> {
    prop_oneof![
        Just(Failure::ExitCode(1)),
        Just(Failure::SubmitRejected("no".into())),
        Just(Failure::LostBeforeStart("gone".into())),
        Just(Failure::NodeFailed("n1".into())),
        Just(Failure::Unknown("nobody watched".into())),
        Just(Failure::Preempted),
    ]
}

fn stops() -> impl Strategy<Value = Event> {
    let how = prop_oneof![Just(How::Ask), Just(How::Term), Just(How::Kill)];
    let why = prop_oneof![Just(KillReason::User), Just(KillReason::Halted), Just(KillReason::RunCancelled)];
    (how, why).prop_map(|(how, why)| Event::Stop(Stop { how, why }))
}

fn adoptions() -> impl Strategy<Value = Event> {
    let why = prop_oneof![Just(Why::Memory), Just(Why::TimedOut), Just(Why::Reason(KillReason::User))];
    (any::<bool>(), proptest::option::of(why)).prop_map(|(started, kill)| Event::Adopted { started, kill })
}

fn skipped() -> Outcome {
    Outcome::Skipped { plugin: "p".into(), reason: "r".into() }
}

fn vetoed() -> Outcome {
    Outcome::Cancelled(Cancelled::Veto { plugin: "p".into(), reason: "r".into() })
}

/// Any event at all; the first ones, which lead on, more often.
fn events() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => Just(Event::Enqueue),
        1 => adoptions(),
        1 => Just(Event::Unknown("gone".into())),
        4 => Just(Event::Turn),
        4 => Just(Event::Allowed),
        4 => Just(Event::Submitted),
        4 => Just(Event::Started),
        4 => Just(Event::Due),
        4 => failures().prop_map(|it| Event::Exited(Err(it))),
        2 => Just(Event::Exited(Ok(()))),
        2 => failures().prop_map(|it| Event::Judged(Err(it))),
        1 => Just(Event::Judged(Ok(()))),
        1 => Just(Event::Later),
        1 => Just(Event::Decided(vetoed())),
        1 => Just(Event::Decided(skipped())),
        1 => Just(Event::Broken(Failure::Hook("broken".into()))),
        1 => Just(Event::Postponed),
        1 => Just(Event::Withdrawn),
        1 => Just(Event::Resubmit),
        1 => failures().prop_map(Event::Rejected),
        1 => stops(),
        2 => Just(Event::TimeUp),
        1 => Just(Event::Preempt),
        1 => Just(Event::KillAllowed),
        1 => Just(Event::KillVetoed),
        1 => Just(Event::GraceOver),
        1 => Just(Event::Faulted),
    ]
}

/// The arrows of the diagram: which moment may follow which in a job's life.
fn follows(before: Option<Moment>, next: Moment) -> bool {
    use Moment::{
        Cancelled, Failed, Init, Killed, Killing, Queued, Started, Submitted, Submitting, Succeeded,
        Verifying,
    };
    match next {
        Init => before.is_none(),
        Queued => matches!(before, Some(Init | Failed)),
        // The second: it was taken back from the scheduler, or held.
        Submitting => matches!(before, Some(Queued | Submitting)),
        Submitted => before == Some(Submitting),
        // From `Init` on: an earlier run has told what comes between.
        Started => matches!(before, Some(Init | Submitted | Killing)),
        Killing => matches!(before, Some(Init | Submitted | Started | Killing)),
        Verifying => matches!(before, Some(Started | Killing)),
        Succeeded => matches!(before, Some(Submitting | Verifying)),
        // From `Queued` and `Failed`: a hook was broken that fails the job, before its attempt or behind it.
        Failed => matches!(
            before,
            Some(Init | Queued | Submitting | Submitted | Started | Killing | Verifying | Failed)
        ),
        Killed => matches!(before, Some(Init | Submitted | Started | Killing)),
        Cancelled => matches!(before, Some(Init | Queued | Submitting | Failed)),
        _ => false,
    }
}

/// A life, as far as it has come.
struct Life {
    state: State,
    tried: Tried,
    outcomes: Vec<Outcome>,
    told: Vec<Moment>,
    submits: u32,
    fault: Option<Arc<str>>,
}

impl Life {
    fn new() -> Self {
        Self {
            state: State::Init,
            tried: Tried::default(),
            outcomes: vec![],
            told: vec![],
            submits: 0,
            fault: None,
        }
    }

    /// What happens, if it can. Whether it could.
    fn happen(&mut self, event: Event, policy: Option<&RetryPolicy>) -> Result<bool, TestCaseError> {
        let before = self.state;
        if event == Event::Faulted {
            self.fault = Some("broken".into());
        }
        let rules = Rules {
            retry: policy,
            tried: self.tried,
            timeout: Some(Duration::from_secs(1)),
            dice: 7,
            fault: self.fault.as_ref(),
        };
        let Ok(step) = step(before, event, &rules) else { return Ok(false) };
        let ended = matches!(before, State::Ended(_));
        prop_assert!(!ended || (step.state == before && step.effects.is_empty()), "an end is an end");
        self.state = step.state;
        match step.ends {
            Ends::Nothing => {}
            Ends::Attempt(failure, _) => self.tried.failed(&failure),
            Ends::Job(outcome) => self.outcomes.push(outcome),
        }
        for effect in step.effects {
            let moment = match effect {
                Effect::Tell(moment) => *moment,
                Effect::AskGate => Moment::Submitting,
                Effect::AskKill => Moment::Killing,
                Effect::AskVerify => Moment::Verifying,
                Effect::Submit => {
                    self.submits += 1;
                    continue;
                }
                _ => continue,
            };
            prop_assert!(follows(self.told.last().copied(), moment), "{:?} after {:?}", moment, self.told);
            self.told.push(moment);
        }
        Ok(true)
    }

    fn check(&self) -> Result<(), TestCaseError> {
        let ended = matches!(self.state, State::Ended(_));
        prop_assert_eq!(self.outcomes.len(), usize::from(ended), "exactly one outcome");
        prop_assert!(self.tried.paid <= RETRIES && self.tried.free <= super::retry::MOST_FREE);
        if let (State::Ended(status), [outcome]) = (self.state, &self.outcomes[..]) {
            prop_assert_eq!(status, outcome.status());
            prop_assert_eq!(self.told.last().map(|it| it.status()), Some(status));
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn a_life_in_any_order_of_events_is_a_path_of_the_diagram(
        events in proptest::collection::vec(events(), 0..120),
        retries in proptest::option::of(0..=RETRIES),
    ) {
        let policy = retries.map(RetryPolicy::new);
        let mut life = Life::new();
        for event in events {
            life.happen(event, policy.as_ref())?;
            life.check()?;
        }
    }

    #[test]
    fn every_job_ends_if_what_it_waits_for_happens(
        events in proptest::collection::vec(events(), 0..60),
    ) {
        let policy = RetryPolicy::new(RETRIES);
        let mut life = Life::new();
        for event in events {
            life.happen(event, Some(&policy))?;
        }
        for _ in 0..10_000 {
            let next = match life.state {
                State::Init => Event::Enqueue,
                State::Queued => Event::Turn,
                State::Waiting => Event::Due,
                State::Held => Event::Due,
                State::Gating => Event::Allowed,
                State::Submitting { .. } => Event::Submitted,
                State::Postponed => Event::Resubmit,
                State::Submitted => Event::Started,
                State::Running => Event::Exited(Err(Failure::ExitCode(1))),
                State::Asking { .. } => Event::KillAllowed,
                State::Killing { .. } => Event::GraceOver,
                State::Verifying => Event::Judged(Ok(())),
                State::Ended(_) => break,
            };
            prop_assert!(life.happen(next, Some(&policy))?);
        }
        prop_assert!(matches!(life.state, State::Ended(_)), "{:?}", life.state);
        prop_assert!(life.submits <= RETRIES + super::retry::MOST_FREE + 60, "attempts are bounded");
        life.check()?;
    }
}

fn rules(policy: &RetryPolicy) -> Rules<'_> {
    Rules {
        retry: Some(policy),
        tried: Tried::default(),
        timeout: Some(Duration::from_secs(5)),
        dice: 0,
        fault: None,
    }
}

#[test]
fn a_job_whose_hook_was_broken_is_told_to_end_and_has_failed_whatever_it_does() {
    let (policy, fault) = (RetryPolicy::new(3), Arc::from("broken"));
    let rules = Rules { fault: Some(&fault), ..rules(&policy) };
    let failed = || Ends::Job(Outcome::Failed(Failure::Hook("broken".into())));
    for state in [State::Queued, State::Waiting, State::Gating, State::Held, State::Postponed] {
        assert_eq!(step(state, Event::Faulted, &rules).unwrap().ends, failed(), "{state:?}");
    }
    let told = step(State::Running, Event::Faulted, &rules).unwrap();
    assert_eq!((told.state, told.effects), (killing(Why::Fault), &[Effect::Term][..]));
    for end in [Ok(()), Err(Failure::ExitCode(1))] {
        assert_eq!(step(told.state, Event::Exited(end), &rules).unwrap().ends, failed());
    }
    let submitting = State::Submitting { kill: None };
    assert_eq!(step(submitting, Event::Faulted, &rules).unwrap().state, submitting);
    let submitted = step(submitting, Event::Submitted, &rules).unwrap();
    assert_eq!(submitted.state, State::Killing { why: Why::Fault, started: false, forced: false });
    assert_eq!(step(submitting, Event::Withdrawn, &rules).unwrap().ends, failed());
    assert_eq!(step(State::Verifying, Event::Judged(Ok(())), &rules).unwrap().ends, failed());
    let gate = Event::Broken(Failure::Hook("broken".into()));
    assert_eq!(step(State::Gating, gate, &rules).unwrap().ends, failed(), "and is not tried again");
    let ended = State::Ended(Status::Finished);
    let late = step(ended, Event::Faulted, &rules).unwrap();
    assert_eq!((late.state, late.ends), (ended, Ends::Nothing));
}

fn killing(why: Why) -> State {
    State::Killing { why, started: true, forced: false }
}

#[test]
fn a_job_that_ends_by_itself_while_it_is_being_killed_keeps_its_own_outcome() {
    let policy = RetryPolicy::never();
    let user = Why::Reason(KillReason::User);
    let asked = State::Asking { why: user, started: true };
    let end = step(asked, Event::Exited(Err(Failure::ExitCode(3))), &rules(&policy)).unwrap();
    assert_eq!(end.ends, Ends::Job(Outcome::Failed(Failure::ExitCode(3))), "nobody had told it to end");
    for state in [asked, killing(user), killing(Why::TimedOut), killing(Why::Memory)] {
        let end = step(state, Event::Exited(Ok(())), &rules(&policy)).unwrap();
        assert_eq!(end.state, State::Verifying, "it did its work");
    }
    let end = step(killing(user), Event::Exited(Err(Failure::ExitCode(3))), &rules(&policy)).unwrap();
    assert_eq!(end.ends, Ends::Job(Outcome::Killed(KillReason::User)));
}

#[test]
fn a_kill_is_no_failure_and_a_timeout_is_one() {
    let policy = RetryPolicy::new(1).jitter(false);
    let killed = Event::Exited(Err(Failure::Signal(crate::job::Signal(15))));
    let end = step(killing(Why::TimedOut), killed.clone(), &rules(&policy)).unwrap();
    let timed_out = Failure::TimedOut(Duration::from_secs(5));
    assert_eq!((end.state, end.ends), (State::Waiting, Ends::Attempt(timed_out, Duration::from_secs(1))));
    let end = step(killing(Why::Reason(KillReason::User)), killed, &rules(&policy)).unwrap();
    assert_eq!(end.state, State::Ended(Status::Killed), "a killed job is not tried again");
}

/// Others needed its memory: it runs again, though it has no attempts left and never had any.
#[test]
fn who_makes_room_is_tried_again_for_free() {
    let policy = RetryPolicy::never();
    let killed = Event::Exited(Err(Failure::Signal(crate::job::Signal(15))));
    let asked = step(State::Running, Event::Preempt, &rules(&policy)).unwrap();
    assert_eq!(
        (asked.state, asked.effects),
        (State::Asking { why: Why::Memory, started: true }, &[Effect::AskKill][..])
    );
    let told = step(asked.state, Event::KillAllowed, &rules(&policy)).unwrap();
    assert_eq!(told.state, killing(Why::Memory));
    let end = step(told.state, killed.clone(), &rules(&policy)).unwrap();
    assert_eq!((end.state, end.ends), (State::Waiting, Ends::Attempt(Failure::Preempted, Duration::ZERO)));
    let stopping = Rules { retry: None, ..rules(&policy) };
    let end = step(killing(Why::Memory), killed, &stopping).unwrap();
    assert_eq!(end.state, State::Ended(Status::Failed));
    let stop = Event::Stop(Stop { how: How::Term, why: KillReason::User });
    let next = step(killing(Why::Memory), stop, &rules(&policy)).unwrap();
    assert_eq!(next.state, killing(Why::Reason(KillReason::User)));
}

#[test]
fn a_reason_beats_a_timeout_that_is_under_way() {
    let policy = RetryPolicy::new(1);
    let stop = Event::Stop(Stop { how: How::Ask, why: KillReason::User });
    let next = step(killing(Why::TimedOut), stop, &rules(&policy)).unwrap();
    assert_eq!((next.state, next.effects), (killing(Why::Reason(KillReason::User)), &[][..]));
}

#[test]
fn what_survives_sigkill_is_let_go() {
    let policy = RetryPolicy::new(5);
    let state = State::Killing { why: Why::TimedOut, started: true, forced: true };
    let end = step(state, Event::GraceOver, &rules(&policy)).unwrap();
    assert_eq!(end.state, State::Ended(Status::Failed), "and is not tried again beside itself");
}

#[test]
fn what_cannot_happen_is_told() {
    let policy = RetryPolicy::never();
    let error = step(State::Ended(Status::Finished), Event::Started, &rules(&policy)).unwrap_err();
    assert_eq!(error.to_string(), "Started cannot happen to a job that is Ended(Finished)");
}

/// It is asked whether it may be killed because its time is up; then somebody wants it killed, and both are vetoed.
#[test]
fn a_vetoed_kill_takes_no_timeout_away() {
    let rules = Rules {
        retry: None,
        tried: Tried::default(),
        timeout: Some(Duration::from_secs(1)),
        dice: 0,
        fault: None,
    };
    let asking = State::Asking { why: Why::TimedOut, started: true };
    let kill = Event::Stop(Stop { how: How::Ask, why: KillReason::User });
    let both = step(asking, kill, &rules).unwrap();
    assert_eq!(both.state, State::Asking { why: Why::Reason(KillReason::User), started: true });
    assert_eq!(both.effects, [Effect::StartTimeout]);
    let on = step(both.state, Event::KillVetoed, &rules).unwrap();
    assert_eq!((on.state, on.effects), (State::Running, &[][..]));
}

#[test]
fn an_adopted_attempt_goes_on_where_it_was() {
    let policy = RetryPolicy::never();
    let adopted = |started, kill| {
        let next = step(State::Init, Event::Adopted { started, kill }, &rules(&policy)).unwrap();
        assert_eq!(next.ends, Ends::Nothing);
        (next.state, next.effects)
    };
    let (init, started) = (Effect::Tell(Moment::Init), Effect::Tell(Moment::Started));
    assert_eq!(adopted(false, None), (State::Submitted, &[init][..]));
    assert_eq!(adopted(true, None), (State::Running, &[init, started, Effect::StartTimeout][..]));
    let user = Why::Reason(KillReason::User);
    assert_eq!(adopted(true, Some(user)), (killing(user), &[init, started, Effect::Term][..]));
    let not_started = State::Killing { why: user, started: false, forced: false };
    assert_eq!(adopted(false, Some(user)), (not_started, &[init, Effect::Term][..]));
    let again = Event::Adopted { started: true, kill: None };
    for state in [State::Queued, State::Running, State::Ended(Status::Finished)] {
        assert!(step(state, again.clone(), &rules(&policy)).is_err(), "{state:?}");
    }
}

/// Whoever died did so for no fault of the job.
#[test]
fn an_attempt_whose_end_is_not_known_is_followed_by_another_however_few_there_may_be() {
    use crate::job::FailureKind;
    let unknown = |policy: &RetryPolicy, tried| {
        let rules = Rules { tried, ..rules(policy) };
        step(State::Init, Event::Unknown("gone".into()), &rules).unwrap()
    };
    let many = Tried { paid: 7, free: 3 * super::retry::MOST_FREE };
    let failure = Failure::Unknown("gone".into());
    for policy in [RetryPolicy::never(), RetryPolicy::new(3).only([FailureKind::ExitCode(75)])] {
        let next = unknown(&policy, many);
        assert_eq!((next.state, next.ends), (State::Waiting, Ends::Attempt(failure.clone(), Duration::ZERO)));
        let running = step(State::Running, Event::Exited(Err(failure.clone())), &rules(&policy)).unwrap();
        assert_eq!(running.state, State::Waiting, "in the run too");
    }
    let policy = RetryPolicy::new(3).except([FailureKind::Unknown]);
    assert_eq!(unknown(&policy, many).ends, Ends::Job(Outcome::Failed(failure)), "it may not run twice");
}

/// A job that is held takes no slot, is told nothing, and can be stopped.
#[test]
fn a_held_job_is_asked_about_again_and_waits_as_one_that_is_queued() {
    let policy = RetryPolicy::never();
    let held = step(State::Gating, Event::Later, &rules(&policy)).unwrap();
    assert_eq!((held.state, held.ends, held.effects), (State::Held, Ends::Nothing, &[][..]));
    assert!(!held.state.holds_slot() && !held.state.is_live());
    let again = step(State::Held, Event::Due, &rules(&policy)).unwrap();
    assert_eq!((again.state, again.effects), (State::Queued, &[][..]));
    let stop = Event::Stop(Stop { how: How::Ask, why: KillReason::User });
    let end = step(State::Held, stop, &rules(&policy)).unwrap();
    assert_eq!(end.ends, Ends::Job(Outcome::Cancelled(Cancelled::Stopped(KillReason::User))));
    for state in [State::Queued, State::Held, State::Running] {
        assert!(step(state, Event::Later, &rules(&policy)).is_err(), "{state:?}");
    }
}
