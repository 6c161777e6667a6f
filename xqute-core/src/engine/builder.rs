//! What may a user set about a run?

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::calls::Scene;
use super::error::{BuildError, Result};
use super::feeder::Feeder;
use super::handle::{Built, Xqute};
use crate::backend::{Backend, Local};
use crate::hook::{
    Control, FaultPolicy, Handle, Hooks, PluginList, PluginSet, PluginSetBuilder, Run, Scheduler,
};
use crate::store::WorkDir;

/// The work directory where none is set, below the current directory.
pub(super) const DEFAULT_WORKDIR: &str = ".xqute";

/// Builds a run. Made by [`Xqute::builder`].
#[must_use = "a builder does nothing until `build`"]
pub struct XquteBuilder {
    forks: usize,
    workdir: PathBuf,
    fresh: bool,
    plugins: PluginSetBuilder,
    config: Vec<(String, serde_json::Result<Value>)>,
}

impl Default for XquteBuilder {
    fn default() -> Self {
        Self {
            forks: 1,
            workdir: DEFAULT_WORKDIR.into(),
            fresh: false,
            plugins: PluginSet::builder(),
            config: Vec::new(),
        }
    }
}

/// Without the configuration of plugins, which may hold secrets.
impl fmt::Debug for XquteBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("XquteBuilder")
            .field("forks", &self.forks)
            .field("workdir", &self.workdir)
            .field("plugins", &self.plugins)
            .finish_non_exhaustive()
    }
}

impl XquteBuilder {
    /// The most jobs at once. Default: 1.
    pub fn forks(mut self, forks: usize) -> Self {
        self.forks = forks;
        self
    }

    /// Where the run keeps its files. Default: `.xqute`. It is made, for its owner alone, where it is not there.
    pub fn workdir(mut self, workdir: impl Into<PathBuf>) -> Self {
        self.workdir = workdir.into();
        self
    }

    /// Removes the jobs of an earlier run from the work directory. Default: `false`, and they are an error.
    pub fn fresh(mut self, fresh: bool) -> Self {
        self.fresh = fresh;
        self
    }

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

    /// Configures a plugin, which finds it with [`Run::config`]. That turns one on that is off by default.
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

    /// What this plugin's broken hooks do. Default: those that decide fail their job, others are passed over.
    pub fn fault_policy(mut self, plugin: impl Into<String>, policy: FaultPolicy) -> Self {
        self.plugins = self.plugins.fault_policy(plugin, policy);
        self
    }

    /// Resolves the plugins, makes the work directory and calls `on_init`.
    ///
    /// # Errors
    ///
    /// A setting makes no sense, a plugin is missing or fails to start, or the work directory cannot be used. Nothing is
    /// left behind.
    pub fn build(self) -> Result<Xqute> {
        Ok(self.try_build()?)
    }

    fn try_build(self) -> Result<Xqute, BuildError> {
        if self.forks == 0 {
            return Err(BuildError::NoForks);
        }
        let plugins = self.plugins.build()?;
        let config = read_config(self.config)?;
        let backend: Arc<dyn Backend> = Arc::new(Local::new());
        let mut workdir = WorkDir::open(&self.workdir, self.fresh)?;
        let (feeder, fed) = Feeder::new();
        let feeder = Arc::new(feeder);
        let control: Arc<dyn Control> = Arc::<Feeder>::clone(&feeder);
        let scene = Scene {
            hooks: Hooks::build(&plugins),
            run: Run::new(new_id(), Arc::clone(workdir.path()), config, Handle(control)),
            scheduler: Scheduler {
                name: backend.name().into(),
                options: BTreeMap::new(),
                workdir: Arc::clone(workdir.path()),
                forks: self.forks,
            },
        };
        if let Err(fault) = scene.hooks.on_init(&scene.run, &scene.scheduler) {
            workdir.abandon();
            return Err(BuildError::Init(fault));
        }
        workdir.clear()?;
        scene.run.freeze();
        Ok(Xqute::new(Built { scene, plugins, feeder, fed, backend, workdir }))
    }
}

/// The configuration, by the plugin's name as it is compared.
fn read_config(
    config: Vec<(String, serde_json::Result<Value>)>,
) -> Result<HashMap<String, Value>, BuildError> {
    let read = |(plugin, value): (String, serde_json::Result<Value>)| match value {
        Ok(value) => Ok((plugin, value)),
        Err(error) => Err(BuildError::Config { plugin, error }),
    };
    config.into_iter().map(read).collect()
}

/// An identifier that no other run has: random, from the keys that std makes for its hash tables.
fn new_id() -> String {
    use std::hash::{BuildHasher, Hasher, RandomState};
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_u32(std::process::id());
    hasher.write_u128(std::time::UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos());
    format!("{:016x}", hasher.finish())
}
