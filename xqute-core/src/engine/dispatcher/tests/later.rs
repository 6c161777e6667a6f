//! Jobs that the gate of submission wants to be asked about again.

use super::*;
use crate::lifecycle::State;

const LATER: u16 = 4;

fn state(world: &World, index: usize) -> Option<State> {
    world.dispatcher.jobs.get(index).map(|entry| entry.state)
}

fn forgets_records(world: &mut World) {
    *world.dispatcher.records() = Records::new(0, 0);
}

#[test]
fn who_is_held_lets_others_go_and_comes_back_before_those_behind_it() {
    let mut world = World::new(1, true);
    (0..3).for_each(|_| world.feed());
    world.gate(0, LATER);
    assert_eq!((state(&world, 0), state(&world, 1)), (Some(State::Held), Some(State::Gating)));
    assert_eq!(world.dispatcher.held_count(), 1);
    world.timer(0, Timer::Later);
    assert_eq!(state(&world, 0), Some(State::Queued), "there is one slot, and another has it");
    // Vetoed: the slot is free.
    world.gate(1, 1);
    assert_eq!((state(&world, 0), state(&world, 2)), (Some(State::Gating), Some(State::Queued)));
    world.finish();
    world.check_ends();
}

#[test]
fn what_is_said_again_is_not_written_again() {
    let mut world = World::new(1, true);
    world.feed();
    world.gate(0, LATER);
    forgets_records(&mut world);
    for _ in 0..3 {
        world.timer(0, Timer::Later);
        world.gate(0, LATER);
    }
    assert!(world.dispatcher.records().is_empty());
    world.timer(0, Timer::Later);
    world.gate(0, 0);
    world.accept(0);
    world.exit(0, Err(Failure::ExitCode(1)));
    // It has failed: its next attempt is another matter.
    while state(&world, 0) != Some(State::Gating) {
        if !world.calls.is_empty() {
            world.give(0, 0);
        } else {
            world.timer(0, Timer::Backoff);
        }
    }
    forgets_records(&mut world);
    world.gate(0, LATER);
    assert!(!world.dispatcher.records().is_empty());
    world.finish();
}

/// Else a thousand jobs that wait would take the starts of those that could run.
#[test]
fn who_does_not_start_holds_no_start_back() {
    let mut world = World::new(1, true);
    (world.dispatcher.settings.paced, world.dispatcher.held) = (true, true);
    (0..2).for_each(|_| world.feed());
    world.dispatcher.release();
    assert!(world.dispatcher.is_held());
    world.poll();
    world.gate(0, LATER);
    assert_eq!(state(&world, 1), Some(State::Gating));
}

#[test]
fn a_run_that_is_stopped_or_killed_jobs_wait_for_no_answer() {
    let mut world = World::new(2, true);
    (0..2).for_each(|_| world.feed());
    (0..2).for_each(|index| world.gate(index, LATER));
    world.dispatcher.hears(Message::Kill(0));
    world.model.stop(0, false);
    assert_eq!((state(&world, 0), world.dispatcher.held_count()), (Some(State::Ended(Status::Cancelled)), 1));
    world.dispatcher.hears(Message::Cancel);
    world.model.cancel();
    assert_eq!((world.dispatcher.held_count(), world.dispatcher.counts().cancelled), (0, 2));
    world.dispatcher.timer(1, Timer::Later);
    assert_eq!(world.dispatcher.counts().cancelled, 2);
}

/// Else a list without end would be read to its end while a rule lets none of it run.
#[test]
fn only_so_many_are_held_however_often_they_are_asked_about() {
    let mut world = World::new(2, true);
    let holds = |world: &mut World| {
        for _ in 0..3000 {
            if world.dispatcher.wants_more() {
                world.feed();
            }
            while !world.calls.is_empty() {
                world.give(0, LATER);
            }
        }
        world.fed()
    };
    let most = 4 * 2 + 1024;
    assert_eq!(holds(&mut world), most);
    // Each is asked about again, and says the same: no room for others is made by that.
    for _ in 0..2 {
        (0..most).for_each(|index| world.timer(index, Timer::Later));
        assert!(!world.dispatcher.wants_more());
        assert_eq!(holds(&mut world), most);
    }
    world.timer(0, Timer::Later);
    world.gate(0, 0);
    world.accept(0);
    world.exit(0, Ok(()));
    while !world.calls.is_empty() {
        world.give(0, 0);
    }
    assert!(world.dispatcher.wants_more(), "one that has run makes room");
    world.finish();
    assert_eq!(world.dispatcher.counts().succeeded, world.fed());
}
