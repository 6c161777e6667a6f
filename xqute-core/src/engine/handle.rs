//! What does a user hold? A run: fed with jobs, then awaited.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::Handle as Runtime;
use tokio::sync::{broadcast, mpsc, watch};

use super::builder::XquteBuilder;
use super::calls::{Asking, Caller, Desk, Scene};
use super::clock::Clock;
use super::crew::Crew;
use super::dispatcher::{Dispatcher, Settings};
use super::error::{Result, RunError};
use super::events::{EVENTS_KEPT, Events};
use super::feeder::Feeder;
use super::known::KnownJobs;
use super::perform::{Performer, Wrapping};
use super::questions::Questions;
use super::recovery::Recovery;
use super::thread::Engine;
use super::throttle::{Pace, Throttle};
use super::timers::Timers;
use super::treaty::{Ended, Fed, Message};
use crate::backend::Backend;
use crate::hook::{Control, PluginSet, Run, Scheduler, Summary};
#[cfg(feature = "testing")]
use crate::job::Signal;
use crate::job::{Job, JobSpec, Moment};
use crate::store::{Journal, Records, WorkDir};

/// A run: feed it with jobs, then wait for its end.
///
/// The first [`feed`](Self::feed) starts the engine, on a thread of its own, and jobs start as soon as they are fed;
/// hooks are called on the tokio runtime of that first call. A clone is a handle of the same run. When the last handle
/// is dropped before the run is over, the process groups of the jobs that run are killed with SIGKILL, and the drop
/// returns when the jobs are gone. Another run on the same work directory runs them again.
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
    /// Weak: the events end with the engine.
    events: broadcast::WeakSender<(Moment, Job)>,
    ended: watch::Receiver<Option<Ended>>,
    engine: Mutex<Thread>,
    listens: bool,
    /// Locked until the last handle is gone.
    _workdir: Arc<WorkDir>,
}

/// The engine's thread.
enum Thread {
    /// Not started: what it will need.
    Ready(Box<Ready>),
    Started(JoinHandle<()>),
    /// There is none: the engine runs where the caller awaits it.
    #[cfg(feature = "testing")]
    Elsewhere,
    /// It could not be started, or was waited for.
    Gone,
}

/// What the engine's thread is made of, but for the runtime that hooks run on.
pub(super) struct Parts {
    pub(super) backend: Arc<dyn Backend>,
    pub(super) fed: mpsc::Receiver<Fed>,
    pub(super) inbox: mpsc::UnboundedReceiver<Message>,
    pub(super) journal: Journal,
    pub(super) records: Records,
    pub(super) settings: Settings,
    pub(super) recovery: Recovery,
    pub(super) wrapping: Wrapping,
    pub(super) poll_interval: Duration,
    pub(super) throttle: Throttle,
    pub(super) journal_damage: u64,
}

/// The parts, the sender of events, and where the end is told.
type Ready = (Parts, broadcast::Sender<(Moment, Job)>, watch::Sender<Option<Ended>>);

/// What a builder hands over.
pub(super) struct Built {
    pub(super) scene: Scene,
    pub(super) plugins: PluginSet,
    pub(super) feeder: Arc<Feeder>,
    pub(super) messages: mpsc::UnboundedSender<Message>,
    pub(super) parts: Parts,
    pub(super) listens: bool,
    pub(super) workdir: Arc<WorkDir>,
}

impl Xqute {
    /// Starts to build a run.
    pub fn builder() -> XquteBuilder {
        XquteBuilder::default()
    }

    pub(super) fn new(built: Built) -> Self {
        let Built { scene, plugins, feeder, messages, parts, listens, workdir } = built;
        let (events, _) = broadcast::channel(EVENTS_KEPT);
        let (end, ended) = watch::channel(None);
        let engine = Mutex::new(Thread::Ready(Box::new((parts, events.clone(), end))));
        let events = events.downgrade();
        let scene = Arc::new(scene);
        let _workdir = workdir;
        Self(Arc::new(Shared { scene, plugins, feeder, messages, events, ended, engine, listens, _workdir }))
    }

    /// Feeds a job: whatever converts into a [`JobSpec`], such as a list of words. Waits while the run has jobs enough;
    /// returns the job's index. Any number of tasks may feed at once.
    ///
    /// On a work directory that was used before, a job that an earlier run has brought to its end is not run again.
    ///
    /// # Errors
    ///
    /// It is no job; it is another than the work directory has at its index; the run is over or being stopped; or there is
    /// no tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it is ready, the job is not fed.
    pub async fn feed(&self, job: impl Into<JobSpec>) -> Result<usize> {
        self.0.start()?;
        Ok(self.0.feeder.feed(job.into()).await?)
    }

    /// Starts the run, if it has not started: hooks will be called on the tokio runtime of this call. [`feed`](Self::feed)
    /// and [`run_until_complete`](Self::run_until_complete) do it too.
    ///
    /// # Errors
    ///
    /// There is no tokio runtime, or the system has no thread.
    pub fn start(&self) -> Result<()> {
        Ok(self.0.start()?)
    }

    /// Whether jobs are still taken from outside.
    #[must_use]
    pub fn is_feeding(&self) -> bool {
        self.0.feeder.is_feeding()
    }

    /// Says that no more jobs come from outside: the run ends when the last job has. Jobs may be fed until then, from
    /// hooks above all.
    pub fn stop_feeding(&self) {
        self.0.feeder.stop_feeding();
    }

    /// The same, where there are more jobs than were fed: the list was broken off, and whoever feeds what is
    /// [known](Self::known_jobs) of it is told so.
    pub fn break_off_feeding(&self) {
        self.0.feeder.break_off();
    }

    /// The jobs that the last run on the work directory had, as far as they are known, to be [fed](Self::feed) again: in their order,
    /// each, and before any other job.
    ///
    /// # Errors
    ///
    /// The journal cannot be read.
    pub fn known_jobs(&self) -> Result<KnownJobs> {
        KnownJobs::of(self.0.feeder.history(), self.run().workdir())
    }

    /// Takes no more jobs from outside, and waits until every job has ended and every hook has returned.
    ///
    /// Further calls return the same summary. Jobs that failed are no error: ask [`Summary::is_success`].
    ///
    /// # Errors
    ///
    /// There is no tokio runtime; the run's files could not be written; a third signal; or the engine is lost.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops nothing: the run goes on as long as there is a handle of it.
    pub async fn run_until_complete(&self) -> Result<Summary> {
        self.stop_feeding();
        self.wait().await
    }

    /// Waits until the run is over, without saying that no more jobs come: somebody else stops feeding, or the run.
    ///
    /// # Errors
    ///
    /// As [`run_until_complete`](Self::run_until_complete).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops nothing.
    pub async fn wait(&self) -> Result<Summary> {
        self.0.start()?;
        let mut ended = self.0.ended.clone();
        let ended = ended.wait_for(Option::is_some).await.map_err(|_| RunError::EngineLost)?;
        match ended.as_ref() {
            Some(Ended::Summary(summary)) => Ok(Summary::clone(summary)),
            Some(Ended::Failed(error)) => Err(super::error::Error::Ended(Arc::clone(error))),
            Some(Ended::Abandoned) | None => Err(RunError::EngineLost.into()),
        }
    }

    /// Has a job killed: hooks are asked (`on_job_killing`), then its process group is sent SIGTERM, and SIGKILL after the
    /// grace. One that the scheduler does not have yet is cancelled; one that has ended stays as it is. Returns at once.
    ///
    /// # Errors
    ///
    /// No job of this index was fed.
    pub fn kill(&self, index: usize) -> Result<()> {
        Ok(self.0.feeder.kill(index)?)
    }

    /// Cancels the run: takes no more jobs, cancels those that have not started, and has those killed that run, as
    /// [`kill`](Self::kill) does. Returns at once; [`run_until_complete`](Self::run_until_complete) waits for the end.
    pub fn cancel(&self) {
        self.0.feeder.cancel();
    }

    /// What happens in the run from now on. Reading is up to whoever asks: a slow reader misses events, and holds nothing up.
    #[must_use]
    pub fn events(&self) -> Events {
        // The run is over: a stream that has ended.
        let over = || broadcast::channel(1).1;
        Events::new(self.0.events.upgrade().map_or_else(over, |events| events.subscribe()))
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

    /// The engine, to be awaited on the caller's runtime instead of a thread of its own: with its hooks it has one clock then.
    #[cfg(feature = "testing")]
    pub(crate) fn engine_here(&self) -> Result<impl Future<Output = ()> + use<>> {
        let mut thread = self.0.engine.lock().unwrap_or_else(PoisonError::into_inner);
        let engine = self.0.take(&mut thread)?;
        *thread = Thread::Elsewhere;
        Ok(Engine { clock: Clock::of_runtime(), ..engine }.run())
    }

    /// What the run does when it listens to signals and its program is sent this one.
    #[cfg(feature = "testing")]
    pub(crate) fn hears(&self, signal: Signal) {
        // Nobody receives any more: the run is over.
        let _ = self.0.messages.send(Message::Signal(signal));
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
        let mut thread = self.engine.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*thread, Thread::Ready(_) | Thread::Gone) {
            let engine = self.take(&mut thread)?;
            *thread = Thread::Started(engine.start().map_err(RunError::Thread)?);
        }
        Ok(())
    }

    /// The engine, to be run on a thread of its own or elsewhere.
    fn take(&self, thread: &mut Thread) -> Result<Engine, RunError> {
        let runtime = Runtime::try_current().map_err(|_| RunError::NoRuntime)?;
        let Thread::Ready(parts) = std::mem::replace(thread, Thread::Gone) else {
            return Err(RunError::EngineLost);
        };
        Ok(self.engine(*parts, runtime))
    }

    fn engine(&self, ready: Ready, runtime: Runtime) -> Engine {
        let (parts, events, ended) = ready;
        let desk = Desk { scene: Arc::clone(&self.scene), answers: self.messages.clone() };
        let performer = Performer {
            caller: Caller { desk: Arc::new(desk), crew: Crew::new(runtime, Asking::call) },
            feeder: Arc::clone(&self.feeder),
            journal: parts.journal,
            events,
            recorder: self.plugins.recorder(),
            wrapping: parts.wrapping,
            timers: Timers::default(),
            held: Vec::new(),
        };
        let workdir = Arc::clone(&parts.settings.workdir);
        let dispatcher = Dispatcher::new(parts.settings, parts.records, parts.recovery);
        let questions = Questions::new(parts.backend, workdir, dispatcher.left());
        Engine {
            dispatcher,
            performer,
            questions,
            plugins: self.plugins.clone(),
            fed: parts.fed,
            taken: Vec::new(),
            messages: parts.inbox,
            ended,
            poll_interval: parts.poll_interval,
            pace: Pace::new(parts.throttle),
            clock: Clock::default(),
            listens: self.listens,
            journal_damage: parts.journal_damage,
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
