//! Where does the dispatcher live? On a thread of its own, with what performs its orders. A hook that blocks its thread
//! blocks no job.

use std::io;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, Interval, MissedTickBehavior};

use super::clock::Clock;
use super::dispatcher::{Adopted, Dispatcher};
use super::error::RunError;
use super::perform::Performer;
use super::questions::{Answered, Questions};
use super::signals;
use super::throttle::Pace;
use super::treaty::{Ended, Fed, Message};
use crate::hook::{PluginSet, Stopped, Summary};

/// The most events that are handled before their orders are performed.
const BATCH: usize = 256;
/// Thirty years: a clock cannot be asked for any time at all.
const LONGEST_POLL: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

/// Everything that the engine's thread owns.
pub(super) struct Engine {
    pub(super) dispatcher: Dispatcher,
    pub(super) performer: Performer,
    pub(super) questions: Questions,
    pub(super) plugins: PluginSet,
    pub(super) fed: mpsc::Receiver<Fed>,
    /// Of these, those that are being handled.
    pub(super) taken: Vec<Fed>,
    pub(super) messages: mpsc::UnboundedReceiver<Message>,
    pub(super) ended: watch::Sender<Option<Ended>>,
    pub(super) poll_interval: Duration,
    pub(super) pace: Pace,
    pub(super) clock: Clock,
    /// Whether it listens to signals.
    pub(super) listens: bool,
    /// Bytes of the journal that could not be read.
    pub(super) journal_damage: u64,
}

/// The thread's runtime until the thread has it. If it comes to none, it is dropped on another runtime, which no runtime
/// allows that waits for what runs on it.
struct Unused(Option<tokio::runtime::Runtime>);

impl Drop for Unused {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// What the thread woke up for.
enum Woke {
    Message(Message),
    Answered(Answered),
    Fed(Fed),
    /// A timer is due.
    Due,
    /// It is time to tell of jobs that still run.
    Tick,
}

impl Engine {
    /// Starts the thread. It ends with the run.
    pub(super) fn start(self) -> io::Result<JoinHandle<()>> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let handle = runtime.handle().clone();
        let mut runtime = Unused(Some(runtime));
        if self.listens {
            // Here, where no hook can hold them up.
            signals::listen(&handle, &self.performer.caller.desk.answers)?;
        }
        let body = move || {
            if let Some(runtime) = runtime.0.take() {
                runtime.block_on(self.run());
            }
        };
        std::thread::Builder::new().name("xqute".to_owned()).spawn(body)
    }

    /// Until the run is over, on whatever runtime awaits it.
    pub(super) async fn run(mut self) {
        let begun = Instant::now();
        self.dispatch().await;
        let mut ended = self.end(begun).await;
        if let (Err(why), Ended::Summary(_)) = (self.performer.close(), &ended) {
            ended = Ended::Failed(Arc::new(RunError::Storage(why)));
        }
        self.ended.send_replace(Some(ended));
    }

    /// Until every job has ended and every hook has returned.
    async fn dispatch(&mut self) {
        let interval = self.poll_interval.min(LONGEST_POLL);
        let mut polls = tokio::time::interval_at(Instant::now() + interval, interval);
        polls.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            self.performer.perform(&mut self.dispatcher, &mut self.questions);
            match self.is_over() {
                true if self.is_drained() => return,
                // One more has come in.
                true => continue,
                false => {}
            }
            self.questions.ask(&self.dispatcher);
            if self.dispatcher.is_held() {
                self.pace.hold(Instant::now());
            } else {
                self.pace.rest();
            }
            let woke = self.wait(&mut polls).await;
            self.dispatcher.at(self.clock.now(), self.performer.publishes());
            self.dispatcher.looks_ahead(self.questions.backend().looks_ahead());
            self.handle(woke);
            self.handle_more();
        }
    }

    async fn wait(&mut self, polls: &mut Interval) -> Woke {
        let look = self.pace.look().filter(|_| self.dispatcher.has_live());
        let wake = [self.performer.next_timer(), self.pace.due(), look].into_iter().flatten().min();
        tokio::select! {
            biased;
            Some(message) = self.messages.recv() => Woke::Message(message),
            answered = self.questions.answered() => Woke::Answered(answered),
            () = sleep_until(wake) => Woke::Due,
            _ = polls.tick(), if self.dispatcher.polls() => Woke::Tick,
            Some(fed) = self.fed.recv(), if self.dispatcher.wants_more() => Woke::Fed(fed),
        }
    }

    fn handle(&mut self, woke: Woke) {
        let dispatcher = &mut self.dispatcher;
        match woke {
            Woke::Message(message) => {
                let abandoned = matches!(message, Message::Abandoned);
                dispatcher.hears(message);
                if abandoned {
                    self.performer.abandon();
                    self.questions.forget_submissions();
                }
            }
            Woke::Answered(Answered::Submitted(answers)) => {
                answers.into_iter().for_each(|(index, answer)| dispatcher.submitted(index, answer));
            }
            Woke::Answered(Answered::Seen(seen)) => seen.into_iter().for_each(|it| dispatcher.observed(it)),
            Woke::Answered(Answered::Recovered(found)) => dispatcher.recovered(found),
            Woke::Answered(Answered::Nothing) => {}
            Woke::Fed(fed) => dispatcher.fed(fed),
            Woke::Due => self.performer.due(dispatcher),
            Woke::Tick => dispatcher.poll(),
        }
    }

    /// What else has come meanwhile: handled before orders are performed, so that their records are written at once.
    fn handle_more(&mut self) {
        for _ in 0..BATCH {
            let Ok(message) = self.messages.try_recv() else { break };
            self.handle(Woke::Message(message));
        }
        self.performer.due(&mut self.dispatcher);
        if self.dispatcher.is_held() && self.pace.allows(Instant::now()) {
            self.dispatcher.release();
        }
        if self.dispatcher.has_live() && self.pace.is_short(Instant::now()) {
            self.dispatcher.preempt();
        }
        self.take_fed();
    }

    /// Takes jobs in for which there is room, all at once: who feeds waits for room in the channel, and is woken once. Some take no
    /// room, as they wait for others or were over before: then there is more.
    fn take_fed(&mut self) {
        // Who waits for the next one is woken by `wait`.
        let nobody = &mut Context::from_waker(Waker::noop());
        let mut left = BATCH;
        loop {
            let room = self.dispatcher.room().min(left);
            let taken = &mut self.taken;
            if room == 0 || self.fed.poll_recv_many(nobody, taken, room).is_pending() || taken.is_empty() {
                return;
            }
            left -= taken.len();
            taken.drain(..).for_each(|it| self.dispatcher.fed(it));
        }
    }

    fn is_over(&self) -> bool {
        if self.dispatcher.is_leaving() {
            return true;
        }
        let stuck = self.performer.is_stuck() && !self.dispatcher.has_live();
        (self.dispatcher.is_done() || stuck) && self.questions.are_answered()
    }

    /// Closes the door behind the last job. If one slipped in before, the run goes on.
    fn is_drained(&mut self) -> bool {
        if self.dispatcher.is_abandoned()
            || self.dispatcher.is_leaving()
            || self.dispatcher.broken().is_some()
        {
            return true;
        }
        // The second look: one may have come in before the door was closed.
        for _ in 0..2 {
            if let Ok(fed) = self.fed.try_recv() {
                self.handle(Woke::Fed(fed));
                return false;
            }
            self.performer.feeder.close(false);
        }
        true
    }

    /// How the run has gone.
    async fn end(&mut self, begun: Instant) -> Ended {
        if self.dispatcher.is_leaving() {
            self.questions.kill_at_once().await;
            let signal = match self.dispatcher.stopped() {
                Some(Stopped::Signal(signal)) => Some(signal),
                _ => None,
            };
            return Ended::Failed(Arc::new(RunError::Interrupted(signal)));
        }
        if self.dispatcher.is_abandoned() {
            return Ended::Abandoned;
        }
        if let Err(why) = self.performer.write_end(&mut self.dispatcher, self.clock.now()) {
            return Ended::Failed(Arc::new(RunError::Storage(why)));
        }
        let summary = Arc::new(self.summary(begun));
        let was_shut_down = self.dispatcher.was_shut_down();
        // Whoever drops the last handle waits for this thread, perhaps on the runtime that the hook needs.
        tokio::select! {
            () = self.performer.caller.run_done(summary, was_shut_down) => {}
            () = abandoned(&mut self.messages) => {}
        }
        Ended::Summary(Arc::new(self.summary(begun)))
    }

    fn summary(&self, begun: Instant) -> Summary {
        let (attempts, cpu) = self.dispatcher.cost();
        let noted = self.dispatcher.halted_for().into_iter().chain(self.plugins.notes());
        let noted = noted.chain(self.performer.caller.desk.scene.run.notes());
        let Adopted { jobs, unknown, first_unknown, still_running } = self.dispatcher.adopted();
        Summary {
            adopted: jobs,
            unknown,
            first_unknown,
            still_running,
            notes: self.questions.backend().note().into_iter().chain(noted).collect(),
            counts: self.dispatcher.counts(),
            attempts,
            cpu,
            stopped: self.dispatcher.stopped(),
            journal_damage: self.journal_damage,
            elapsed: begun.elapsed(),
            faults: self.plugins.faults_kept(),
            costs: self.plugins.costs(),
        }
    }
}

async fn sleep_until(wake: Option<Instant>) {
    match wake {
        Some(wake) => tokio::time::sleep_until(wake).await,
        None => std::future::pending().await,
    }
}

/// Returns when the last handle of the run is gone, or a signal says that nobody waits any longer: every job has ended.
async fn abandoned(messages: &mut mpsc::UnboundedReceiver<Message>) {
    while let Some(message) = messages.recv().await {
        if matches!(message, Message::Abandoned | Message::Signal(_)) {
            return;
        }
    }
}
