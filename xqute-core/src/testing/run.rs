//! What does a test say? Which plugins, which jobs, what becomes of them; then it runs.

use std::fmt;
use std::io;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tempfile::TempDir;
use thiserror::Error;
use tokio::runtime::Handle;
use tokio::time::Instant;

use super::backend::{Plans, Scripted};
use super::plan::Plan;
use super::trace::Trace;
use crate::engine::{Error, Xqute, XquteBuilder};
use crate::hook::record::{Record, Recorder};
use crate::hook::{FeedError, Summary};
use crate::job::{JobSpec, Signal};

/// How much virtual time a run may take, where nothing is set: an hour.
pub const GIVE_UP_AFTER: Duration = Duration::from_secs(60 * 60);

/// A run to test plugins in: the real engine, with a pretended cluster and virtual time, which passes when nobody has anything to do.
///
/// The plugins that it names are called and no others, however many are linked into the test's binary. Nothing of it is global: any
/// number of tests may run at once.
#[must_use = "nothing is run until `run`"]
pub struct TestRun {
    plugins: Vec<String>,
    builder: XquteBuilder,
    jobs: Jobs,
    others: Plan,
    acts: Vec<(Duration, Act)>,
    give_up_after: Duration,
}

/// What is fed, and what becomes of it.
type Jobs = Vec<(JobSpec, Vec<Plan>)>;

/// What a test does to its run meanwhile.
type Act = Box<dyn FnOnce(&Xqute)>;

/// A run that has no trace.
#[derive(Error)]
#[non_exhaustive]
pub enum TestError {
    /// It could not be built, or not be brought to its end: what the run said.
    #[error(transparent)]
    Run(#[from] Error),
    /// No plugin was named.
    #[error("a test needs the names of the plugins that it is about: TestRun::new([\"name\"])")]
    NoPlugins,
    /// A run that waits for ever, or longer than it may.
    #[error(
        "the run was not over after {after:?} of virtual time: {waits}; a hook may be given a limit (`.with(|it| it.hook_timeout(limit))`), and the run more time (`give_up_after`); the clock waits for what a hook does in `spawn_blocking`, not for a thread of its own or a socket\n{trace}"
    )]
    GaveUp {
        /// How long it was.
        after: Duration,
        /// Who has not returned, or not ended.
        waits: String,
        /// What had happened, in lines: of a long list the first and the last.
        trace: String,
    },
    /// Something is to be done ([`TestRun::at`], [`TestRun::signal_at`]) when the run has been given up.
    #[error(
        "what is to be done at {when:?} is too late: the run is given up after {limit:?} of virtual time, give it more (`give_up_after`)"
    )]
    TooLate {
        /// When it is to be done.
        when: Duration,
        /// How much virtual time the run may take.
        limit: Duration,
    },
    /// A test that has a runtime already.
    #[error(
        "a test run has a tokio runtime of its own: call it from a plain #[test], not from #[tokio::test]"
    )]
    WithinRuntime,
    /// The system has no directory or no runtime for it.
    #[error("a test run cannot begin: {0}")]
    Begin(#[from] io::Error),
}

/// The same as `Display`: that is what `unwrap` shows.
impl fmt::Debug for TestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for TestRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestRun").field("plugins", &self.plugins).finish_non_exhaustive()
    }
}

impl TestRun {
    /// A run with exactly these plugins, called in this order.
    pub fn new<N: Into<String>>(plugins: impl IntoIterator<Item = N>) -> Self {
        Self {
            plugins: plugins.into_iter().map(Into::into).collect(),
            builder: Xqute::builder(),
            jobs: Vec::new(),
            others: Plan::exits(0),
            acts: Vec::new(),
            give_up_after: GIVE_UP_AFTER,
        }
    }

    /// Configures a plugin.
    pub fn config(self, plugin: impl Into<String>, config: impl Serialize) -> Self {
        self.with(|it| it.config(plugin, config))
    }

    /// Sets what else there is to set about a run: `.with(|it| it.forks(4).num_retries(2))`. Plugins, backend and work directory are the
    /// test's own.
    pub fn with(self, change: impl FnOnce(XquteBuilder) -> XquteBuilder) -> Self {
        Self { builder: change(self.builder), ..self }
    }

    /// Feeds a job, and says what becomes of it: a [`Plan`] for all of its attempts, or a list, an attempt each, of which the last one
    /// counts for all that follow. Jobs are fed in the order in which they are given, the first 1,024 before anything else happens; what
    /// hooks feed then may come between the others.
    pub fn feed(mut self, job: impl Into<JobSpec>, plans: impl Into<Vec<Plan>>) -> Self {
        self.jobs.push((job.into(), plans.into()));
        self
    }

    /// What becomes of jobs that hooks feed. Default: they exit with 0.
    pub fn others(self, plan: Plan) -> Self {
        Self { others: plan, ..self }
    }

    /// Does something to the run when so much virtual time has passed: `.at(limit, |run| run.kill(0).unwrap())`. The run is not over before
    /// that, so it must be less than [`give_up_after`](Self::give_up_after). At one time, in the order in which they are given.
    pub fn at(mut self, when: Duration, act: impl FnOnce(&Xqute) + 'static) -> Self {
        self.acts.push((when, Box::new(act)));
        self
    }

    /// The run is sent a signal when so much virtual time has passed, as if it listened to signals
    /// ([`handle_signals`](XquteBuilder::handle_signals)): the first is what `on_shutdown` may veto.
    pub fn signal_at(self, when: Duration, signal: Signal) -> Self {
        self.at(when, move |run| run.hears(signal))
    }

    /// How much virtual time the run may take. Default: [`GIVE_UP_AFTER`].
    pub fn give_up_after(self, limit: Duration) -> Self {
        Self { give_up_after: limit, ..self }
    }

    /// Runs it to its end, and tells what has happened.
    ///
    /// # Panics
    ///
    /// There is no such end: see [`try_run`](Self::try_run).
    #[must_use]
    #[track_caller]
    pub fn run(self) -> Trace {
        match self.try_run() {
            Ok(trace) => trace,
            Err(error) => panic!("{error}"),
        }
    }

    /// The same, for tests of what goes wrong: of an `on_init` that refuses its configuration, above all.
    ///
    /// # Errors
    ///
    /// The run cannot be built; something is to be done when it has been given up; or it does not come to its end within the virtual time
    /// that it has: then a hook or a job that it waits for is named. A hook that blocks its thread stops the clock, and the test with it.
    pub fn try_run(self) -> Result<Trace, TestError> {
        if self.plugins.is_empty() {
            return Err(TestError::NoPlugins);
        }
        let limit = self.give_up_after;
        if let Some(&(when, _)) = self.acts.iter().find(|(when, _)| *when >= limit) {
            return Err(TestError::TooLate { when, limit });
        }
        if Handle::try_current().is_ok() {
            return Err(TestError::WithinRuntime);
        }
        let dir = scratch()?;
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build()?;
        runtime.block_on(self.conduct(dir))
    }

    async fn conduct(self, dir: TempDir) -> Result<Trace, TestError> {
        let Self { plugins, builder, jobs, others, acts, give_up_after } = self;
        let record = Arc::new(Record::new());
        let plans = Plans::default();
        let xqute = builder
            .workdir(dir.path().join("work"))
            .select(plugins)
            .backend(Scripted::new(Arc::clone(&plans), others, Arc::clone(&record)))
            .recorded(Recorder::new(Arc::clone(&record)))
            .build()?;
        let engine = xqute.engine_here()?;
        let ended = async { tokio::join!(drive(&xqute, jobs, &plans, acts), engine).0 };
        let ended = tokio::time::timeout(give_up_after, ended).await;
        let steps = std::mem::take(&mut *record.steps());
        let Ok(summary) = ended else {
            let (waits, trace) = (super::text::waits(&steps), super::text::ends(&steps));
            return Err(TestError::GaveUp { after: give_up_after, waits, trace });
        };
        let linked = xqute.plugins().plugins().into_iter().filter(|it| it.on).collect();
        Ok(Trace { steps, summary: summary?, fed: xqute.run().progress().fed, linked, dir })
    }
}

/// A directory for as long as the trace is there: in memory, if there is a place for that, where no sync waits for a disk.
fn scratch() -> io::Result<TempDir> {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir())
}

/// Feeds the jobs, does what is to be done meanwhile, and waits for the end.
async fn drive(
    xqute: &Xqute,
    jobs: Jobs,
    plans: &Plans,
    acts: Vec<(Duration, Act)>,
) -> Result<Summary, Error> {
    // Where tokio had it yield, an act at time zero would find less jobs than there is room for.
    let feeding = tokio::task::unconstrained(feed(xqute, jobs, plans));
    let (fed, ()) = tokio::join!(feeding, perform(xqute, acts));
    let summary = xqute.run_until_complete().await?;
    fed.map(|()| summary)
}

/// A plan is known before its job is: nothing else is polled between the two.
async fn feed(xqute: &Xqute, jobs: Jobs, plans: &Plans) -> Result<(), Error> {
    for (job, plan) in jobs {
        let index = match xqute.feed(job).await {
            // The run was stopped meanwhile, as a plugin may want.
            Err(Error::Feed(FeedError::Stopping | FeedError::Closed)) => break,
            fed => fed.inspect_err(|_| xqute.cancel())?,
        };
        plans.lock().unwrap_or_else(PoisonError::into_inner).insert(index, plan);
    }
    Ok(())
}

async fn perform(xqute: &Xqute, mut acts: Vec<(Duration, Act)>) {
    let begun = Instant::now();
    acts.sort_by_key(|(when, _)| *when);
    for (when, act) in acts {
        tokio::time::sleep(when.saturating_sub(begun.elapsed())).await;
        act(xqute);
    }
}
