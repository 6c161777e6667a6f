//! A command of one's own at chosen hooks, for who writes no Rust: it reads what happened as one JSON object, and its exit code
//! decides where there is something to decide.
//!
//! Off unless it is configured. As `xqute.toml` says it:
//!
//! ```toml
//! [[plugins.exec.on]]
//! hook = "on_job_failed"
//! filter = { name = "train-*" }
//! command = ["./tell.py", "--urgent"]       # the event is at its standard input
//!
//! [[plugins.exec.on]]
//! hook = "on_job_submitting"
//! command = "test -e /data/ready || { echo the data is not there; exit 1; }"
//! shell = true
//! ```
//!
//! and as a program does:
//!
//! ```
//! # fn main() -> xqute::Result<()> {
//! # let dir = std::env::temp_dir().join(format!("xqute-exec-{}", std::process::id()));
//! # std::fs::create_dir_all(&dir).unwrap();
//! use xqute_plugins::exec::{ExecConfig, On, Words};
//! let command = Words::List(vec!["./tell.py".into()]);
//! let on = On { hook: "on_job_failed".into(), command, ..On::default() };
//! let config = ExecConfig { on: vec![on], ..ExecConfig::default() };
//! let xqute = xqute::Xqute::builder().workdir(dir.join("work")).config("exec", config).build()?;
//! # drop(xqute);
//! # std::fs::remove_dir_all(dir).unwrap();
//! # Ok(())
//! # }
//! ```
//!
//! | hooks | what the command says |
//! | --- | --- |
//! | `on_job_submitting`, `on_job_verify`, `on_job_killing`, `on_shutdown`, `on_init` | 0: proceed; 1: no, for the reason in the first line that it prints; of `on_job_submitting` 77: skip the job, as done |
//! | `on_jobcmd_init`, `on_jobcmd_prep`, `on_jobcmd_end` | what it prints is put into the job's script |
//! | all others | nothing |
//!
//! Any other exit code, a signal, a time limit, or a program that is not there is an error: it fails the job where the hook
//! decides about one or writes script, and is counted and told in the summary else. A future of these hooks that is dropped
//! kills its command. The docs page `plugins/exec.md` has the object's keys, and what holds.

use std::ffi::OsString;
use std::thread;

use xqute::{BoxError, Job, Run, Scheduler, Signal, Submit, Summary, Verdict, hook};

use crate::fragment;
use answer::{FRAGMENT, Said};
use child::{Order, Ran};
pub use config::{ExecConfig, On, Words};
use event::Event;
use log::Log;
use pool::Pool;

mod answer;
mod child;
mod config;
mod event;
mod log;
mod pool;
#[cfg(test)]
mod tests;

xqute::plugin!(name = "exec", enabled = false, config = ExecConfig);

/// What the hooks of a run share.
struct Exec {
    config: ExecConfig,
    pool: Pool,
}

/// After those of other plugins, so that it is known which variables have secrets.
#[hook(priority = i32::MAX)]
fn on_init(run: &Run, scheduler: &Scheduler) -> Result<(), BoxError> {
    let config = run.config::<ExecConfig>("exec")?.unwrap_or_default();
    config.check()?;
    let log = Log::open(&run.plugin_dir("exec")?)?;
    let at_once = config.at_once.or_else(|| thread::available_parallelism().ok()).map_or(1, Into::into);
    let exec = Exec { config, pool: Pool::new(at_once, log) };
    match exec.ask_now(&Event::new("on_init", run, scheduler))? {
        Verdict::Veto(reason) => Err(reason.into()),
        Verdict::Proceed => Ok(run.init_state(exec)?),
    }
}

/// Hooks about a job that are only told.
macro_rules! tells {
    ($($hook:ident)*) => {$(
        #[hook]
        async fn $hook(run: &Run, scheduler: &Scheduler, job: &Job) -> Result<(), BoxError> {
            tell(Event::of_job(stringify!($hook), run, scheduler, job)).await
        }
    )*};
}

tells! {
    on_job_init on_job_queued on_job_submitted on_job_started on_job_killed on_job_failed on_job_succeeded on_job_cancelled
}

#[hook]
async fn on_job_polling(run: &Run, scheduler: &Scheduler, job: &Job, counter: u64) -> Result<(), BoxError> {
    tell(Event { counter: Some(counter), ..Event::of_job("on_job_polling", run, scheduler, job) }).await
}

#[hook]
async fn on_run_done(run: &Run, scheduler: &Scheduler, summary: &Summary) -> Result<(), BoxError> {
    tell(Event { summary: Some(summary), ..Event::new("on_run_done", run, scheduler) }).await
}

#[hook]
async fn on_job_submitting(run: &Run, scheduler: &Scheduler, job: &Job) -> Result<Submit, BoxError> {
    Ok(match ask(Event::of_job("on_job_submitting", run, scheduler, job)).await? {
        Said::Proceed => Submit::Proceed,
        Said::Veto(reason) => Submit::veto(reason),
        Said::Skip(reason) => Submit::skip(reason),
    })
}

#[hook]
async fn on_job_verify(run: &Run, scheduler: &Scheduler, job: &Job) -> Result<Verdict, BoxError> {
    Ok(verdict(ask(Event::of_job("on_job_verify", run, scheduler, job)).await?))
}

#[hook]
async fn on_job_killing(run: &Run, scheduler: &Scheduler, job: &Job) -> Result<Verdict, BoxError> {
    Ok(verdict(ask(Event::of_job("on_job_killing", run, scheduler, job)).await?))
}

#[hook]
fn on_shutdown(run: &Run, scheduler: &Scheduler, signal: Option<Signal>) -> Result<Verdict, BoxError> {
    match exec(run) {
        Some(exec) => exec.ask_now(&Event { signal, ..Event::new("on_shutdown", run, scheduler) }),
        None => Ok(Verdict::Proceed),
    }
}

#[hook]
fn on_jobcmd_init(run: &Run, scheduler: &Scheduler, job: &Job) -> Result<Option<String>, BoxError> {
    let texts = fragments(&Event::of_job("on_jobcmd_init", run, scheduler, job))?;
    Ok(fragment::in_one_shell(texts.iter().map(|it| &**it)))
}

#[hook]
fn on_jobcmd_prep(run: &Run, scheduler: &Scheduler, job: &Job) -> Result<Option<String>, BoxError> {
    let texts = fragments(&Event::of_job("on_jobcmd_prep", run, scheduler, job))?;
    Ok(fragment::in_one_shell(texts.iter().map(|it| &**it)))
}

#[hook]
fn on_jobcmd_end(run: &Run, scheduler: &Scheduler, job: &Job) -> Result<Option<String>, BoxError> {
    let texts = fragments(&Event::of_job("on_jobcmd_end", run, scheduler, job))?;
    Ok(fragment::each_in_its_shell(texts.iter().map(|it| &**it)))
}

fn exec(run: &Run) -> Option<&Exec> {
    run.state()
}

/// Runs the commands of a hook that is only told: all of them, also where one goes wrong.
async fn tell(event: Event<'_>) -> Result<(), BoxError> {
    let Some(exec) = exec(event.run).filter(|it| it.meant(&event).next().is_some()) else { return Ok(()) };
    // On the heap, so that the future is small where there is nothing to run.
    Box::pin(async move {
        let mut first = Ok(());
        for on in exec.meant(&event) {
            let ran = exec.pool.run(exec.order(on, &event, None)).await;
            note(&event, &ran);
            first = first.and(answer::nothing(&on.told(), &ran));
        }
        first.map_err(Into::into)
    })
    .await
}

/// Runs the commands of a hook that decides, up to the first that does not proceed.
async fn ask(event: Event<'_>) -> Result<Said, BoxError> {
    let Some(exec) = exec(event.run).filter(|it| it.meant(&event).next().is_some()) else {
        return Ok(Said::Proceed);
    };
    Box::pin(async move {
        for on in exec.meant(&event) {
            let ran = exec.pool.run(exec.order(on, &event, Some(child::KEPT))).await;
            note(&event, &ran);
            match answer::decision(&on.told(), &ran, event.hook == "on_job_submitting")? {
                Said::Proceed => {}
                said => return Ok(said),
            }
        }
        Ok(Said::Proceed)
    })
    .await
}

/// What the commands of a hook print that writes script.
fn fragments(event: &Event<'_>) -> Result<Vec<String>, BoxError> {
    let Some(exec) = exec(event.run) else { return Ok(Vec::new()) };
    let run = |on: &On| {
        let ran = exec.pool.run_now(exec.order(on, event, Some(FRAGMENT)));
        note(event, &ran);
        answer::fragment(&on.told(), ran).map_err(Into::into)
    };
    exec.meant(event).map(run).collect()
}

impl Exec {
    /// The commands for an event.
    fn meant<'a>(&'a self, event: &'a Event<'_>) -> impl Iterator<Item = &'a On> {
        let is_meant = |on: &&On| on.hook == event.hook && event.job.is_none_or(|job| on.filter.matches(job));
        self.config.on.iter().filter(is_meant)
    }

    fn ask_now(&self, event: &Event<'_>) -> Result<Verdict, BoxError> {
        for on in self.meant(event) {
            let ran = self.pool.run_now(self.order(on, event, Some(child::KEPT)));
            note(event, &ran);
            match verdict(answer::decision(&on.told(), &ran, false)?) {
                Verdict::Proceed => {}
                veto @ Verdict::Veto(_) => return Ok(veto),
            }
        }
        Ok(Verdict::Proceed)
    }

    fn order(&self, on: &On, event: &Event<'_>, answer: Option<usize>) -> Order {
        Order {
            told: (on.told(), event.told()),
            words: on.words(),
            env: environment(on, event),
            input: event.json(),
            limit: on.limit(&self.config),
            answer,
        }
    }
}

/// What a job has of xqute's variables; and none that has a secret, unless it is to have that.
fn environment(on: &On, event: &Event<'_>) -> Vec<(String, Option<OsString>)> {
    let secrets = event.run.withheld_so_far().into_iter().filter(|it| !on.secrets.contains(it));
    let mut all: Vec<_> = secrets.map(|name| (name, None)).collect();
    let mut set = |name: &str, value: Option<OsString>| all.push((name.to_owned(), value));
    set("XQUTE_HOOK", Some(event.hook.into()));
    set("XQUTE_METADIR", Some(event.run.workdir().into()));
    set("XQUTE_JOB_INDEX", event.job.map(|it| it.index().to_string().into()));
    set("XQUTE_JOB_METADIR", event.job.map(|it| it.metadir().into()));
    all
}

fn verdict(said: Said) -> Verdict {
    match said {
        Said::Proceed | Said::Skip(_) => Verdict::Proceed,
        Said::Veto(reason) => Verdict::veto(reason),
    }
}

/// Says that what a command printed is not in the log.
fn note(event: &Event<'_>, ran: &Ran) {
    if let Some(error) = &ran.unlogged {
        tracing::warn!(target: "xqute::exec", "what commands print cannot be written down: {error}");
        event.run.note(format!("plugin `exec`: what commands print cannot be written to its log: {error}"));
    }
}

/// A text as one line, of so many characters at most, that does nothing to a terminal.
fn line(text: &str, longest: usize) -> String {
    let plain = |it: char| if it.is_control() { ' ' } else { it };
    let mut line: String = text.trim().chars().take(longest).map(plain).collect();
    if text.trim().chars().nth(longest).is_some() {
        line.push('…');
    }
    line
}
