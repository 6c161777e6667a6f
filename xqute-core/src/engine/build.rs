//! How does a run come to be? Of what the builder was told, of what is linked, and of what the work directory has.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::mpsc;

use super::builder::{ErrorStrategy, XquteBuilder};
use super::calls::Scene;
use super::dispatcher::Settings;
use super::error::BuildError;
use super::feeder::Feeder;
use super::halt::Halt;
use super::handle::{Built, Parts, Xqute};
use super::history::History;
use super::perform::Wrapping;
use super::recovery::Recovery;
use crate::backend::{Answer, Backend, Found, Local, Unreachable};
use crate::hook::{Control, Handle, Hooks, PluginSet, Run, Scheduler, same};
use crate::job::{DEFAULT_RETRIES, KillReason, Moment, Output, RetryPolicy};
use crate::store::{self, Opened, Record, WorkDir};

/// How many jobs a scheduler is given ahead of their turn, where it can have some.
const AHEAD: usize = 32;

impl XquteBuilder {
    pub(super) fn try_build(mut self) -> Result<Xqute, BuildError> {
        let backend = self.backend.take().unwrap_or_else(|| Arc::new(Local::new()));
        self.check(&*backend)?;
        let plugins = std::mem::take(&mut self.plugins).build()?;
        let config = read_config(std::mem::take(&mut self.config))?;
        plugins.check_config(&config)?;
        let mut workdir = WorkDir::open(&self.workdir, self.fresh)?;
        if self.fresh {
            check_fresh(&backend, &workdir)?;
        }
        let (messages, inbox) = mpsc::unbounded_channel();
        let (feeder, fed) = Feeder::new(messages.clone());
        let feeder = Arc::new(feeder);
        let control: Arc<dyn Control> = Arc::<Feeder>::clone(&feeder);
        let run = Run::new(new_id(), Arc::clone(workdir.path()), config, Handle(control))
            .asked(self.fresh, self.timeout);
        let scene = self.scene(&plugins, &*backend, &workdir, run);
        let Opened { journal, records, mut past, damage } = match self.begin(&mut workdir, &scene) {
            Ok(opened) => opened,
            Err(error) => {
                workdir.abandon();
                return Err(error);
            }
        };
        let journal_damage = damage.iter().map(|it| it.bytes).sum();
        let workdir = Arc::new(workdir);
        let recovery = Recovery::new(&mut past, backend.name());
        let only = self.kills.as_ref().map(|(jobs, _)| jobs.clone());
        let history = History::new(past, Arc::downgrade(&workdir), self.retry_failed);
        feeder.remember(history.rerun_done(self.rerun_done).only(only));
        scene.run.freeze();
        if !scene.run.withheld().is_empty() {
            backend.withholds(scene.run.withheld());
        }
        let ahead =
            if backend.looks_ahead() && recovery.is_empty() { self.ahead(&scene, &plugins) } else { 0 };
        let settings = Settings { ahead, ..self.settings(&scene, &plugins, backend.uses_files()) };
        let (poll_interval, throttle) = (self.poll_interval, self.throttle);
        let wrapping = Wrapping { output: self.output, ..self.wrapping };
        let parts = Parts {
            backend,
            fed,
            inbox,
            journal,
            records,
            settings,
            recovery,
            wrapping,
            poll_interval,
            throttle,
            journal_damage,
        };
        Ok(Xqute::new(Built { scene, plugins, feeder, messages, parts, listens: self.listens, workdir }))
    }

    /// What happens is recorded, and waits are as long each time.
    #[cfg(feature = "testing")]
    pub(crate) fn recorded(mut self, recorder: crate::hook::record::Recorder) -> Self {
        self.plugins = self.plugins.recorded(recorder);
        self.seed = Some(1);
        self
    }

    /// What makes no sense is told before anything is made.
    fn check(&self, backend: &dyn Backend) -> Result<(), BuildError> {
        if self.forks == 0 {
            return Err(BuildError::NoForks);
        }
        if self.timeout.is_some_and(|limit| limit.is_zero()) {
            return Err(BuildError::NoTimeout);
        }
        if self.poll_interval.is_zero() {
            return Err(BuildError::NoPollInterval);
        }
        check_name(backend.name())?;
        if !backend.keeps(self.output) {
            return Err(BuildError::Output {
                output: self.output.name(),
                scheduler: backend.name().to_owned(),
            });
        }
        Ok(())
    }

    fn scene(&self, plugins: &PluginSet, backend: &dyn Backend, workdir: &WorkDir, run: Run) -> Scene {
        let scheduler = Scheduler {
            name: backend.name().into(),
            options: self.options.clone(),
            workdir: Arc::clone(workdir.path()),
            forks: self.forks,
        };
        Scene { hooks: Hooks::build(plugins), run, scheduler }
    }

    /// Calls `on_init`, removes what is to go, reads what is to stay, and writes down that a run begins.
    fn begin(&self, workdir: &mut WorkDir, scene: &Scene) -> Result<Opened, BuildError> {
        workdir.hide()?;
        scene.hooks.on_init(&scene.run, &scene.scheduler).map_err(BuildError::Init)?;
        workdir.clear()?;
        let mut opened = workdir.journal(self.durable)?;
        opened.records.push(&Record::run(scene.run.id(), scene.scheduler.name(), store::now()));
        // One that was removed cannot be told, and jobs run there all the same.
        if let Ok(cwd) = std::env::current_dir() {
            opened.records.push(&Record::run_in(&cwd));
        }
        let (halt, held) = (self.halts().map(|it| it.to_string()), self.throttle.to_string());
        opened.records.push(&Record::Rules {
            forks: self.forks,
            retries: self.policy().retries,
            timeout: self.timeout.map(store::millis),
            halt: halt.as_deref().unwrap_or_default(),
            held: &held,
        });
        if self.output != Output::Files {
            opened.records.push(&Record::Output { kept: self.output.name() });
        }
        let written = opened.journal.write(&mut opened.records);
        written.map_err(|error| BuildError::Begin { path: workdir.path().to_path_buf(), error })?;
        Ok(opened)
    }

    /// Of jobs that have none of their own.
    fn policy(&self) -> RetryPolicy {
        let by_strategy = match (self.strategy, self.num_retries) {
            (Some(ErrorStrategy::Retry), None) => RetryPolicy::new(DEFAULT_RETRIES),
            (Some(ErrorStrategy::Retry) | None, Some(retries)) => RetryPolicy::new(retries),
            (Some(ErrorStrategy::Ignore | ErrorStrategy::Halt), _) | (None, None) => RetryPolicy::never(),
        };
        self.retry.clone().unwrap_or(by_strategy)
    }

    fn halts(&self) -> Option<Halt> {
        self.halt.or((self.strategy == Some(ErrorStrategy::Halt)).then(|| Halt::now().failed(1)))
    }

    /// Who is asked before each start, or may stop the run because of how a job ended, is to be heard before the next one starts.
    fn ahead(&self, scene: &Scene, plugins: &PluginSet) -> usize {
        let is_asked = scene.told(plugins).has_for_all(Moment::Submitting)
            || self.throttle.is_set()
            || self.halts().is_some();
        if is_asked { 0 } else { AHEAD }
    }

    fn settings(&self, scene: &Scene, plugins: &PluginSet, files: bool) -> Settings {
        Settings {
            workdir: scene.run.shared_workdir(),
            run: scene.run.id().into(),
            forks: self.forks,
            retry: self.policy(),
            timeout: self.timeout,
            grace: self.grace,
            halt: self.halts(),
            expected: self.expected,
            files,
            ahead: 0,
            seed: self.seed.unwrap_or_else(random),
            paced: self.throttle.is_set(),
            told: scene.told(plugins),
            doomed: self.kills.iter().flat_map(|(jobs, _)| jobs).copied().collect(),
            dooms: self.kills.as_ref().map_or(KillReason::User, |(_, why)| *why),
        }
    }
}

/// What earlier runs left is to go. What still runs of it would write into the directories of other jobs.
fn check_fresh(backend: &Arc<dyn Backend>, workdir: &WorkDir) -> Result<(), BuildError> {
    let Some(mut past) = workdir.past() else { return Ok(()) };
    let left = Recovery::new(&mut past, backend.name()).question();
    if left.is_empty() {
        return Ok(());
    }
    let path = || workdir.path().to_path_buf();
    let found = on_a_runtime(backend.recover(workdir.path(), &left))
        .map_err(|why| BuildError::CannotAsk { path: path(), why: why.0 })?;
    match found.iter().filter(|it| matches!(it, Found::Live(_))).count() {
        0 => Ok(()),
        jobs => Err(BuildError::StillRunning { path: path(), jobs }),
    }
}

/// Waits for a backend's answer on a thread of its own: this one may be of a runtime already, which must not be blocked on.
fn on_a_runtime<T: Send>(answer: Answer<'_, Result<T, Unreachable>>) -> Result<T, Unreachable> {
    let ask = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build();
        runtime.map_err(|error| Unreachable(error.to_string()))?.block_on(answer)
    };
    std::thread::scope(|scope| scope.spawn(ask).join())
        .unwrap_or_else(|_| Err(Unreachable("the backend has panicked".to_owned())))
}

/// A backend's name stands in the names of files.
fn check_name(name: &str) -> Result<(), BuildError> {
    let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    // `job.wrapped.log` is another file.
    if name.is_empty() || name == "log" || !name.bytes().all(good) {
        return Err(BuildError::BackendName { name: name.to_owned() });
    }
    Ok(())
}

/// The configuration, by the plugin's name as it is compared: the last counts, however it was spelled.
fn read_config(
    config: Vec<(String, serde_json::Result<Value>)>,
) -> Result<HashMap<String, Value>, BuildError> {
    let read = |(plugin, value): (String, serde_json::Result<Value>)| match value {
        Ok(value) => Ok((same(&plugin), value)),
        Err(error) => Err(BuildError::Config { plugin, error }),
    };
    config.into_iter().map(read).collect()
}

/// An identifier that no other run has.
fn new_id() -> String {
    format!("{:016x}", random())
}

/// Random, from the keys that std makes for its hash tables.
fn random() -> u64 {
    use std::hash::{BuildHasher, Hasher, RandomState};
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_u32(std::process::id());
    hasher.write_u128(std::time::UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos());
    hasher.finish()
}
