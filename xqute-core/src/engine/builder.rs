//! What may a user set about a run?

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::error::Result;
use super::halt::Halt;
use super::handle::Xqute;
use super::perform::Wrapping;
use super::throttle::Throttle;
use crate::backend::Backend;
use crate::hook::{FaultPolicy, PluginList, PluginSet, PluginSetBuilder};
#[cfg(doc)]
use crate::hook::{Run, Scheduler};
use crate::job::{KillReason, Output, RetryPolicy};

/// The work directory where none is set, below the current directory.
pub const DEFAULT_WORKDIR: &str = ".xqute";
/// From SIGTERM to SIGKILL, where nothing is set.
pub const DEFAULT_GRACE: Duration = Duration::from_secs(10);
/// From one `on_job_polling` to the next, where nothing is set.
pub const DEFAULT_POLL_INTERVAL: Duration = Duration::from_secs(1);

/// What a run does when a job fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ErrorStrategy {
    /// It goes on with the others.
    #[default]
    Ignore,
    /// It tries the job again, [`num_retries`](XquteBuilder::num_retries) times at most.
    Retry,
    /// It is given up at once: the jobs that run are killed. Short for `.halt(Halt::now().failed(1))`.
    Halt,
}

/// Builds a run. Made by [`Xqute::builder`].
#[must_use = "a builder does nothing until `build`"]
pub struct XquteBuilder {
    pub(super) forks: usize,
    pub(super) workdir: PathBuf,
    pub(super) fresh: bool,
    pub(super) retry_failed: bool,
    pub(super) rerun_done: bool,
    pub(super) durable: bool,
    pub(super) kills: Option<(BTreeSet<usize>, KillReason)>,
    pub(super) output: Output,
    pub(super) listens: bool,
    pub(super) strategy: Option<ErrorStrategy>,
    pub(super) num_retries: Option<u32>,
    pub(super) retry: Option<RetryPolicy>,
    pub(super) halt: Option<Halt>,
    pub(super) expected: usize,
    pub(super) timeout: Option<Duration>,
    pub(super) grace: Duration,
    pub(super) poll_interval: Duration,
    pub(super) throttle: Throttle,
    pub(super) wrapping: Wrapping,
    pub(super) backend: Option<Arc<dyn Backend>>,
    pub(super) options: BTreeMap<String, String>,
    pub(super) plugins: PluginSetBuilder,
    pub(super) config: Vec<(String, serde_json::Result<Value>)>,
    /// What the jitter of waits is made from; `None`: it is random.
    pub(super) seed: Option<u64>,
}

impl Default for XquteBuilder {
    fn default() -> Self {
        Self {
            forks: 1,
            workdir: DEFAULT_WORKDIR.into(),
            fresh: false,
            retry_failed: false,
            rerun_done: false,
            durable: false,
            kills: None,
            output: Output::default(),
            listens: false,
            strategy: None,
            num_retries: None,
            retry: None,
            halt: None,
            expected: 0,
            timeout: None,
            grace: DEFAULT_GRACE,
            poll_interval: DEFAULT_POLL_INTERVAL,
            throttle: Throttle::default(),
            wrapping: Wrapping::default(),
            backend: None,
            options: BTreeMap::new(),
            plugins: PluginSet::builder(),
            config: Vec::new(),
            seed: None,
        }
    }
}

/// Without scripts and the configuration of plugins, which may hold secrets.
impl fmt::Debug for XquteBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("XquteBuilder")
            .field("forks", &self.forks)
            .field("workdir", &self.workdir)
            .field("backend", &self.backend)
            .field("plugins", &self.plugins)
            .finish_non_exhaustive()
    }
}

/// Where and how jobs run.
impl XquteBuilder {
    /// The most jobs at once. Default: 1.
    pub fn forks(mut self, forks: usize) -> Self {
        self.forks = forks;
        self
    }

    /// What runs the jobs. Default: this machine. See [`Backend`] for one of your own.
    pub fn backend(mut self, backend: impl Backend) -> Self {
        self.backend = Some(Arc::new(backend));
        self
    }

    /// An option for the backend, which hooks see in [`Scheduler::options`].
    pub fn scheduler_opt(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.options.insert(name.into(), value.into());
        self
    }

    /// Where the run keeps its files. Default: [`DEFAULT_WORKDIR`]. It is made, for its owner alone, where it is not there.
    ///
    /// On a directory that an earlier run has used, jobs that succeeded are not run again: feed the same list once more,
    /// and the rest of it is run. Jobs that a program left running when it died are adopted, as far as the backend can tell what became of
    /// them ([`Backend::recover`]); what it cannot tell of is run again.
    pub fn workdir(mut self, workdir: impl Into<PathBuf>) -> Self {
        self.workdir = workdir.into();
        self
    }

    /// Removes the jobs of earlier runs from the work directory, and what plugins have kept there ([`Run::plugin_dir`]); refused while
    /// one of them still runs. Default: `false`.
    pub fn fresh(mut self, fresh: bool) -> Self {
        self.fresh = fresh;
        self
    }

    /// Whether jobs that failed, were killed one by one or were vetoed in an earlier run on the same work directory are run
    /// again; those that a stopped run left over are in any case.
    /// Default: `false`.
    pub fn retry_failed(mut self, retry_failed: bool) -> Self {
        self.retry_failed = retry_failed;
        self
    }

    /// Whether jobs that succeeded in an earlier run on the same work directory have their whole life again, `on_job_init` to their end:
    /// for who keeps results of their own, and says in `on_job_submitting` which jobs need not run
    /// ([`Submit::skip`](crate::Submit::skip)). What an earlier run left running is adopted all the same.
    /// Default: `false`: they are done, and no hook is called for them.
    pub fn rerun_done(mut self, rerun_done: bool) -> Self {
        self.rerun_done = rerun_done;
        self
    }

    /// The run is about these jobs alone, and only to have them killed for this reason: of what an earlier run has left of them, what
    /// lives is adopted and killed, and what waits is cancelled. No other job is run, adopted, or looked at, and
    /// [`known_jobs`](Xqute::known_jobs) can feed all. Default: a run like any other.
    pub fn kills(mut self, jobs: impl IntoIterator<Item = usize>, why: KillReason) -> Self {
        self.kills = Some((jobs.into_iter().collect(), why));
        self
    }

    /// Whether each fact is on the disk before it shows, so that not even a power loss loses one. Default: `false`: a power
    /// loss may lose what is at most 50 milliseconds old; the death of the program loses nothing in either case.
    pub fn durable(mut self, durable: bool) -> Self {
        self.durable = durable;
        self
    }

    /// Where the run keeps what jobs write. Default: [`Output::Files`]. Anything else is for jobs of this machine; a job that needs
    /// a script, because a plugin or the run puts something around its command, has files all the same.
    pub fn output(mut self, output: Output) -> Self {
        self.output = output;
        self
    }

    /// Bash that runs before each job's command, in the same shell: what it exports, the command sees. Default: none.
    ///
    /// A command in it that fails does not stop the job: say `set -e`, or `… || exit`. Then the job's command is not run, and the
    /// job fails with that exit code. What it prints goes to `job.wrapped.log`, not to the job's output. A command that is not
    /// found is then told by bash: exit code 127.
    pub fn prescript(mut self, text: impl Into<String>) -> Self {
        self.wrapping.prescript = Some(text.into());
        self
    }

    /// Bash that runs after each job's command, and sees its exit code in `$rc`. Default: none.
    pub fn postscript(mut self, text: impl Into<String>) -> Self {
        self.wrapping.postscript = Some(text.into());
        self
    }
}

/// When jobs start.
impl XquteBuilder {
    /// How long after one job the next may start at the earliest. Default: at once.
    pub fn start_delay(mut self, delay: Duration) -> Self {
        self.throttle.delay = Some(delay);
        self
    }

    /// No job starts while so many threads of this machine run or wait for a disk (`procs_running` and `procs_blocked` of
    /// `/proc/stat`, in a container the whole machine's), whatever they belong to. After a start it is looked again 100 ms
    /// later, and once a second while it is too busy. Default: no limit.
    pub fn max_load(mut self, threads: f64) -> Self {
        self.throttle.load = Some(threads);
        self
    }

    /// No job starts while less memory of this machine is available, in bytes (`MemAvailable` of `/proc/meminfo`). Where
    /// less than half of it is, the job that began last makes room, as with GNU parallel: it is killed, and waits for its turn again
    /// ([`Failure::Preempted`](crate::Failure::Preempted)); one at a time, looked at once a second, and never the only one that
    /// runs. Default: no limit.
    pub fn min_free_memory(mut self, bytes: u64) -> Self {
        self.throttle.memory = Some(bytes);
        self
    }
}

/// How jobs and the run end.
impl XquteBuilder {
    /// What the run does when a job fails. Default: `Retry` where [`num_retries`](Self::num_retries) is given, else `Ignore`.
    pub fn error_strategy(mut self, strategy: ErrorStrategy) -> Self {
        self.strategy = Some(strategy);
        self
    }

    /// How often a failed job is tried again, unless another strategy than [`ErrorStrategy::Retry`] is given. Default:
    /// [`DEFAULT_RETRIES`](crate::DEFAULT_RETRIES).
    pub fn num_retries(mut self, retries: u32) -> Self {
        self.num_retries = Some(retries);
        self
    }

    /// When failed jobs are tried again, whatever the strategy. Default: as strategy and number say. A job may have a policy
    /// of its own: [`JobSpec::retry`](crate::JobSpec::retry).
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = Some(policy);
        self
    }

    /// When the run is given up. Default: never, or as the strategy says.
    pub fn halt(mut self, halt: Halt) -> Self {
        self.halt = Some(halt);
        self
    }

    /// How many jobs the run will have, for a [`halt`](Self::halt) at a share of them. Default: as many as were fed so far.
    pub fn expected_jobs(mut self, jobs: usize) -> Self {
        self.expected = jobs;
        self
    }

    /// How long an attempt may run before it is killed and counts as failed. Default: for ever.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// How long a job that was sent SIGTERM may take to end before it is sent SIGKILL. Default: [`DEFAULT_GRACE`].
    pub fn kill_grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// From one call of `on_job_polling` to the next, for each job that runs. Default: [`DEFAULT_POLL_INTERVAL`].
    pub fn poll_interval(mut self, interval: Duration) -> Self {
        self.poll_interval = interval;
        self
    }

    /// Whether the run listens to SIGHUP, SIGINT and SIGTERM: the first starts no more jobs and waits for those that run (a
    /// hook may veto it), the second kills them, the third leaves at once. All SIGHUPs are one: a terminal that is closed sends
    /// several. Default: `false`: the library installs no signal handler unasked. Once installed, handlers stay for the life of
    /// the program.
    ///
    /// Nothing is printed: a hook `on_shutdown` may. After the first two [`run_until_complete`](Xqute::run_until_complete) returns
    /// `Ok`, with [`Summary::stopped`](crate::Summary::stopped); after the third it is an error.
    pub fn handle_signals(mut self, listen: bool) -> Self {
        self.listens = listen;
        self
    }
}

/// Plugins.
impl XquteBuilder {
    /// The plugins of [`plugins!`](crate::plugins): links them, and calls them in this order, before others that are
    /// linked.
    pub fn plugins(mut self, plugins: PluginList) -> Self {
        self.plugins = self.plugins.link(plugins);
        self
    }

    /// Selects plugins: `["a", "b"]` only these, in this order; `["-a"]` all but it; `["+a"]` one more that is off by
    /// default. Default: all that are linked and on by default.
    pub fn select<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.plugins = self.plugins.select(names);
        self
    }

    /// Configures a plugin, which finds it with [`Run::config`]. That turns one on that is off by default. Of two for one plugin the last
    /// counts.
    pub fn config(mut self, plugin: impl Into<String>, config: impl Serialize) -> Self {
        let plugin = plugin.into();
        self.plugins = self.plugins.configured(plugin.clone());
        self.config.push((plugin, serde_json::to_value(config)));
        self
    }

    /// How long a call of an async hook may wait, of a plugin without a limit of its own. Default: for ever.
    pub fn hook_timeout(mut self, limit: Duration) -> Self {
        self.plugins = self.plugins.hook_timeout(limit);
        self
    }

    /// How long a call of an async hook of this plugin may wait.
    pub fn plugin_timeout(mut self, plugin: impl Into<String>, limit: Duration) -> Self {
        self.plugins = self.plugins.plugin_timeout(plugin, limit);
        self
    }

    /// How long a call of this async hook of this plugin may wait, whatever holds for its others. A hook that the plugin does not have,
    /// or not as an `async fn`, is an error of [`build`](Self::build).
    pub fn plugin_hook_timeout(
        mut self,
        plugin: impl Into<String>,
        hook: impl Into<String>,
        limit: Duration,
    ) -> Self {
        self.plugins = self.plugins.plugin_hook_timeout(plugin, hook, limit);
        self
    }

    /// What this plugin's broken hooks do. Default: those that decide fail their job, others are passed over.
    pub fn fault_policy(mut self, plugin: impl Into<String>, policy: FaultPolicy) -> Self {
        self.plugins = self.plugins.fault_policy(plugin, policy);
        self
    }

    /// Resolves the plugins, makes the work directory, reads what earlier runs left in it, and calls `on_init`.
    ///
    /// # Errors
    ///
    /// A setting makes no sense, a plugin is missing or fails to start, or the work directory cannot be used. Nothing is
    /// left behind.
    pub fn build(self) -> Result<Xqute> {
        Ok(self.try_build()?)
    }
}
