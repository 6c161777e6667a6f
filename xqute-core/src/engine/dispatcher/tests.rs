//! The dispatcher against a world without processes, clocks or hooks: random events, and a simple model beside it.

mod adopt;
mod crash;
mod later;
mod model;
mod world;

use proptest::prelude::*;

use super::*;
use crate::backend::{Accepted, Refused, Seen};
use crate::engine::treaty::SmallFile;
use crate::engine::treaty::{Answer, Gate, Returned};
use crate::hook::{Said, Stopped, Submit};
use crate::job::{Failure, KillReason, Outcome, Signal, Status};
use model::{End, RETRIES};
use world::World;

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_counts_are_those_of_the_model(
        forks in 1..4_usize,
        ahead in 0..4_usize,
        dice in proptest::collection::vec(any::<u16>(), 0..400),
    ) {
        let mut world = World::ahead(forks, true, ahead);
        dice.into_iter().for_each(|dice| world.happen(dice));
        world.finish();
        world.check_ends();
    }

    #[test]
    fn without_hooks_nothing_is_called_and_all_end(
        forks in 1..4_usize,
        ahead in 0..4_usize,
        dice in proptest::collection::vec(any::<u16>(), 0..300),
    ) {
        let mut world = World::ahead(forks, false, ahead);
        dice.into_iter().for_each(|dice| world.happen(dice));
        world.finish();
        prop_assert!(world.told.iter().all(Vec::is_empty));
    }
}

#[test]
fn hooks_that_never_return_hold_up_only_so_many_jobs() {
    let mut world = World::told(1, &[Moment::Succeeded]);
    for _ in 0..2000 {
        if world.dispatcher.wants_more() {
            world.feed();
        }
        while !world.submitting.is_empty() {
            world.accept(0);
            world.exit(0, Ok(()));
        }
    }
    assert_eq!(world.calls.len(), 4 + 1024);
    world.finish();
    assert_eq!(world.dispatcher.counts().succeeded, world.fed());
}

#[test]
fn an_abandoned_run_starts_nothing_more_and_waits_for_what_it_kills() {
    let mut world = World::told(1, &[Moment::Init, Moment::Queued]);
    world.feed();
    world.feed();
    world.accept(0);
    world.dispatcher.hears(Message::Abandoned);
    let orders = world.dispatcher.take_orders();
    assert!(orders.iter().any(|it| matches!(it, Order::Kill(_, crate::backend::Kill::Kill))));
    assert!(!orders.iter().any(|it| matches!(it, Order::Submit(_) | Order::Call(..))));
    assert!(!world.dispatcher.is_done());
    world.dispatcher.observed(Observation {
        jid: "0.0".into(),
        seen: Seen::Exited { end: Err(Failure::Signal(Signal(9))), usage: None },
    });
    assert!(world.dispatcher.is_done());
    assert_eq!(world.dispatcher.counts().killed, 1);
}

#[test]
fn a_dropped_run_with_a_backlog_starts_none_of_it() {
    let mut world = World::told(2, &[]);
    (0..2).for_each(|_| world.feed());
    world.accept(0);
    world.refuse(0, Refused::Later("busy".into()));
    world.dispatcher.hears(Message::Abandoned);
    for index in 2..9 {
        let spec = crate::job::JobSpec::new(["true"]);
        let digest = spec.digest(None).unwrap();
        world.dispatcher.fed(Fed { index, spec, digest, before: Before::New, after: Vec::new() });
    }
    world.dispatcher.observed(Observation {
        jid: "0.0".into(),
        seen: Seen::Exited { end: Err(Failure::Signal(Signal(9))), usage: None },
    });
    world.dispatcher.timer(1, Timer::Resubmit);
    assert!(!world.dispatcher.take_orders().iter().any(|it| matches!(it, Order::Submit(_))));
    assert!(world.dispatcher.is_done());
}

#[test]
fn while_the_journal_cannot_be_written_a_kill_waits_for_no_hook() {
    let mut world = World::told(1, &[Moment::Killing]);
    world.feed();
    world.accept(0);
    world.dispatcher.breaks("no space left on device".into());
    world.dispatcher.hears(Message::Kill(0));
    let orders = world.dispatcher.take_orders();
    assert!(orders.iter().any(|it| matches!(it, Order::Kill(_, crate::backend::Kill::Term))), "{orders:?}");
}

#[test]
fn the_next_attempt_waits_until_hooks_have_read_what_the_last_one_left() {
    let mut world = World::told(1, &[Moment::Failed]);
    world.feed();
    world.accept(0);
    world.exit(0, Err(Failure::ExitCode(1)));
    world.timer(0, Timer::Backoff);
    assert!(world.submitting.is_empty(), "on_job_failed has not returned");
    world.give(0, 0);
    assert_eq!(world.submitting, [0]);
}

#[test]
fn a_storage_failure_starts_nothing_more_and_ends_no_job_that_has_not_run() {
    let mut world = World::told(2, &[]);
    (0..4).for_each(|_| world.feed());
    world.accept(0);
    let index = world.submitting.remove(0);
    world.dispatcher.submitted(index, Err(Refused::Storage("no space left on device".into())));
    assert!(!world.dispatcher.is_done(), "one job still runs");
    world
        .dispatcher
        .observed(Observation { jid: "0.0".into(), seen: Seen::Exited { end: Ok(()), usage: None } });
    assert!(world.dispatcher.is_done());
    let orders = world.dispatcher.take_orders();
    assert!(!orders.iter().any(|it| matches!(it, Order::Submit(_))));
    assert_eq!((world.dispatcher.counts().ended(), world.dispatcher.counts().succeeded), (1, 1));
    assert_eq!(world.dispatcher.broken(), Some("no space left on device"));
}

#[test]
fn a_limit_of_the_scheduler_fails_no_job() {
    let mut world = World::told(2, &[]);
    (0..2).for_each(|_| world.feed());
    world.accept(0);
    world.refuse(0, Refused::Later("too many processes".into()));
    assert!(world.submitting.is_empty());
    world.exit(0, Ok(()));
    assert_eq!(world.submitting, [1], "there may be room now");
    world.finish();
    assert_eq!(world.dispatcher.counts().succeeded, 2);
}

#[test]
fn an_end_that_is_seen_before_the_schedulers_answer_is_not_lost() {
    let mut world = World::told(2, &[]);
    (0..2).for_each(|_| world.feed());
    let seen = Seen::Exited { end: Ok(()), usage: None };
    world.dispatcher.observed(Observation { jid: "1.0".into(), seen });
    for index in 0..2 {
        let jid = format!("{index}.0").into();
        world.dispatcher.submitted(index, Ok(Accepted { jid, running: true, process: None }));
    }
    assert_eq!(world.dispatcher.counts().succeeded, 1);
}

#[test]
fn signals_escalate() {
    let mut world = World::told(1, &[Moment::Killing]);
    world.feed();
    world.feed();
    world.accept(0);
    world.signal();
    assert_eq!(world.dispatcher.stopped(), Some(Stopped::Signal(Signal(2))));
    assert_eq!(world.dispatcher.counts().cancelled, 1, "what has not started never does");
    assert!(world.calls.is_empty() && world.killed.is_empty(), "what runs goes on");
    world.signal();
    assert!(world.calls.is_empty(), "nobody is asked");
    assert_eq!(world.killed, [(0, crate::backend::Kill::Term)]);
    world.signal();
    assert_eq!(world.killed.last(), Some(&(0, crate::backend::Kill::Kill)));
    assert!(world.dispatcher.is_leaving());
}

#[test]
fn while_hooks_are_asked_about_a_signal_nothing_starts() {
    for go in [true, false] {
        let mut world = World::told(1, &[]);
        (0..2).for_each(|_| world.feed());
        world.accept(0);
        world.dispatcher.hears(Message::Signal(Signal(2)));
        world
            .dispatcher
            .observed(Observation { jid: "0.0".into(), seen: Seen::Exited { end: Ok(()), usage: None } });
        assert!(!world.dispatcher.take_orders().iter().any(|it| matches!(it, Order::Submit(_))));
        world.dispatcher.hears(Message::ShutdownAnswered { go, signal: Some(Signal(2)) });
        let starts = world.dispatcher.take_orders().iter().any(|it| matches!(it, Order::Submit(1)));
        assert_eq!(starts, !go, "a veto lets the run go on");
    }
}

#[test]
fn a_run_that_is_halted_soon_lets_jobs_end_and_one_halted_now_kills_them() {
    for (halt, ends) in [
        (Halt::soon().failed(1), [End::Failed, End::Succeeded, End::Cancelled]),
        (Halt::now().failed(1), [End::Failed, End::Killed, End::Cancelled]),
    ] {
        let mut world = World::told(2, &[]);
        world.dispatcher.settings.halt = Some(halt);
        world.dispatcher.settings.retry = RetryPolicy::never();
        world.model.retries = 0;
        (0..3).for_each(|_| world.feed());
        (0..2).for_each(|_| world.accept(0));
        world.exit_halting(0, Err(Failure::ExitCode(1)), halt);
        let end = if world.killed.is_empty() { Ok(()) } else { Err(Failure::Signal(Signal(15))) };
        world.exit(0, end);
        let told: Vec<End> = (0..3).filter_map(|index| world.model.end(index)).collect();
        assert_eq!(told, ends);
        assert!(world.dispatcher.is_done());
    }
}

#[test]
fn a_polling_tick_is_dropped_while_hooks_of_the_job_run() {
    let mut world = World::told(1, &[Moment::Polling(0)]);
    world.feed();
    world.accept(0);
    world.poll();
    world.poll();
    assert_eq!(world.told[0], [Moment::Polling(0)]);
    world.give(0, 0);
    world.poll();
    assert_eq!(world.told[0], [Moment::Polling(0), Moment::Polling(1)]);
}

#[test]
fn a_job_that_does_not_run_again_says_so_in_its_files_and_has_nothing_of_its_last_attempt() {
    // The gate of its second attempt is shut; and it is killed while it waits for that.
    for at_the_gate in [true, false] {
        let mut world = World::told(1, &[Moment::Submitting, Moment::Cancelled]);
        world.feed();
        world.give(0, 0);
        world.accept(0);
        world.exit(0, Err(Failure::ExitCode(3)));
        if at_the_gate {
            world.timer(0, Timer::Backoff);
            let veto = Said { plugin: "p".into(), value: Submit::veto("no") };
            let answers = vec![Answer::Gate(Ok(Gate::Shut(veto)))];
            world.dispatcher.hears(Message::Returned(Returned { index: 0, answers, spare: Vec::new() }));
        } else {
            world.dispatcher.hears(Message::Kill(0));
        }
        let orders = world.dispatcher.take_orders();
        let is_end = |order: &Order| {
            matches!(order, Order::Write(0, SmallFile::End { rc: None, status: Status::Cancelled }))
        };
        assert!(orders.iter().any(is_end), "{orders:?}");
        let told = orders.iter().find_map(|order| match order {
            Order::Call(0, notices) => notices.first(),
            _ => None,
        });
        let job = &told.unwrap().job;
        assert_eq!((job.trial_count(), job.jid(), job.usage()), (1, None, None));
    }
}

#[test]
fn a_job_that_could_not_be_started_has_its_status_where_it_has_files() {
    let mut world = World::told(1, &[]);
    world.dispatcher.settings.retry = RetryPolicy::never();
    world.feed();
    let index = world.submitting.remove(0);
    world.dispatcher.submitted(index, Err(Refused::ForGood("no".into())));
    let orders = world.dispatcher.take_orders();
    let is_status = |order: &Order| matches!(order, Order::Write(0, SmallFile::Status(Status::Failed)));
    assert!(orders.iter().any(is_status), "{orders:?}");
}

#[test]
fn attempts_are_counted_and_retries_are_as_many_as_allowed() {
    let mut world = World::told(1, &[]);
    world.feed();
    for _ in 0..RETRIES {
        world.accept(0);
        world.exit(0, Err(Failure::ExitCode(1)));
        world.timer(0, Timer::Backoff);
    }
    world.accept(0);
    world.exit(0, Err(Failure::ExitCode(1)));
    assert_eq!((world.dispatcher.counts().failed, world.dispatcher.cost().0), (1, u64::from(RETRIES) + 1));
}

#[test]
fn a_job_that_is_killed_before_it_came_in_never_runs() {
    let mut world = World::told(1, &[Moment::Cancelled]);
    world.dispatcher.hears(Message::Kill(0));
    world.feed_doomed();
    assert_eq!((world.dispatcher.counts().cancelled, world.submitting.len()), (1, 0));
    let cancelled = Outcome::Cancelled(crate::job::Cancelled::Stopped(KillReason::User));
    assert_eq!(cancelled.to_string(), "cancelled: as was asked");
}
