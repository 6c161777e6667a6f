//! What holds for a plugin in a run? What its faults do, and how long its hooks may take.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use super::meta::HookMeta;
use super::registry::{self, HOOKS, Linked, PluginError};
use super::selection::{Candidate, closest, position, same};

/// What a plugin's faults do: hooks of it that return an error, panic, or wait longer than their limit.
///
/// Whatever it is, each fault is counted, and told in the summary. Hooks of families other than the engine's know
/// `ByHook`, `Isolate` and `DisableAfter`; for them the others are as `ByHook`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum FaultPolicy {
    /// The hook decides: one that observes is passed over; one that decides or writes script fails the job.
    #[default]
    ByHook,
    /// Every broken hook of the plugin is passed over, as if the plugin were not there.
    Isolate,
    /// As `Isolate`; and after so many faults, at least 1, the plugin is called no more in this run, which its summary tells. What a
    /// disabled plugin would have decided is not decided.
    DisableAfter(u32),
    /// A fault at any hook of a job fails that job, and it is not tried again. At `on_job_submitting` and `on_jobcmd_*` it is not
    /// submitted. Nothing waits for a hook that observes: what runs of the job when it returns is told to end (SIGTERM, then SIGKILL;
    /// `on_job_killing` is not asked), and a job that has ended by then stays as it ended.
    FailJob,
    /// A fault at any hook of a job stops the run as [`Halt::now`](crate::Halt::now) does: [`Stopped::Broken`](crate::Stopped::Broken). A hook
    /// that decides or writes script fails its job besides, as with `FailJob`. At `on_init` any fault is an error of `build()`, and after
    /// the last job there is nothing to stop.
    Halt,
}

impl FaultPolicy {
    /// Whether a gate is passed over.
    pub(super) fn passes_over(self) -> bool {
        matches!(self, Self::Isolate | Self::DisableAfter(_))
    }

    /// Whether it has consequences beyond the call: for the job, for good, or for the run.
    pub(crate) fn is_severe(self) -> bool {
        matches!(self, Self::FailJob | Self::Halt)
    }
}

/// Counts the faults of a plugin that is called no more after so many.
#[derive(Debug)]
pub(super) struct Watch {
    left: AtomicU32,
}

impl Watch {
    /// Counts one; whether it was the last that the plugin may have.
    pub(super) fn fault(&self) -> bool {
        self.left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)) == Ok(1)
    }

    pub(super) fn is_off(&self) -> bool {
        self.left.load(Relaxed) == 0
    }
}

/// What holds for a plugin in a run.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    pub(super) name: Arc<str>,
    pub(super) position: usize,
    pub(super) policy: FaultPolicy,
    pub(super) watch: Option<Arc<Watch>>,
    limit: Option<Duration>,
    /// Of single hooks.
    limits: HashMap<String, Duration>,
}

impl Rules {
    /// How long a call of a hook may wait.
    pub(super) fn limit(&self, hook: &str) -> Option<Duration> {
        self.limits.get(hook).copied().or(self.limit)
    }
}

/// What a run asks for, by the plugin's name as it is compared.
#[derive(Debug, Default)]
pub(super) struct Wishes {
    pub(super) policies: HashMap<String, FaultPolicy>,
    /// Of all plugins.
    pub(super) limit: Option<Duration>,
    pub(super) limits: HashMap<String, Duration>,
    pub(super) hook_limits: HashMap<String, HashMap<String, Duration>>,
}

impl Wishes {
    /// Refuses names of plugins and hooks that are not linked, and limits that nothing could keep.
    pub(super) fn check(&self, linked: &[Linked], candidates: &[Candidate<'_>]) -> Result<(), PluginError> {
        for name in self.policies.keys().chain(self.limits.keys()) {
            position(name, candidates)?;
        }
        for (plugin, limits) in &self.hook_limits {
            let at = position(plugin, candidates)?;
            let own = |hook: &&&'static HookMeta| registry::owner(hook, linked) == Some(at);
            let hooks: Vec<&HookMeta> = HOOKS.iter().filter(own).copied().collect();
            limits.keys().try_for_each(|hook| check_hook(&linked[at].name, hook, &hooks))?;
        }
        Ok(())
    }

    pub(super) fn rules(&self, name: &str, position: usize) -> Rules {
        let key = same(name);
        let policy = self.policies.get(&key).copied().unwrap_or_default();
        let watch = match policy {
            FaultPolicy::DisableAfter(faults) => Some(Arc::new(Watch { left: faults.max(1).into() })),
            _ => None,
        };
        Rules {
            name: name.into(),
            position,
            policy,
            watch,
            limit: self.limits.get(&key).copied().or(self.limit),
            limits: self.hook_limits.get(&key).cloned().unwrap_or_default(),
        }
    }
}

fn check_hook(plugin: &str, hook: &str, hooks: &[&HookMeta]) -> Result<(), PluginError> {
    let implemented: Vec<&&HookMeta> = hooks.iter().filter(|it| it.hook == hook).collect();
    let told =
        |told: String| PluginError::Limit { plugin: plugin.to_owned(), hook: hook.to_owned(), why: told };
    if implemented.is_empty() {
        let mut names: Vec<&str> = hooks.iter().map(|it| it.hook).collect();
        names.sort_unstable();
        names.dedup();
        let meant = closest(hook, names.iter().copied()).map(|it| format!(", did you mean `{it}`?"));
        return Err(told(format!(
            "it does not implement that hook{}; it has: {}",
            meant.unwrap_or_default(),
            names.join(", ")
        )));
    }
    if implemented.iter().all(|it| !it.is_async) {
        return Err(told(
            "it is no `async fn` there, which nothing can interrupt: leave the limit out".to_owned(),
        ));
    }
    Ok(())
}
