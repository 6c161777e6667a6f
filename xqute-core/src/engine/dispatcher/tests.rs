//! The dispatcher against a world without processes, clocks or hooks.

use proptest::prelude::*;

use super::*;
use crate::job::JobSpec;

const ALL: [Point; 8] = [
    Point::Init,
    Point::Queued,
    Point::Submitting,
    Point::Submitted,
    Point::Started,
    Point::Succeeded,
    Point::Failed,
    Point::Cancelled,
];

/// Everything around a dispatcher: what it ordered, and what is still to be answered.
struct World {
    dispatcher: Dispatcher,
    fed: usize,
    forks: usize,
    submitted: Vec<usize>,
    running: Vec<usize>,
    calls: Vec<(usize, bool)>,
    told: Vec<Vec<Point>>,
}

impl World {
    fn new(forks: usize, told: &[Point]) -> Self {
        let settings = Settings { workdir: Path::new("/w").into(), forks, told: told.to_vec() };
        let dispatcher = Dispatcher::new(settings);
        let (submitted, running, calls, told) = (vec![], vec![], vec![], vec![]);
        Self { dispatcher, fed: 0, forks, submitted, running, calls, told }
    }

    fn feed(&mut self) {
        self.told.push(Vec::new());
        self.dispatcher.fed(Fed { index: self.fed, spec: JobSpec::new(["true"]) });
        self.fed += 1;
        self.obey();
    }

    fn obey(&mut self) {
        for order in self.dispatcher.take_orders() {
            match order {
                Order::Submit(index) => self.submitted.push(index),
                Order::Call(index, notices) => {
                    assert!(!self.calls.iter().any(|(job, _)| *job == index), "one call of a job at a time");
                    self.told[index].extend(notices.iter().map(|notice| notice.point));
                    self.calls.push((index, notices.iter().any(|it| it.point == Point::Submitting)));
                }
                Order::KillAll | Order::Discard(_) => {}
            }
        }
        assert!(self.submitted.len() + self.running.len() <= self.forks, "no more than `forks` at once");
    }

    fn submit(&mut self, at: usize, accept: bool) {
        let index = self.submitted.remove(at);
        let jid: Jid = index.to_string().into();
        if accept {
            self.running.push(index);
            self.dispatcher.submitted(index, Ok(Accepted { jid, running: true }));
        } else {
            self.dispatcher.submitted(index, Err(Rejected("no".into())));
        }
        self.obey();
    }

    fn exit(&mut self, at: usize, exited: Result<(), Failure>) {
        let jid: Jid = self.running.remove(at).to_string().into();
        self.dispatcher.observed(Observation { jid, exited });
        self.obey();
    }

    fn give(&mut self, at: usize, veto: bool) {
        let (index, asked) = self.calls.remove(at);
        let said = |value| Some(Said { plugin: "p".into(), value });
        let gate = asked.then(|| Ok(if veto { said(Submit::veto("no")) } else { None }));
        self.dispatcher.hears(Message::Returned(Returned { index, gate }));
        self.obey();
    }

    /// One thing happens; which one, `dice` says.
    fn happen(&mut self, dice: u8) {
        let pick = |many: usize| usize::from(dice / 8) % many;
        match dice % 8 {
            0 | 1 if self.dispatcher.wants_more() => self.feed(),
            2 | 3 if !self.submitted.is_empty() => self.submit(pick(self.submitted.len()), dice < 240),
            4 if !self.running.is_empty() => self.exit(pick(self.running.len()), Ok(())),
            5 if !self.running.is_empty() => {
                self.exit(pick(self.running.len()), Err(Failure::ExitCode(1)));
            }
            6 | 7 if !self.calls.is_empty() => self.give(pick(self.calls.len()), dice > 224),
            _ => {}
        }
    }

    /// Whatever is under way comes to its end.
    fn finish(&mut self) {
        self.dispatcher.hears(Message::StopFeeding);
        self.obey();
        while !self.dispatcher.is_done() {
            if !self.submitted.is_empty() {
                self.submit(0, true);
            } else if !self.running.is_empty() {
                self.exit(0, Ok(()));
            } else {
                assert!(!self.calls.is_empty(), "nothing is under way, and the run is not done");
                self.give(0, false);
            }
        }
    }
}

/// Whether hooks were called in the order of a life.
fn is_a_life(told: &[Point]) -> bool {
    use Point::{Cancelled, Failed, Init, Queued, Started, Submitted, Submitting, Succeeded};
    let ran = [Init, Queued, Submitting, Submitted, Started];
    match told.split_last() {
        Some((Succeeded, before)) => before == ran,
        Some((Failed, before)) => before == ran || before == &ran[..3],
        Some((Cancelled, before)) => before == &ran[..3],
        _ => false,
    }
}

proptest! {
    #[test]
    fn whatever_happens_every_job_lives_one_life(forks in 1..4_usize, dice in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut world = World::new(forks, &ALL);
        dice.into_iter().for_each(|dice| world.happen(dice));
        world.finish();
        prop_assert_eq!(world.dispatcher.counts().total(), world.fed);
        prop_assert_eq!((world.dispatcher.busy, world.dispatcher.calling), (0, 0));
        for told in &world.told {
            prop_assert!(is_a_life(told), "{:?}", told);
        }
    }

    #[test]
    fn without_hooks_nothing_is_called_and_all_end(forks in 1..4_usize, dice in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut world = World::new(forks, &[]);
        dice.into_iter().for_each(|dice| world.happen(dice));
        world.finish();
        prop_assert_eq!(world.dispatcher.counts().total(), world.fed);
        prop_assert!(world.told.iter().all(Vec::is_empty));
    }
}

#[test]
fn hooks_that_never_return_hold_up_only_so_many_jobs() {
    let mut world = World::new(1, &[Point::Succeeded]);
    for _ in 0..2000 {
        if world.dispatcher.wants_more() {
            world.feed();
        }
        while !world.submitted.is_empty() {
            world.submit(0, true);
            world.exit(0, Ok(()));
        }
    }
    assert_eq!(world.calls.len(), 4 + 1024);
    world.finish();
    assert_eq!(world.dispatcher.counts().succeeded, world.fed);
}

#[test]
fn an_abandoned_run_starts_nothing_more_and_waits_for_what_it_kills() {
    let mut world = World::new(1, &ALL[..2]);
    world.feed();
    world.feed();
    world.submit(0, true);
    world.dispatcher.hears(Message::Abandoned);
    let orders = world.dispatcher.take_orders();
    assert!(
        matches!(orders[..], [.., Order::KillAll]) && !orders.iter().any(|it| matches!(it, Order::Submit(_)))
    );
    assert!(!world.dispatcher.is_done());
    world.exit(0, Err(Failure::Signal(crate::job::Signal(9))));
    assert!(world.dispatcher.is_done());
    assert_eq!(world.dispatcher.counts().cancelled, 1);
}
