//! A program that dies at any point, again and again, and a scheduler that goes on: does each job end once, as it did?

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Weak;

use super::*;
use crate::backend::{Found, Kill, Left};
use crate::engine::history::History;
use crate::job::{JobSpec, KillReason};
use crate::store::Paper;

/// Of every job.
const AGAIN: u32 = 1;
const JOBS: usize = 6;

/// An attempt by its name: the run that submitted it, the job, its number.
type Name = (Arc<str>, usize, u32);

/// An attempt that the scheduler has had.
#[derive(Debug)]
struct Attempt {
    /// What the run that lives now calls it, where it knows of it.
    jid: Option<Jid>,
    end: Option<Result<(), Failure>>,
    /// Nobody will ever tell how it ended.
    forgotten: bool,
    /// It was sent a signal.
    told: bool,
}

/// A scheduler that outlives the program.
#[derive(Debug, Default)]
struct Cluster {
    attempts: BTreeMap<Name, Attempt>,
    named: u32,
}

impl Cluster {
    fn live(&self) -> Vec<Name> {
        self.attempts.iter().filter(|(_, it)| it.end.is_none()).map(|(name, _)| name.clone()).collect()
    }

    fn name(&mut self) -> Jid {
        self.named += 1;
        format!("{}", self.named).into()
    }

    fn start(&mut self, name: Name) -> Jid {
        assert!(!self.live().iter().any(|it| it.1 == name.1), "two attempts of job {} at once", name.1);
        let jid = self.name();
        let attempt = Attempt { jid: Some(jid.clone()), end: None, forgotten: false, told: false };
        assert!(self.attempts.insert(name, attempt).is_none(), "an attempt is submitted twice");
        jid
    }

    fn recover(&mut self, left: &Left) -> Found {
        let (name, jid) = ((left.run.clone(), left.index, left.attempt), self.name());
        match self.attempts.get_mut(&name) {
            None => Found::NotStarted,
            Some(Attempt { forgotten: true, .. }) => Found::Unknown("nobody watched".to_owned()),
            Some(Attempt { end: Some(end), .. }) => Found::Ended { end: end.clone(), usage: None },
            Some(attempt) => {
                attempt.jid = Some(jid.clone());
                Found::Live(Accepted { jid, running: true, process: None })
            }
        }
    }
}

/// A program that is started again whenever it has died.
struct Crashes {
    paper: Paper,
    cluster: Cluster,
    runs: u32,
    dispatcher: Dispatcher,
    history: History,
    question: Vec<Left>,
    fed: usize,
    /// Handed to the scheduler, which has not taken it.
    requests: Vec<Name>,
    answers: Vec<(usize, Accepted)>,
    /// Ends that were not told to this run.
    unseen: Vec<Observation>,
    timers: BTreeSet<(usize, Timer)>,
    /// The program dies after so many writes and orders.
    fuse: Option<u16>,
    killed: BTreeSet<usize>,
}

impl Crashes {
    fn new() -> Self {
        let paper = Paper::new();
        let (dispatcher, history, question) = begin(&paper, 0);
        let mut it = Self {
            paper,
            cluster: Cluster::default(),
            runs: 0,
            dispatcher,
            history,
            question,
            fed: 0,
            requests: vec![],
            answers: vec![],
            unseen: vec![],
            timers: BTreeSet::new(),
            fuse: None,
            killed: BTreeSet::new(),
        };
        it.obey();
        it
    }

    /// The program is gone, with all that it had not written down or handed over; another begins.
    fn next_run(&mut self) {
        self.runs += 1;
        (self.fed, self.fuse) = (0, None);
        self.requests.clear();
        self.answers.clear();
        self.unseen.clear();
        self.timers.clear();
        self.cluster.attempts.values_mut().for_each(|it| it.jid = None);
        (self.dispatcher, self.history, self.question) = begin(&self.paper, self.runs);
        self.obey();
    }

    /// Whether the program is dead now.
    fn burns(&mut self) -> bool {
        let dead = self.fuse == Some(0);
        self.fuse = self.fuse.and_then(|it| it.checked_sub(1));
        if dead {
            self.next_run();
        }
        dead
    }

    fn obey(&mut self) {
        loop {
            let orders = self.dispatcher.take_orders();
            if orders.is_empty() && self.dispatcher.records().is_empty() {
                return;
            }
            if self.burns() {
                return;
            }
            self.paper.write(self.dispatcher.records());
            for order in orders {
                if self.burns() {
                    return;
                }
                match order {
                    Order::Submit(index) => {
                        assert_eq!(self.question, [], "nothing starts before it is known what is left");
                        let (job, _) = self.dispatcher.submission(index).unwrap();
                        self.requests.push((job.run, job.index, job.attempt));
                    }
                    Order::Kill(jid, how) => self.kill(&jid, how),
                    Order::Timer(index, timer, Some(_)) => drop(self.timers.insert((index, timer))),
                    Order::Timer(index, timer, None) => drop(self.timers.remove(&(index, timer))),
                    Order::AskShutdown(signal) => {
                        self.dispatcher.hears(Message::ShutdownAnswered { go: true, signal });
                    }
                    _ => {}
                }
            }
        }
    }

    fn kill(&mut self, jid: &Jid, how: Kill) {
        let killed = self.cluster.attempts.iter_mut().find(|(_, it)| it.jid.as_ref() == Some(jid));
        let Some((name, attempt)) = killed.filter(|(_, it)| it.end.is_none()) else { return };
        attempt.told = true;
        let name = name.clone();
        // Every other one ends by SIGTERM.
        if how == Kill::Kill || name.1 % 2 == 0 {
            self.end(&name, Err(Failure::Signal(Signal(9))), false);
        }
    }

    /// An attempt ends, whether a program is there or not.
    fn end(&mut self, name: &Name, end: Result<(), Failure>, forgotten: bool) {
        let Some(attempt) = self.cluster.attempts.get_mut(name) else { return };
        (attempt.end, attempt.forgotten) = (Some(end.clone()), forgotten);
        if let Some(jid) = attempt.jid.clone() {
            let end = if forgotten { Err(Failure::Lost("nobody watched".into())) } else { end };
            self.unseen.push(Observation { jid, seen: Seen::Exited { end, usage: None } });
        }
    }

    fn feed(&mut self) {
        let (index, spec) = (self.fed, JobSpec::new(["true"]));
        let (digest, before) = self.history.look(index, &spec).unwrap();
        self.fed += 1;
        // The last one waits for the end of the first, whatever that is.
        let after = if self.fed == JOBS { vec![(0, Need::End)] } else { vec![] };
        self.dispatcher.fed(Fed { index, spec, digest, before, after });
    }

    /// One thing happens; which one, `dice` says.
    fn happen(&mut self, dice: u16) {
        let (what, which) = (dice % 16, usize::from(dice / 16));
        match what {
            0..=2 if self.fed < JOBS && self.dispatcher.wants_more() => self.feed(),
            3 | 4 if !self.requests.is_empty() => {
                let name = self.requests.remove(which % self.requests.len());
                let jid = self.cluster.start(name.clone());
                self.answers.push((name.1, Accepted { jid, running: which % 2 == 0, process: None }));
            }
            5 | 6 if !self.answers.is_empty() => {
                let (index, accepted) = self.answers.remove(which % self.answers.len());
                self.dispatcher.submitted(index, Ok(accepted));
            }
            7..=9 => {
                let live = self.cluster.live();
                let Some(name) = live.get(which % live.len().max(1)) else { return };
                let adopted = *name.0 != *format!("run-{}", self.runs);
                let end = if which % 3 == 0 { Ok(()) } else { Err(Failure::ExitCode(1)) };
                self.end(name, end, adopted && which % 5 == 0);
            }
            10 if !self.unseen.is_empty() => {
                let seen = self.unseen.remove(which % self.unseen.len());
                self.dispatcher.observed(seen);
            }
            11 if !self.question.is_empty() => self.answer(),
            // The grace is long: an end that is there is seen before it is over.
            12 if !self.timers.is_empty() && self.unseen.is_empty() => {
                let timer = *self.timers.iter().nth(which % self.timers.len()).unwrap();
                self.timers.remove(&timer);
                self.dispatcher.timer(timer.0, timer.1);
            }
            13 => self.fuse = Some(dice / 16 % 12),
            14 if which % 16 == 0 && self.fed > 0 => {
                self.killed.insert(which / 16 % self.fed);
                self.dispatcher.hears(Message::Kill(which / 16 % self.fed));
            }
            15 if which % 16 == 0 => self.dispatcher.hears(Message::Cancel),
            15 if which % 32 == 1 => self.next_run(),
            _ => {}
        }
        self.obey();
        if self.dispatcher.is_done() {
            self.next_run();
        }
    }

    fn answer(&mut self) {
        let found = std::mem::take(&mut self.question).iter().map(|it| self.cluster.recover(it)).collect();
        self.dispatcher.recovered(found);
    }

    /// Nothing dies any more.
    fn finish(&mut self) {
        for round in 0.. {
            assert!(round < 2000, "it does not come to an end: {:?}", self.dispatcher);
            self.fuse = None;
            if self.fed < JOBS && self.dispatcher.wants_more() {
                self.feed();
            } else if !self.question.is_empty() {
                self.answer();
            } else if self.fed == JOBS {
                self.dispatcher.hears(Message::StopFeeding { list: None });
            }
            self.obey();
            if self.dispatcher.is_done() {
                if self.paper.ends().len() == JOBS {
                    return;
                }
                self.next_run();
            }
            for what in [3, 5, 7, 10, 12] {
                self.happen_now(what);
            }
        }
    }

    /// One of these things happens, where it can, to the first.
    fn happen_now(&mut self, what: u16) {
        self.happen(what + 16 * 3);
    }

    fn check(&self) {
        let mut ends = self.paper.ends();
        ends.sort_unstable();
        let indices: Vec<usize> = ends.iter().map(|(index, _)| *index).collect();
        assert_eq!(indices, (0..JOBS).collect::<Vec<_>>(), "each job has one end");
        for (index, status) in ends {
            let of = |so: &dyn Fn(&Attempt) -> bool| {
                self.cluster.attempts.iter().filter(|(name, it)| name.1 == index && so(it)).count()
            };
            let good = of(&|it| it.end == Some(Ok(())) && !it.forgotten);
            let bad = of(&|it| matches!(it.end, Some(Err(_))) && !it.forgotten && !it.told);
            assert!(good <= 1, "job {index} has succeeded {good} times");
            assert_eq!(of(&|it| it.end.is_none()), 0, "job {index} still runs");
            let told = Status::Finished.code() == status;
            assert_eq!(told, good == 1, "job {index}: {status}, {:?}", self.cluster.attempts);
            let may_fail = bad > AGAIN as usize;
            assert!(status != Status::Failed.code() || may_fail, "job {index} failed {bad} times");
            let ended = [Status::Killed.code(), Status::Cancelled.code()].contains(&status);
            assert!(!ended || self.killed.contains(&index), "nobody wanted job {index} killed");
        }
    }
}

/// A run begins on what is written down.
fn begin(paper: &Paper, number: u32) -> (Dispatcher, History, Vec<Left>) {
    let run: Arc<str> = format!("run-{number}").into();
    let mut past = paper.past();
    let mut records = paper.records();
    records.push(&Record::run(&run, "fake", 0));
    let settings = Settings {
        workdir: Path::new("/w").into(),
        run,
        forks: 2,
        retry: RetryPolicy::new(AGAIN),
        timeout: None,
        grace: Duration::from_secs(1),
        halt: None,
        files: true,
        expected: 0,
        paced: false,
        ahead: 0,
        seed: 1,
        told: Told::default(),
        doomed: BTreeSet::new(),
        dooms: KillReason::User,
    };
    let recovery = Recovery::new(&mut past, "fake");
    let dispatcher = Dispatcher::new(settings, records, recovery);
    let question = dispatcher.left();
    (dispatcher, History::new(past, Weak::new(), false), question)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn each_job_has_one_end_its_own_and_never_two_attempts_at_once(
        dice in proptest::collection::vec(any::<u16>(), 0..300),
    ) {
        let mut crashes = Crashes::new();
        dice.into_iter().for_each(|dice| crashes.happen(dice));
        crashes.finish();
        crashes.check();
    }
}
