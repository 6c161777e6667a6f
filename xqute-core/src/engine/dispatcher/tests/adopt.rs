//! What is left by earlier runs, when a run is stopped, dropped or broken; and what was told to end.

use super::*;
use crate::backend::{Found, Kill};
use crate::job::JobSpec;
use crate::store::{By, Paper, PastLeft};

/// A world in which an earlier run has left the first attempts of so many jobs, each told to end for this.
fn world(jobs: usize, by: Option<By>) -> World {
    let mut paper = Paper::new();
    let mut records = paper.records();
    records.push(&Record::run("a", "fake", 0));
    for index in 0..jobs {
        let (attempt, process) = (0, None);
        records.push(&Record::Submitting { index, attempt });
        records.push(&Record::Submitted { index, attempt, jid: "x", process, when: 1 });
        if let Some(by) = by {
            records.push(&Record::Killing { index, attempt, by, when: 2 });
        }
    }
    paper.write(&mut records);
    World::left(2, &[], Recovery::new(&mut paper.past(), "fake"))
}

fn feed(world: &mut World, jobs: usize) {
    for index in 0..jobs {
        let spec = JobSpec::new(["true"]);
        let digest = spec.digest(None).unwrap();
        world.dispatcher.fed(Fed { index, spec, digest, before: Before::Known, after: vec![] });
    }
}

fn live(name: &str) -> Found {
    Found::Live(Accepted { jid: name.into(), running: true, process: None })
}

fn ended(failure: Failure) -> Found {
    Found::Ended { end: Err(failure), usage: None }
}

/// The jobs that are submitted, and what is killed.
fn orders(world: &mut World) -> (Vec<usize>, Vec<(Jid, Kill)>) {
    let (mut submitted, mut killed) = (vec![], vec![]);
    for order in world.dispatcher.take_orders() {
        match order {
            Order::Submit(index) => submitted.push(index),
            Order::Kill(jid, how) => killed.push((jid, how)),
            _ => {}
        }
    }
    (submitted, killed)
}

#[test]
fn two_signals_before_it_is_known_what_is_left_end_the_run_and_nothing_else() {
    let mut world = world(2, None);
    feed(&mut world, 3);
    assert_eq!((orders(&mut world), world.dispatcher.is_done()), ((vec![], vec![]), false));
    (0..2).for_each(|_| world.signal());
    assert!(world.dispatcher.is_done());
    assert_eq!(world.dispatcher.counts().cancelled, 3);
    world.dispatcher.recovered(vec![live("x"), live("y")]);
    assert_eq!(orders(&mut world), (vec![], vec![]));
    assert_eq!((world.dispatcher.adopted().jobs, world.dispatcher.adopted().still_running), (0, 2));
}

#[test]
fn whoever_stops_a_run_stops_what_it_has_adopted() {
    let mut world = world(2, None);
    feed(&mut world, 1);
    world.dispatcher.recovered(vec![live("x"), live("y")]);
    world.dispatcher.hears(Message::Abandoned);
    assert_eq!(
        orders(&mut world),
        (vec![], vec![("x".into(), Kill::Kill)]),
        "the other one is not the run's"
    );
    assert!(!world.dispatcher.is_done(), "it waits for what it kills");
}

#[test]
fn while_the_journal_cannot_be_written_nothing_is_adopted() {
    let mut world = world(1, None);
    feed(&mut world, 1);
    world.dispatcher.breaks("no space left on device".into());
    world.dispatcher.recovered(vec![live("x")]);
    assert_eq!((world.dispatcher.adopted().jobs, world.dispatcher.is_done()), (0, true));
}

#[test]
fn a_backend_that_says_too_little_has_not_said_that_nothing_runs() {
    let mut world = world(2, None);
    feed(&mut world, 2);
    world.dispatcher.recovered(vec![live("x")]);
    let adopted = world.dispatcher.adopted();
    assert_eq!((adopted.jobs, adopted.unknown), (1, 1));
    let first = adopted.first_unknown.unwrap();
    assert_eq!(first, "job 1: the backend gave no answer to the question");
}

/// How jobs end that were told to, by an earlier run, and then had.
#[test]
fn what_an_earlier_run_told_to_end_has_ended_for_that() {
    let killed = || ended(Failure::Signal(Signal(15)));
    let counts = |by, timeout| {
        let mut world = world(1, by);
        world.dispatcher.settings.timeout = timeout;
        world.dispatcher.settings.retry = RetryPolicy::never();
        feed(&mut world, 1);
        world.dispatcher.recovered(vec![killed()]);
        let (counts, adopted) = (world.dispatcher.counts(), world.dispatcher.adopted());
        (counts.killed, counts.failed, adopted.unknown)
    };
    let limit = Some(Duration::from_secs(5));
    assert_eq!(counts(Some(By::User), limit), (1, 0, 0), "killed");
    assert_eq!(counts(Some(By::Timeout), limit), (0, 1, 0), "timed out");
    assert_eq!(counts(Some(By::Timeout), None), (0, 0, 1), "no limit holds any more");
    assert_eq!(counts(Some(By::Stop), limit), (0, 0, 1), "nobody judged it");
    assert_eq!(counts(None, limit), (0, 1, 0), "by somebody else");
}

#[test]
fn what_a_user_had_told_to_end_stays_killed_though_nobody_knows_how_it_ended() {
    let after = |by| {
        let mut world = world(1, by);
        feed(&mut world, 1);
        world.dispatcher.recovered(vec![Found::Unknown("nobody watched".into())]);
        let is_again = world.dispatcher.counts().killed == 0 && world.dispatcher.adopted().unknown == 1;
        (world.dispatcher.counts().killed, is_again)
    };
    assert_eq!(after(Some(By::User)), (1, false));
    assert_eq!([after(Some(By::Stop)), after(Some(By::Timeout)), after(None)], [(0, true); 3]);
}

/// It was told before its program died: SIGTERM is sent once more, and its grace begins anew.
#[test]
fn a_kill_that_was_under_way_goes_on() {
    let mut world = world(1, Some(By::User));
    feed(&mut world, 1);
    world.dispatcher.recovered(vec![live("new")]);
    assert_eq!(orders(&mut world).1, [("new".into(), Kill::Term)]);
    world.dispatcher.timer(0, Timer::Grace);
    assert_eq!(orders(&mut world).1, [("new".into(), Kill::Kill)]);
}

#[test]
fn what_is_left_keeps_the_attempts_before_it() {
    let mut paper = Paper::new();
    let mut records = paper.records();
    records.push(&Record::run("a", "fake", 0));
    records.push(&Record::Submitting { index: 0, attempt: 0 });
    records.push(&Record::Failed { index: 0, attempt: 0, why: "", rc: Some(1), usage: None, when: 1 });
    records.push(&Record::Submitting { index: 0, attempt: 1 });
    paper.write(&mut records);
    let left: Vec<PastLeft> = paper.past().take_left().into_values().collect();
    assert_eq!(left[0].tried.count(), 1);
    for (found, submitted) in [(Found::NotStarted, vec![0]), (ended(Failure::ExitCode(1)), vec![])] {
        let mut world = World::left(1, &[], Recovery::new(&mut paper.past(), "fake"));
        world.dispatcher.settings.retry = RetryPolicy::new(1);
        feed(&mut world, 1);
        world.dispatcher.recovered(vec![found]);
        assert_eq!(orders(&mut world).0, submitted);
        if let [index] = submitted[..] {
            assert_eq!(world.dispatcher.submission(index).unwrap().0.attempt, 1);
        } else {
            assert_eq!(world.dispatcher.counts().failed, 1, "that was its last attempt");
        }
    }
}
