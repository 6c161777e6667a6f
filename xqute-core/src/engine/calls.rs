//! How do hooks run? On the caller's runtime, as tasks of their own, so that none holds the dispatcher up.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::crew::{Call, Crew};
use super::dispatcher::Told;
use super::treaty::{Answer, Broken, Gate, Message, Notice, Returned};
use crate::hook::record::about;
use crate::hook::{Fault, Hooks, PluginSet, Run, Scheduler, Summary, Text};
use crate::job::{Asked, Job, Moment, Signal};
use crate::script::Fragments;

/// What every hook of a run is called with.
#[derive(Debug)]
pub(super) struct Scene {
    pub(super) hooks: Hooks,
    pub(super) run: Run,
    pub(super) scheduler: Scheduler,
}

impl Scene {
    /// The moments that have hooks.
    pub(super) fn told(&self, plugins: &PluginSet) -> Told {
        let hooks = &self.hooks;
        let all = [
            (Moment::Init, hooks.has_on_job_init()),
            (Moment::Queued, hooks.has_on_job_queued()),
            (Moment::Submitting, hooks.has_on_job_submitting() || self.has_script_hooks()),
            (Moment::Submitted, hooks.has_on_job_submitted()),
            (Moment::Started, hooks.has_on_job_started()),
            (Moment::Polling(0), hooks.has_on_job_polling()),
            (Moment::Verifying, hooks.has_on_job_verify()),
            (Moment::Killing, hooks.has_on_job_killing()),
            (Moment::Killed, hooks.has_on_job_killed()),
            (Moment::Failed, hooks.has_on_job_failed()),
            (Moment::Succeeded, hooks.has_on_job_succeeded()),
            (Moment::Cancelled, hooks.has_on_job_cancelled()),
        ];
        let all: Vec<Moment> = all.into_iter().filter(|(_, has)| *has).map(|(moment, _)| moment).collect();
        let about_all =
            plugins.plugins().into_iter().filter(|it| it.on && !self.run.is_only_with_outputs(&it.name));
        let about_all: Vec<&str> = about_all.flat_map(|it| it.hooks).map(|it| it.hook).collect();
        let bare = all.iter().copied().filter(|it| about_all.iter().any(|hook| is_of(hook, *it)));
        Told { bare: bare.collect(), all }
    }

    fn has_script_hooks(&self) -> bool {
        let hooks = &self.hooks;
        hooks.has_on_jobcmd_init() || hooks.has_on_jobcmd_prep() || hooks.has_on_jobcmd_end()
    }

    /// Calls the hooks of one moment; gives their answer, where they decide, and a fault that has consequences.
    async fn call(&self, Notice { moment, job }: &Notice) -> (Option<Answer>, Option<Arc<Fault>>) {
        let Self { hooks, run, scheduler } = self;
        let ((), fault) = match moment {
            Moment::Init => hooks.on_job_init(run, scheduler, job).await,
            Moment::Queued => hooks.on_job_queued(run, scheduler, job).await,
            Moment::Submitting => return (Some(Answer::Gate(self.gate(job).await)), None),
            Moment::Submitted => hooks.on_job_submitted(run, scheduler, job).await,
            Moment::Started => hooks.on_job_started(run, scheduler, job).await,
            Moment::Polling(counter) => hooks.on_job_polling(run, scheduler, job, *counter).await,
            Moment::Verifying => {
                let verdict = hooks.on_job_verify(run, scheduler, job).await;
                return (Some(Answer::Verify(verdict.map_err(Broken::Fault))), None);
            }
            Moment::Killing => {
                let (veto, fault) = hooks.on_job_killing(run, scheduler, job).await;
                return (Some(Answer::Kill(veto)), fault);
            }
            Moment::Killed => hooks.on_job_killed(run, scheduler, job).await,
            Moment::Failed => hooks.on_job_failed(run, scheduler, job).await,
            Moment::Succeeded => hooks.on_job_succeeded(run, scheduler, job).await,
            Moment::Cancelled => hooks.on_job_cancelled(run, scheduler, job).await,
        };
        (None, fault)
    }

    /// Asks whether a job may be submitted; if so, what plugins put around its command.
    async fn gate(&self, job: &Job) -> Result<Gate, Broken> {
        let said = self.hooks.on_job_submitting(&self.run, &self.scheduler, job).await;
        match said.map_err(Broken::Fault)? {
            Some(said) => Ok(Gate::Shut(said)),
            None => self.fragments(job).map(Gate::Open),
        }
    }

    fn fragments(&self, job: &Job) -> Result<Fragments, Broken> {
        let Self { hooks, run, scheduler } = self;
        let mut fragments = Fragments::default();
        let Fragments { init, prep, end } = &mut fragments;
        let into = |list: &mut Vec<(Arc<str>, String)>, plugin: &str, text: &Text| {
            list.extend(text.as_str().map(|text| (plugin.into(), text.to_owned())));
        };
        let broken = Broken::Fault;
        hooks
            .on_jobcmd_init(run, scheduler, job, |plugin, text| into(init, plugin, &text))
            .map_err(broken)?;
        hooks
            .on_jobcmd_prep(run, scheduler, job, |plugin, text| into(prep, plugin, &text))
            .map_err(broken)?;
        hooks.on_jobcmd_end(run, scheduler, job, |plugin, text| into(end, plugin, &text)).map_err(broken)?;
        Ok(fragments)
    }
}

/// Whether a hook is called for a moment.
fn is_of(hook: &str, moment: Moment) -> bool {
    let names: &[&str] = match moment {
        Moment::Init => &["on_job_init"],
        Moment::Queued => &["on_job_queued"],
        Moment::Submitting => &["on_job_submitting", "on_jobcmd_init", "on_jobcmd_prep", "on_jobcmd_end"],
        Moment::Submitted => &["on_job_submitted"],
        Moment::Started => &["on_job_started"],
        Moment::Polling(_) => &["on_job_polling"],
        Moment::Verifying => &["on_job_verify"],
        Moment::Killing => &["on_job_killing"],
        Moment::Killed => &["on_job_killed"],
        Moment::Failed => &["on_job_failed"],
        Moment::Succeeded => &["on_job_succeeded"],
        Moment::Cancelled => &["on_job_cancelled"],
    };
    names.contains(&hook)
}

/// What all calls of a run share.
pub(super) struct Desk {
    pub(super) scene: Arc<Scene>,
    pub(super) answers: mpsc::UnboundedSender<Message>,
}

/// Calls hooks on a runtime.
pub(super) struct Caller {
    pub(super) desk: Arc<Desk>,
    pub(super) crew: Crew<Asking>,
}

impl Caller {
    /// Calls the hooks of these moments of one job at the next start, and tells the dispatcher when they have returned.
    pub(super) fn call(&mut self, index: usize, notices: Vec<Notice>) {
        let reply = Reply::new(index, &notices, Arc::clone(&self.desk));
        self.crew.add(Asking { notices, reply });
    }

    /// Begins the calls.
    pub(super) fn start(&mut self) {
        self.crew.start();
    }

    /// Calls `on_shutdown`, and tells the dispatcher what it said.
    pub(super) fn shutdown(&self, signal: Option<Signal>) {
        let scene = Arc::clone(&self.desk.scene);
        let mut reply = ShutdownReply { go: true, signal, answers: self.desk.answers.clone() };
        if scene.hooks.has_on_shutdown() {
            self.crew.runtime().spawn(async move {
                let veto = scene.hooks.on_shutdown(&scene.run, &scene.scheduler, signal);
                reply.take(veto.is_none());
            });
        }
    }

    /// Drops what was asked for a job: a user's data on the user's runtime, as its drop may block or panic.
    pub(super) fn discard(&self, asked: Arc<Asked>) {
        if asked.spec.has_data() {
            self.crew.runtime().spawn(async move { drop(asked) });
        }
    }

    /// Calls `on_run_done`, then `on_shutdown` unless it was called; returns when they have returned.
    pub(super) async fn run_done(&self, summary: Arc<Summary>, was_shut_down: bool) {
        let hooks = &self.desk.scene.hooks;
        if !hooks.has_on_run_done() && (was_shut_down || !hooks.has_on_shutdown()) {
            return;
        }
        let scene = Arc::clone(&self.desk.scene);
        let (done, wait) = oneshot::channel();
        self.crew.runtime().spawn(async move {
            let Scene { hooks, run, scheduler } = &*scene;
            hooks.on_run_done(run, scheduler, &summary).await;
            if !was_shut_down {
                // A veto has nothing to hold up any more.
                let _ = hooks.on_shutdown(run, scheduler, None);
            }
            // The engine's thread waits for it, unless it is gone.
            let _ = done.send(());
        });
        // An error: the runtime has shut down, and nobody is left to be told.
        let _ = wait.await;
    }
}

/// The hooks of one job that are to be called, and who is told of it.
pub(super) struct Asking {
    notices: Vec<Notice>,
    reply: Reply,
}

impl Asking {
    pub(super) fn call(self) -> Call {
        let Self { notices, mut reply } = self;
        Box::pin(async move {
            for notice in &notices {
                let said = about(notice.moment, notice.job.index(), reply.desk.scene.call(notice)).await;
                reply.take(said);
            }
            reply.end(notices);
        })
    }
}

/// Tells the dispatcher when it is dropped: at the end of a task, or when the runtime shuts down under it.
struct Reply {
    index: usize,
    /// The moments of the questions that are not answered yet, the next one last.
    open: Vec<Moment>,
    answers: Vec<Answer>,
    spare: Vec<Notice>,
    desk: Arc<Desk>,
}

impl Reply {
    fn new(index: usize, notices: &[Notice], desk: Arc<Desk>) -> Self {
        let asks =
            |moment: &Moment| matches!(moment, Moment::Submitting | Moment::Killing | Moment::Verifying);
        let open = notices.iter().rev().map(|notice| notice.moment).filter(asks).collect();
        Self { index, open, answers: Vec::new(), spare: Vec::new(), desk }
    }

    fn take(&mut self, (answer, fault): (Option<Answer>, Option<Arc<Fault>>)) {
        if let Some(answer) = answer {
            self.open.pop();
            self.answers.push(answer);
        }
        self.answers.extend(fault.map(Answer::Fault));
    }

    /// All are told. Their list goes back to be filled again, without them: they are dropped here.
    fn end(mut self, mut notices: Vec<Notice>) {
        notices.clear();
        self.spare = notices;
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        let mut answers = std::mem::take(&mut self.answers);
        answers.extend(self.open.iter().rev().filter_map(|moment| unanswered(*moment)));
        // Nobody receives any more: the run is over.
        let spare = std::mem::take(&mut self.spare);
        let _ = self.desk.answers.send(Message::Returned(Returned { index: self.index, answers, spare }));
    }
}

/// What a question is taken to be answered with when nobody is left to answer it.
fn unanswered(moment: Moment) -> Option<Answer> {
    match moment {
        Moment::Submitting => Some(Answer::Gate(Err(Broken::NoRuntime))),
        Moment::Verifying => Some(Answer::Verify(Err(Broken::NoRuntime))),
        Moment::Killing => Some(Answer::Kill(None)),
        _ => None,
    }
}

/// Tells the dispatcher what `on_shutdown` said, when it is dropped.
struct ShutdownReply {
    go: bool,
    signal: Option<Signal>,
    answers: mpsc::UnboundedSender<Message>,
}

impl ShutdownReply {
    fn take(&mut self, go: bool) {
        self.go = go;
    }
}

impl Drop for ShutdownReply {
    fn drop(&mut self) {
        let Self { go, signal, .. } = *self;
        // Nobody receives any more: the run is over.
        let _ = self.answers.send(Message::ShutdownAnswered { go, signal });
    }
}
