//! Where does the dispatcher live? On a thread of its own, with what performs its orders: submitting and observing. A
//! hook that blocks its thread blocks no job.

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use tokio::sync::{mpsc, watch};

use super::calls::Caller;
use super::dispatcher::Dispatcher;
use super::treaty::{Ended, Fed, Message, Order};
use crate::backend::{Backend, Rejected, Submission};
use crate::hook::{PluginSet, Summary};
use crate::store::make_metadir;

/// Everything that the engine's thread owns.
#[derive(Debug)]
pub(super) struct Engine {
    pub(super) dispatcher: Dispatcher,
    pub(super) backend: Arc<dyn Backend>,
    pub(super) caller: Caller,
    pub(super) plugins: PluginSet,
    pub(super) fed: mpsc::Receiver<Fed>,
    pub(super) messages: mpsc::UnboundedReceiver<Message>,
    pub(super) ended: watch::Sender<Option<Ended>>,
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
            if self.dispatcher.is_done() {
                if self.is_drained().await {
                    return;
                }
                continue;
            }
            let live = self.dispatcher.live();
            tokio::select! {
                biased;
                Some(message) = self.messages.recv() => self.dispatcher.hears(message),
                seen = self.backend.observe(&live), if !live.is_empty() => {
                    seen.into_iter().for_each(|seen| self.dispatcher.observed(seen));
                }
                Some(fed) = self.fed.recv(), if self.dispatcher.wants_more() => self.dispatcher.fed(fed),
            }
        }
    }

    /// Closes the door behind the last job. If one slipped in before, the run goes on.
    async fn is_drained(&mut self) -> bool {
        let waiting = match self.fed.try_recv() {
            Ok(fed) => Some(fed),
            Err(_) => {
                self.fed.close();
                // Waits for whoever has room already, and sends at once.
                self.fed.recv().await
            }
        };
        let drained = waiting.is_none();
        waiting.into_iter().for_each(|fed| self.dispatcher.fed(fed));
        drained
    }

    /// Does what the dispatcher ordered, and what it orders upon that.
    async fn perform(&mut self) {
        loop {
            let orders = self.dispatcher.take_orders();
            if orders.is_empty() {
                return;
            }
            let mut submissions = Vec::new();
            for order in orders {
                match order {
                    Order::Call(index, notices) => self.caller.call(index, notices),
                    Order::Submit(index) => submissions.extend(self.prepare(index)),
                    Order::KillAll => self.backend.kill(&self.dispatcher.live()).await,
                }
            }
            self.submit(&submissions).await;
        }
    }

    /// Makes a job's directory.
    fn prepare(&mut self, index: usize) -> Option<Submission> {
        let submission = self.dispatcher.submission(index)?;
        match make_metadir(&submission.files) {
            Ok(()) => Some(submission),
            Err(error) => {
                self.dispatcher.submitted(index, Err(Rejected(error.to_string())));
                None
            }
        }
    }

    async fn submit(&mut self, submissions: &[Submission]) {
        if submissions.is_empty() {
            return;
        }
        let answers = self.backend.submit(submissions).await;
        for (job, answer) in submissions.iter().zip(answers) {
            self.dispatcher.submitted(job.index, answer);
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

/// Returns when the last handle of the run is gone.
async fn abandoned(messages: &mut mpsc::UnboundedReceiver<Message>) {
    while let Some(message) = messages.recv().await {
        if matches!(message, Message::Abandoned) {
            return;
        }
    }
}
