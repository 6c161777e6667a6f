//! What does a user hold? A run: fed with jobs, then awaited.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::runtime::Handle as Runtime;
use tokio::sync::{mpsc, watch};

use super::builder::XquteBuilder;
use super::calls::{Caller, Scene};
use super::dispatcher::{Dispatcher, Settings};
use super::error::{Result, RunError};
use super::feeder::Feeder;
use super::thread::Engine;
use super::treaty::{Ended, Fed, Message};
use crate::backend::Backend;
use crate::hook::{PluginSet, Run, Scheduler, Summary};
use crate::job::JobSpec;
use crate::store::WorkDir;

/// A run: feed it with jobs, then wait for its end.
///
/// The first [`feed`](Self::feed) starts the engine, on a thread of its own, and jobs start as soon as they are fed;
/// hooks are called on the tokio runtime of that first call. A clone is a handle of the same run. When the last handle
/// is dropped before the run is over, the process groups of the jobs that run are killed, and the drop returns when the
/// jobs are gone.
///
/// ```no_run
/// # async fn f() -> xqute_core::Result<()> {
/// # use xqute_core as xqute;
/// use xqute::Xqute;
/// let xqute = Xqute::builder().forks(4).build()?;
/// for n in 0..10 {
///     xqute.feed(["echo", &n.to_string()]).await?;
/// }
/// println!("{}", xqute.run_until_complete().await?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Xqute(Arc<Shared>);

/// What the handles of a run share.
struct Shared {
    scene: Arc<Scene>,
    plugins: PluginSet,
    feeder: Arc<Feeder>,
    messages: mpsc::UnboundedSender<Message>,
    ended: watch::Receiver<Option<Ended>>,
    engine: Mutex<Thread>,
    /// Locked until the last handle is gone.
    _workdir: WorkDir,
}

/// The engine's thread.
enum Thread {
    /// Not started: what it will need.
    Ready(Box<Parts>),
    Started(JoinHandle<()>),
    /// It could not be started, or was waited for.
    Gone,
}

/// What the engine's thread is made of, but for the runtime that hooks run on.
struct Parts {
    backend: Arc<dyn Backend>,
    fed: mpsc::Receiver<Fed>,
    inbox: mpsc::UnboundedReceiver<Message>,
    end: watch::Sender<Option<Ended>>,
}

/// What a builder hands over.
pub(super) struct Built {
    pub(super) scene: Scene,
    pub(super) plugins: PluginSet,
    pub(super) feeder: Arc<Feeder>,
    pub(super) fed: mpsc::Receiver<Fed>,
    pub(super) backend: Arc<dyn Backend>,
    pub(super) workdir: WorkDir,
}

impl Xqute {
    /// Starts to build a run.
    pub fn builder() -> XquteBuilder {
        XquteBuilder::default()
    }

    pub(super) fn new(Built { scene, plugins, feeder, fed, backend, workdir }: Built) -> Self {
        let (messages, inbox) = mpsc::unbounded_channel();
        let (end, ended) = watch::channel(None);
        let engine = Mutex::new(Thread::Ready(Box::new(Parts { backend, fed, inbox, end })));
        let scene = Arc::new(scene);
        Self(Arc::new(Shared { scene, plugins, feeder, messages, ended, engine, _workdir: workdir }))
    }

    /// Feeds a job: whatever converts into a [`JobSpec`], such as a list of words. Waits while the run has jobs enough;
    /// returns the job's index.
    ///
    /// # Errors
    ///
    /// It is no command; the run is over; or there is no tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it is ready, the job is not fed.
    pub async fn feed(&self, job: impl Into<JobSpec>) -> Result<usize> {
        self.0.start()?;
        Ok(self.0.feeder.feed(job.into()).await?)
    }

    /// Takes no more jobs from outside, and waits until every job has ended and every hook has returned.
    ///
    /// Further calls return the same summary.
    ///
    /// # Errors
    ///
    /// There is no tokio runtime, or the engine is lost.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops nothing: the run goes on as long as there is a handle of it.
    pub async fn run_until_complete(&self) -> Result<Summary> {
        self.0.start()?;
        // The engine has ended: then its summary is there.
        let _ = self.0.messages.send(Message::StopFeeding);
        let mut ended = self.0.ended.clone();
        let ended = ended.wait_for(Option::is_some).await.map_err(|_| RunError::EngineLost)?;
        let summary = ended.as_ref().and_then(Option::as_ref).ok_or(RunError::EngineLost)?;
        Ok(Summary::clone(summary))
    }

    /// The run as its hooks see it.
    #[must_use]
    pub fn run(&self) -> &Run {
        &self.0.scene.run
    }

    /// The scheduler as hooks see it.
    #[must_use]
    pub fn scheduler(&self) -> &Scheduler {
        &self.0.scene.scheduler
    }

    /// The plugins of the run: for a family of hooks of one's own to be built on.
    #[must_use]
    pub fn plugins(&self) -> &PluginSet {
        &self.0.plugins
    }
}

impl Shared {
    /// Starts the engine's thread, once.
    fn start(&self) -> Result<(), RunError> {
        let mut engine = self.engine.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*engine, Thread::Started(_)) {
            return Ok(());
        }
        let runtime = Runtime::try_current().map_err(|_| RunError::NoRuntime)?;
        let Thread::Ready(parts) = std::mem::replace(&mut *engine, Thread::Gone) else {
            return Err(RunError::EngineLost);
        };
        *engine = Thread::Started(self.engine(*parts, runtime).start().map_err(RunError::Thread)?);
        Ok(())
    }

    fn engine(&self, parts: Parts, runtime: Runtime) -> Engine {
        let settings = Settings {
            workdir: self.scene.run.shared_workdir(),
            forks: self.scene.scheduler.forks(),
            told: self.scene.told(),
        };
        Engine {
            dispatcher: Dispatcher::new(settings),
            backend: parts.backend,
            caller: Caller { scene: Arc::clone(&self.scene), runtime, answers: self.messages.clone() },
            plugins: self.plugins.clone(),
            feeder: Arc::clone(&self.feeder),
            fed: parts.fed,
            messages: parts.inbox,
            ended: parts.end,
            prepared: Vec::new(),
            submitting: None,
            observing: None,
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let engine = self.engine.get_mut().unwrap_or_else(PoisonError::into_inner);
        let Thread::Started(thread) = std::mem::replace(engine, Thread::Gone) else { return };
        // The engine has ended: there is nothing to abandon.
        let _ = self.messages.send(Message::Abandoned);
        // A job's data may hold the last handle, and is dropped on the engine's own thread.
        if thread.thread().id() != std::thread::current().id() && thread.join().is_err() {
            tracing::error!("the engine's thread has panicked");
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.scene.run.fmt(f)
    }
}
