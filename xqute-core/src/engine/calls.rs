//! How do hooks run? On the caller's runtime, as tasks of their own, so that none holds the dispatcher up.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use super::treaty::{Asked, GateAnswer, GateBroken, Message, Notice, Returned};
use crate::hook::{Hooks, Run, Scheduler, Summary};
use crate::lifecycle::Point;

/// What every hook of a run is called with.
#[derive(Debug)]
pub(super) struct Scene {
    pub(super) hooks: Hooks,
    pub(super) run: Run,
    pub(super) scheduler: Scheduler,
}

impl Scene {
    /// The moments that have hooks.
    pub(super) fn told(&self) -> Vec<Point> {
        let hooks = &self.hooks;
        let all = [
            (Point::Init, hooks.has_on_job_init()),
            (Point::Queued, hooks.has_on_job_queued()),
            (Point::Submitting, hooks.has_on_job_submitting()),
            (Point::Submitted, hooks.has_on_job_submitted()),
            (Point::Started, hooks.has_on_job_started()),
            (Point::Succeeded, hooks.has_on_job_succeeded()),
            (Point::Failed, hooks.has_on_job_failed()),
            (Point::Cancelled, hooks.has_on_job_cancelled()),
        ];
        all.into_iter().filter(|(_, has)| *has).map(|(point, _)| point).collect()
    }

    /// Calls the hooks of one moment; gives the gate's answer, if that was asked.
    async fn call(&self, Notice { point, job }: &Notice) -> Option<GateAnswer> {
        let Self { hooks, run, scheduler } = self;
        match point {
            Point::Init => hooks.on_job_init(run, scheduler, job).await,
            Point::Queued => hooks.on_job_queued(run, scheduler, job).await,
            Point::Submitting => {
                let answer = hooks.on_job_submitting(run, scheduler, job).await;
                return Some(answer.map_err(GateBroken::Fault));
            }
            Point::Submitted => hooks.on_job_submitted(run, scheduler, job).await,
            Point::Started => hooks.on_job_started(run, scheduler, job).await,
            Point::Succeeded => hooks.on_job_succeeded(run, scheduler, job).await,
            Point::Failed => hooks.on_job_failed(run, scheduler, job).await,
            Point::Cancelled => hooks.on_job_cancelled(run, scheduler, job).await,
        }
        None
    }
}

/// Calls hooks on a runtime.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) scene: Arc<Scene>,
    pub(super) runtime: Handle,
    pub(super) answers: mpsc::UnboundedSender<Message>,
}

impl Caller {
    /// Calls the hooks of these moments of one job, and tells the dispatcher when they have returned.
    pub(super) fn call(&self, index: usize, notices: Vec<Notice>) {
        let mut answer = Answer::new(index, &notices, self.answers.clone());
        let scene = Arc::clone(&self.scene);
        self.runtime.spawn(async move {
            for notice in &notices {
                answer.take(scene.call(notice).await);
            }
        });
    }

    /// Drops what was asked for a job: a user's data on the user's runtime, as its drop may block or panic.
    pub(super) fn discard(&self, asked: Asked) {
        if asked.spec.has_data() {
            self.runtime.spawn(async move { drop(asked) });
        }
    }

    /// Calls `on_run_done`; returns when it has.
    pub(super) async fn run_done(&self, summary: Arc<Summary>) {
        if !self.scene.hooks.has_on_run_done() {
            return;
        }
        let scene = Arc::clone(&self.scene);
        let (done, wait) = oneshot::channel();
        self.runtime.spawn(async move {
            scene.hooks.on_run_done(&scene.run, &scene.scheduler, &summary).await;
            // The engine's thread waits for it, unless it is gone.
            let _ = done.send(());
        });
        // An error: the runtime has shut down, and nobody is left to be told.
        let _ = wait.await;
    }
}

/// Tells the dispatcher when it is dropped: at the end of a task, or when the runtime shuts down under it.
struct Answer {
    index: usize,
    gate: Option<GateAnswer>,
    answers: mpsc::UnboundedSender<Message>,
}

impl Answer {
    fn new(index: usize, notices: &[Notice], answers: mpsc::UnboundedSender<Message>) -> Self {
        let asks = notices.iter().any(|notice| notice.point == Point::Submitting);
        Self { index, gate: asks.then_some(Err(GateBroken::NoRuntime)), answers }
    }

    fn take(&mut self, gate: Option<GateAnswer>) {
        self.gate = gate.or(self.gate.take());
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        let returned = Returned { index: self.index, gate: self.gate.take() };
        // Nobody receives any more: the run is over.
        let _ = self.answers.send(Message::Returned(returned));
    }
}
