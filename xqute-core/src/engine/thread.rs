//! Where does the dispatcher live? On a thread of its own, with what performs its orders: submitting and observing. A
//! hook that blocks its thread blocks no job.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use tokio::sync::{mpsc, watch};

use super::calls::Caller;
use super::dispatcher::Dispatcher;
use super::feeder::Feeder;
use super::treaty::{Ended, Fed, Message, Order};
use crate::backend::{Accepted, Backend, Observation, Rejected, Submission};
use crate::hook::{PluginSet, Summary};
use crate::store::make_metadir;

/// A question to the backend that has not been answered yet.
type Question<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Jobs, and what the scheduler said to each.
type Submitted = (Vec<Submission>, Vec<Result<Accepted, Rejected>>);

/// Everything that the engine's thread owns.
pub(super) struct Engine {
    pub(super) dispatcher: Dispatcher,
    pub(super) backend: Arc<dyn Backend>,
    pub(super) caller: Caller,
    pub(super) plugins: PluginSet,
    pub(super) feeder: Arc<Feeder>,
    pub(super) fed: mpsc::Receiver<Fed>,
    pub(super) messages: mpsc::UnboundedReceiver<Message>,
    pub(super) ended: watch::Sender<Option<Ended>>,
    /// To be submitted when the last submission has been answered.
    pub(super) prepared: Vec<Submission>,
    pub(super) submitting: Option<Question<Submitted>>,
    pub(super) observing: Option<Question<Vec<Observation>>>,
}

impl Engine {
    /// Starts the thread. It ends with the run.
    pub(super) fn start(self) -> io::Result<JoinHandle<()>> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let body = move || runtime.block_on(self.run());
        std::thread::Builder::new().name("xqute".to_owned()).spawn(body)
    }

    async fn run(mut self) {
        let begun = Instant::now();
        self.dispatch().await;
        let ended = if self.dispatcher.is_abandoned() {
            None
        } else {
            let summary = Arc::new(self.summary(begun));
            // Whoever drops the last handle waits for this thread, perhaps on the runtime that the hook needs.
            tokio::select! {
                () = self.caller.run_done(summary) => {}
                () = abandoned(&mut self.messages) => {}
            }
            Some(Arc::new(self.summary(begun)))
        };
        self.ended.send_replace(Some(ended));
    }

    /// Until every job has ended and every hook has returned.
    async fn dispatch(&mut self) {
        loop {
            self.perform().await;
            if self.dispatcher.is_done() && self.submitting.is_none() {
                if self.is_drained() {
                    return;
                }
                continue;
            }
            self.ask();
            tokio::select! {
                biased;
                Some(message) = self.messages.recv() => self.dispatcher.hears(message),
                (jobs, answers) = answer(&mut self.submitting) => {
                    self.submitting = None;
                    jobs.iter().zip(answers).for_each(|(job, answer)| self.dispatcher.submitted(job.index, answer));
                }
                seen = answer(&mut self.observing) => {
                    self.observing = None;
                    seen.into_iter().for_each(|seen| self.dispatcher.observed(seen));
                }
                Some(fed) = self.fed.recv(), if self.dispatcher.wants_more() => self.dispatcher.fed(fed),
            }
        }
    }

    /// Closes the door behind the last job. If one slipped in before, the run goes on.
    fn is_drained(&mut self) -> bool {
        if self.fed.is_empty() {
            self.feeder.close();
        }
        match self.fed.try_recv() {
            Ok(fed) => {
                self.dispatcher.fed(fed);
                false
            }
            Err(_) => true,
        }
    }

    /// Does what the dispatcher ordered, and what it orders upon that.
    async fn perform(&mut self) {
        loop {
            let orders = self.dispatcher.take_orders();
            if orders.is_empty() {
                return;
            }
            for order in orders {
                match order {
                    Order::Call(index, notices) => self.caller.call(index, notices),
                    Order::Submit(index) => self.prepare(index),
                    Order::Discard(asked) => self.caller.discard(asked),
                    Order::KillAll => {
                        self.prepared.clear();
                        self.backend.kill(&self.dispatcher.live()).await;
                    }
                }
            }
        }
    }

    /// Makes a job's directory, and puts it with those that are submitted next.
    fn prepare(&mut self, index: usize) {
        let Some(job) = self.dispatcher.submission(index) else { return };
        match make_metadir(&job.files) {
            Ok(()) => self.prepared.push(job),
            Err(error) => self.dispatcher.submitted(index, Err(Rejected(error.to_string()))),
        }
    }

    /// Asks the backend what there is to ask: one submission and one observation at a time, each until it has answered,
    /// whatever else happens meanwhile.
    fn ask(&mut self) {
        if self.submitting.is_none() && !self.prepared.is_empty() {
            let (backend, jobs) = (Arc::clone(&self.backend), std::mem::take(&mut self.prepared));
            self.submitting = Some(Box::pin(async move {
                let answers = backend.submit(&jobs).await;
                (jobs, answers)
            }));
        }
        if self.observing.is_none() && self.dispatcher.has_live() {
            let (backend, live) = (Arc::clone(&self.backend), self.dispatcher.live());
            self.observing = Some(Box::pin(async move { backend.observe(&live).await }));
        }
    }

    fn summary(&self, begun: Instant) -> Summary {
        Summary {
            counts: self.dispatcher.counts(),
            elapsed: begun.elapsed(),
            faults: self.plugins.faults_kept(),
            costs: self.plugins.costs(),
        }
    }
}

/// The answer, where there is a question; else it never comes.
async fn answer<T>(question: &mut Option<Question<T>>) -> T {
    match question {
        Some(question) => question.await,
        None => std::future::pending().await,
    }
}

/// Returns when the last handle of the run is gone.
async fn abandoned(messages: &mut mpsc::UnboundedReceiver<Message>) {
    while let Some(message) = messages.recv().await {
        if matches!(message, Message::Abandoned) {
            return;
        }
    }
}
