//! Who brings what hooks have seen to its receiver, and what becomes of it when the run ends?

use std::collections::{HashSet, VecDeque};
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::oneshot;
use xqute::{Job, Run, Scheduler, Summary};

use super::digest::Digest;
use super::job::{self, Failed};
use super::message::{Ended, LongJob, Message, VERSION};
use super::outbox::Outbox;
use super::worker::Worker;
use super::{Carrier, Speak};

/// Of so many jobs that failed the standard error is still to be looked at; those beyond are told without.
const QUEUE: usize = 4096;

/// Tells of a run: hooks call it, a thread of its own does the work.
pub(crate) struct Courier {
    shared: Arc<Shared>,
    long: Mutex<Told>,
    /// The run has ended, and waits until then.
    until: OnceLock<Instant>,
}

/// What hooks and the thread share.
pub(super) struct Shared {
    /// The plugin's name.
    pub(super) name: &'static str,
    pub(super) speak: Speak,
    pub(super) outbox: Outbox,
    run: String,
    host: String,
    pub(super) workdir: PathBuf,
    written: AtomicU64,
    state: Mutex<State>,
    pub(super) wake: Condvar,
    /// The thread is over, or has nothing in hand.
    over: Condvar,
}

/// What has happened and is in no message yet; and how far the thread is.
#[derive(Default)]
pub(super) struct State {
    pub(super) queue: VecDeque<Failed>,
    pub(super) digest: Digest,
    /// When the first of it happened.
    pub(super) since: Option<Instant>,
    pub(super) end: Option<End>,
    pub(super) is_over: bool,
    /// Something is in no queue, no digest and no file.
    is_in_hand: bool,
    /// Messages that are in no file, because it could not be written, and why.
    pub(super) unkept: usize,
    pub(super) why_unkept: String,
    /// Why the last attempt failed.
    pub(super) why: String,
    /// Since when an answer is waited for.
    pub(super) asked: Option<Instant>,
    /// How many messages were refused for good, and why the last was.
    pub(super) refused: usize,
    pub(super) why_refused: String,
}

/// Until it is dropped the thread has something in hand, which nobody else finds: who wants to know what is left waits. Nothing
/// but files of this machine may be waited for meanwhile.
pub(super) struct InHand<'a>(&'a Shared);

impl Drop for InHand<'_> {
    fn drop(&mut self) {
        self.0.state().is_in_hand = false;
        self.0.over.notify_all();
    }
}

/// Nothing more happens.
pub(super) enum End {
    /// The run has ended: what is to be told of that, and how long it waits.
    Done { ended: Option<Box<Ended>>, until: Instant },
    /// Nobody waits.
    Dropped,
}

/// The last jobs that were told to run for long; more than can run at once, so that each is told once.
struct Told {
    most: usize,
    order: VecDeque<usize>,
    all: HashSet<usize>,
}

impl Courier {
    /// Starts to tell of this run. What an earlier run has left in the outbox, in the plugin's directory, is delivered first.
    ///
    /// # Errors
    ///
    /// The plugin's directory cannot be made or read, or no thread be started.
    pub(crate) fn start(
        name: &'static str,
        speak: Speak,
        run: &Run,
        scheduler: &Scheduler,
        carrier: Box<dyn Carrier>,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            name,
            speak,
            outbox: Outbox::open(run.plugin_dir(name)?.join("outbox"))?,
            run: run.id().to_owned(),
            host: host(),
            workdir: run.workdir().to_owned(),
            written: AtomicU64::new(0),
            state: Mutex::default(),
            wake: Condvar::new(),
            over: Condvar::new(),
        });
        let worker = Worker::new(Arc::clone(&shared), carrier)?;
        std::thread::Builder::new().name(format!("xqute-{name}")).spawn(|| worker.work())?;
        let most = scheduler.forks().saturating_mul(4).saturating_add(1024);
        let long = Mutex::new(Told { most, order: VecDeque::new(), all: HashSet::new() });
        Ok(Self { shared, long, until: OnceLock::new() })
    }

    /// An attempt of a job failed: told if it was its last.
    pub(crate) fn failed(&self, job: &Job) {
        if self.shared.speak.failures && !job.will_retry() {
            self.shared.push(Failed::new(job));
        }
    }

    /// A job runs: told once, if it has run for long.
    pub(crate) fn polled(&self, job: &Job) {
        let Some(limit) = self.shared.speak.long_jobs else { return };
        let Some(ran) = job.started().and_then(|it| it.elapsed().ok()).filter(|it| *it >= limit) else {
            return;
        };
        if self.long.lock().unwrap_or_else(PoisonError::into_inner).is_first(job.index()) {
            let (index, name) = (job.index(), job::name(job));
            let job = LongJob { index, name, command: job::line(&job.cmd()), seconds: ran.as_secs() };
            self.shared.happened(|state| state.digest.add_long(job));
        }
    }

    /// The run has ended: what is left is written and delivered from now on. It does not wait, so that several plugins deliver at
    /// the same time; then [`drained`](Self::drained) does.
    pub(crate) fn ended(&self, summary: &Summary) {
        let drain = self.shared.speak.drain.min(Duration::from_secs(24 * 3600));
        let until = *self.until.get_or_init(|| Instant::now() + drain);
        let ended = self.shared.speak.done.then(|| Box::new(summary.into()));
        self.shared.ends(End::Done { ended, until });
    }

    /// Waits, at most as long as is configured, until all is delivered; what is not is noted in the run. Cancelled: nobody waits,
    /// and the thread goes on.
    pub(crate) async fn drained(&self, run: &Run) {
        let Some(until) = self.until.get().copied() else { return };
        let shared = &self.shared;
        let (tell, told) = oneshot::channel();
        let watch = {
            let shared = Arc::clone(shared);
            move || {
                shared.wait_over(until);
                shared.rescue();
                // An error: nobody waits any more.
                let _ = tell.send(());
            }
        };
        // A receiver that hangs holds its thread; so another one looks at the clock, and the hook blocks none.
        match std::thread::Builder::new().name("xqute-drain".to_owned()).spawn(watch) {
            Ok(_) => drop(told.await),
            Err(_) => {
                shared.wait_over(until);
                shared.rescue();
            }
        }
        shared.notes().iter().for_each(|it| run.note(it));
        shared.outbox.close();
    }

    /// Both, for a plugin that delivers alone.
    #[allow(dead_code, reason = "not every selection of features has one")]
    pub(crate) async fn done(&self, run: &Run, summary: &Summary) {
        self.ended(summary);
        self.drained(run).await;
    }
}

impl Drop for Courier {
    fn drop(&mut self) {
        self.shared.dropped();
    }
}

impl Shared {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The thread takes something out of the state.
    pub(super) fn takes(&self, state: &mut State) -> InHand<'_> {
        state.is_in_hand = true;
        InHand(self)
    }

    /// The state, when the thread has nothing in hand.
    pub(super) fn settled<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.over.wait_while(state, |it| it.is_in_hand).unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, failed: Failed) {
        self.happened(|state| {
            if state.queue.len() < QUEUE {
                state.queue.push_back(failed);
            } else {
                state.digest.add(failed, Vec::new());
            }
        });
    }

    fn happened(&self, note: impl FnOnce(&mut State)) {
        let mut state = self.state();
        note(&mut state);
        state.since.get_or_insert_with(Instant::now);
        self.wake.notify_one();
    }

    fn ends(&self, end: End) {
        self.state().end = Some(end);
        self.wake.notify_one();
    }

    /// The thread has done what it could.
    pub(super) fn is_over(&self) {
        self.state().is_over = true;
        self.over.notify_all();
    }

    fn wait_over(&self, until: Instant) {
        let left = until.saturating_duration_since(Instant::now());
        drop(self.over.wait_timeout_while(self.state(), left, |state| !state.is_over));
    }

    /// A message of what has happened.
    pub(super) fn message(&self, digest: Digest, ended: Option<Ended>) -> Message {
        let gathered = digest.gathered(&self.workdir);
        let created = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let number = self.written.fetch_add(1, Relaxed);
        Message {
            version: VERSION,
            id: format!("{created:013}-{}-{number:04}", self.run),
            created: u64::try_from(created).unwrap_or(u64::MAX),
            run: self.run.clone(),
            host: self.host.clone(),
            workdir: self.workdir.to_string_lossy().into_owned(),
            failed: gathered.failed,
            failures: gathered.failures,
            other_failures: gathered.other_failures,
            long_jobs: gathered.long_jobs,
            other_long_jobs: gathered.other_long_jobs,
            ended,
        }
    }
}

impl Told {
    fn is_first(&mut self, index: usize) -> bool {
        if !self.all.insert(index) {
            return false;
        }
        self.order.push_back(index);
        if self.order.len() > self.most {
            let oldest = self.order.pop_front();
            oldest.map(|it| self.all.remove(&it));
        }
        true
    }
}

/// The name of this machine.
fn host() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    if name.trim().is_empty() { "this machine".to_owned() } else { job::line(name.trim()) }
}
