//! A job manager whose plugins are free functions.
//!
//! Feed commands to a run; it follows each job to its end, and calls plugins at every step. A plugin is a crate, or a
//! module, with functions marked [`#[hook]`](macro@hook): to enable it, depend on it.
//!
//! ```
//! use xqute::{Job, Xqute, hook};
//!
//! xqute::plugin!(name = "failures"); // this module is a plugin
//!
//! #[hook]
//! async fn on_job_failed(job: &Job) {
//!     println!("job {} failed: {}", job.index(), job.cmd());
//! }
//!
//! #[tokio::main]
//! async fn main() -> xqute::Result<()> {
//!     # let dir = std::env::temp_dir().join(format!("xqute-facade-{}", std::process::id()));
//!     # let work = || dir.clone();
//!     let xqute = Xqute::builder().forks(3).workdir(work()).build()?;
//!     for n in 0..10 {
//!         xqute.feed(["test", "9", "-ne", &n.to_string()]).await?;
//!     }
//!     let summary = xqute.run_until_complete().await?;
//!     assert_eq!(summary.counts.failed, 1);
//!     # std::fs::remove_dir_all(dir).unwrap();
//!     Ok(())
//! }
//! ```
//!
//! - **Run jobs**: [`Xqute`], [`XquteBuilder`], [`JobSpec`], [`Summary`].
//! - **See what became of jobs**, while they run or afterwards, from any process: [`WorkDirView`].
//! - **Write a plugin**: [`plugin!`], [`#[hook]`](macro@hook), and the table of hooks at [`struct@Hooks`]; a hook sees
//!   [`Run`], [`Scheduler`] and [`Job`], and may answer with a [`Verdict`], a [`Submit`] or text.
//! - **Choose plugins**: [`link_plugins!`], [`plugins!`], [`XquteBuilder::select`].
//! - **Declare hooks of your own**: [`#[hookspec]`](macro@hookspec), [`PluginSet`].
//!
//! The library prints nothing (but std's message of a panic), never exits, installs no signal handler, and keeps nothing
//! that is process-wide: two runs in one process do not see each other. It logs with `tracing`.

pub use xqute_core::{
    Abstain, Argv, ArgvError, BoxError, BuildError, Cancelled, Checked, Config, ConfigError, ConfigType,
    Counts, CrateId, DEFAULT_DELAY, DEFAULT_GRACE, DEFAULT_MAX_DELAY, DEFAULT_POLL_INTERVAL, DEFAULT_RETRIES,
    DEFAULT_WORKDIR, EVENTS_KEPT, Entries, Entry, Error, ErrorStrategy, Events, Fact, Failure, FailureKind,
    Fault, FaultCause, FaultPolicy, FeedError, Finding, GraphError, HALT_MINIMUM, Halt, HaltAt, Handle,
    HookCost, HookInfo, Hooks, Job, JobFiles, JobRef, JobSpec, JobState, JobView, JournalError, KillReason,
    KnownJob, KnownJobs, Mark, MarkError, Moment, NoSuchJob, Outcome, Output, PeakMemory, Place, PluginCost,
    PluginError, PluginInfo, PluginList, PluginSet, PluginSetBuilder, Progress, Result, RetryPolicy,
    Revealed, Run, RunError, RunEvent, RunView, Said, Scheduler, Secret, SecretError, SelectionError, Signal,
    SkipAs, SpecError, StateError, Status, Stopped, Stream, Submit, Summary, Text, Usage, Verdict,
    WorkDirError, WorkDirView, Written, Xqute, XquteBuilder, check, in_order, supervise, utc,
};
/// What runs jobs: this machine, nothing at all, or a backend of one's own.
pub mod backend {
    pub use xqute_core::backend::{
        Accepted, Answer, Backend, Env, Found, Jid, Kill, Left, Local, Null, Observation, Process, Refused,
        Seen, Submission, Unreachable,
    };
}
/// What jobs run, as text for a shell and for people.
pub mod script {
    pub use xqute_core::script::{by_hand, line, not_run, word};
}
pub use xqute_core::{config, config_word, hook, hookspec, link_plugins, plugin, plugins};

#[cfg(feature = "testing")]
pub mod testing;
pub mod units;

#[doc(hidden)]
pub use xqute_core::__private;

use xqute_core::__private::{SENTINEL, linkme};

/// If the linker drops this, it drops plugins too: `build()` then refuses to go on.
#[linkme::distributed_slice(SENTINEL)]
#[linkme(crate = linkme)]
static HOOKS_REGISTER: u8 = 0;

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct TheReadmeCompiles;
