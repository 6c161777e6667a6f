//! Which hooks does the engine call, and when? Its own family, declared as any other.

use super::run::Run;
use super::scheduler::Scheduler;
use super::summary::Summary;
use super::verdict::{Submit, Text, Verdict};
use crate::job::{Job, Signal};

/// The hooks of the engine. A plugin implements those that it needs, as free functions marked
/// [`#[hook]`](macro@crate::hook), and takes of their arguments, by name and in any order, those that it needs.
///
/// The hooks of one job are called one after the other, in the order of its life; those of different jobs at once.
/// A hook that only observes is isolated: an error or a panic is counted and told in the summary, and the run goes on.
/// A hook that decides (`on_job_submitting`, `on_job_verify`) or writes script (`on_jobcmd_*`) fails its job instead. A
/// [`FaultPolicy`](crate::FaultPolicy) of the plugin changes both.
///
/// The methods below are how the engine calls them; a plugin writes functions of the same names. What those return:
///
/// | hooks | a plugin's function returns |
/// | --- | --- |
/// | `on_job_submitting` | [`Submit`], [`Verdict`], `bool` (`false` vetoes), `Option<bool>`, or nothing |
/// | `on_shutdown`, `on_job_killing`, `on_job_verify` | [`Verdict`], `bool`, `Option<bool>`, or nothing |
/// | `on_jobcmd_init`, `on_jobcmd_prep`, `on_jobcmd_end` | `String`, `&'static str`, `Option` of either, or nothing |
/// | all others | nothing |
///
/// and a `Result` of any of these.
///
/// Each job that ends is told to exactly one of four: `on_job_succeeded`, `on_job_killed`, `on_job_cancelled`, or `on_job_failed` where
/// [`will_retry`](crate::Job::will_retry) is false; where that is true, only an attempt has ended. A job whose time was up has failed, and was not
/// killed; one that was skipped has succeeded. The guide has a table of all ends (`docs/guide/plugins.md`, How a Job Ends).
///
/// Of a job that an earlier run submitted, and whose program died, what follows `on_job_init` is `on_job_started`, if it lives, or
/// what its end is; where its end is not known, `on_job_failed`, and then its next attempt.
#[xqute_macros::hookspec(path = crate::hook::family)]
pub trait Hooks {
    /// The scheduler is ready. Runs inside `build()`: an error or a panic is a build error that names the plugin.
    #[gate]
    fn on_init(run: &Run, scheduler: &Scheduler);
    /// The run is asked to end: by this signal, or, where it is none, by the program. A veto counts only for a first
    /// signal: the run goes on.
    #[veto]
    fn on_shutdown(run: &Run, scheduler: &Scheduler, signal: Option<Signal>) -> Verdict;
    /// A job is known. Once per job.
    #[faults]
    async fn on_job_init(run: &Run, scheduler: &Scheduler, job: &Job);
    /// A job waits for a free slot. At each attempt.
    #[faults]
    async fn on_job_queued(run: &Run, scheduler: &Scheduler, job: &Job);
    /// A job is about to be submitted: let it, veto it, say that it need not run, or hold it and be asked again later. The first
    /// plugin that does not proceed decides, so a job that one plugin has let through may still be refused by another, or be held and
    /// asked about again: a gate that counts keeps whose its places are, not how many.
    #[first]
    #[gate]
    async fn on_job_submitting(run: &Run, scheduler: &Scheduler, job: &Job) -> Submit;
    /// The scheduler has taken a job: it has a `jid`.
    #[faults]
    async fn on_job_submitted(run: &Run, scheduler: &Scheduler, job: &Job);
    /// A job runs.
    #[faults]
    async fn on_job_started(run: &Run, scheduler: &Scheduler, job: &Job);
    /// A job still runs: `counter` is 0, 1, 2, …. A tick is dropped while the job's last hook still runs.
    #[faults]
    async fn on_job_polling(run: &Run, scheduler: &Scheduler, job: &Job, counter: u64);
    /// A job is about to be killed. After a veto it lives on.
    #[veto]
    #[faults]
    async fn on_job_killing(run: &Run, scheduler: &Scheduler, job: &Job) -> Verdict;
    /// A job was killed.
    #[faults]
    async fn on_job_killed(run: &Run, scheduler: &Scheduler, job: &Job);
    /// An attempt of a job failed; `job.will_retry()` tells whether another follows.
    #[faults]
    async fn on_job_failed(run: &Run, scheduler: &Scheduler, job: &Job);
    /// A job succeeded, or was skipped as if it had (`job.outcome()` tells).
    #[faults]
    async fn on_job_succeeded(run: &Run, scheduler: &Scheduler, job: &Job);
    /// Script for the head of a job's script.
    #[each]
    #[gate]
    fn on_jobcmd_init(run: &Run, scheduler: &Scheduler, job: &Job) -> Text;
    /// Script before a job's command; it may change `$cmd`.
    #[each]
    #[gate]
    fn on_jobcmd_prep(run: &Run, scheduler: &Scheduler, job: &Job) -> Text;
    /// Script after a job's command; it sees `$rc`.
    #[each]
    #[gate]
    fn on_jobcmd_end(run: &Run, scheduler: &Scheduler, job: &Job) -> Text;
    /// A job exited with 0, and that is being judged. A veto makes it a failed attempt.
    #[veto]
    #[gate]
    async fn on_job_verify(run: &Run, scheduler: &Scheduler, job: &Job) -> Verdict;
    /// A job was never submitted, or not again: vetoed, killed before its turn, or its run was halted or cancelled.
    #[faults]
    async fn on_job_cancelled(run: &Run, scheduler: &Scheduler, job: &Job);
    /// The last job has ended and its hooks have returned; `run_until_complete` returns after this.
    async fn on_run_done(run: &Run, scheduler: &Scheduler, summary: &Summary);
}
