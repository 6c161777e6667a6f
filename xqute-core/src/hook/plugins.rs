//! Who is called in this run? Plugins selected, in order, with their rules: a value that a run owns.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;

use super::config::{ConfigError, ConfigType};
use super::cost::{HookCost, TableCost};
use super::fault::{Fault, FaultBook};
use super::meta::{HookMeta, Place, PluginMeta};
use super::order::{Call, Ranks};
use super::policy::{FaultPolicy, Rules, Wishes};
use super::record::Recorder;
use super::registry::{self, HOOKS, Linked, PluginError};
use super::selection::{Candidate, Selection, position, same};

/// The list that [`plugins!`](crate::plugins) makes: plugins linked, in the order of their calls.
#[derive(Debug, Clone, Copy)]
pub struct PluginList(pub(super) &'static [&'static PluginMeta]);

impl PluginList {
    #[doc(hidden)]
    #[must_use]
    pub const fn new(plugins: &'static [&'static PluginMeta]) -> Self {
        Self(plugins)
    }
}

/// The plugins of one run: which, in what order, under which rules, and what they have cost.
///
/// It is a value and nothing of it is global: two runs in one process do not see each other. A clone is the same set.
#[derive(Debug, Clone)]
pub struct PluginSet(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    linked: Vec<Linked>,
    /// For each linked plugin: what holds for it in this run, if it is on.
    rules: Vec<Option<Rules>>,
    ranks: Ranks,
    faults: Arc<FaultBook>,
    costs: Mutex<Vec<Arc<TableCost>>>,
    recorder: Recorder,
}

/// Puts a [`PluginSet`] together.
#[derive(Debug, Default)]
pub struct PluginSetBuilder {
    named: Option<PluginList>,
    selection: Vec<String>,
    configured: Vec<String>,
    wishes: Wishes,
    recorder: Recorder,
}

/// A linked plugin, described.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PluginInfo {
    /// Its name.
    pub name: String,
    /// Whether this run uses it.
    pub on: bool,
    /// Where it is declared: package, version, file, line.
    pub place: Place,
    /// Where [`link_plugins!`](macro@crate::link_plugins) or [`plugins!`](crate::plugins) names it, or its crate, from 0. Without a
    /// selection it is called in this order; `None`: nobody names it, so that it comes behind those that are named, by its name.
    pub linked: Option<usize>,
    /// What it is configured with, where it says so.
    pub config: Option<ConfigType>,
    /// Its hooks, by family, hook and order of call.
    pub hooks: Vec<HookInfo>,
}

/// A linked hook, described.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct HookInfo {
    /// The family that declares the hook.
    pub family: &'static str,
    /// The hook.
    pub hook: &'static str,
    /// The user's function.
    pub function: &'static str,
    /// Smaller is called first.
    pub priority: i32,
    /// The plugins that it, or its plugin, asks to come after it, and those before it, whatever the priority.
    pub before: Vec<&'static str>,
    /// See `before`.
    pub after: Vec<&'static str>,
    /// Its place among those that this run calls at the hook, from 0; `None`: its plugin is off.
    pub rank: Option<usize>,
    /// Where the function stands.
    pub place: Place,
}

impl PluginSet {
    /// Starts with what is linked and on by default.
    #[must_use]
    pub fn builder() -> PluginSetBuilder {
        PluginSetBuilder::default()
    }

    /// Every linked plugin, those that are on first, in the order of their calls.
    #[must_use]
    pub fn plugins(&self) -> Vec<PluginInfo> {
        let position = |at: &usize| self.0.rules[*at].as_ref().map_or(usize::MAX, |rules| rules.position);
        let mut order: Vec<usize> = (0..self.0.linked.len()).collect();
        order.sort_by_key(|at| (position(at), *at));
        order.into_iter().map(|at| self.describe(at)).collect()
    }

    /// What each hook of each plugin has cost so far.
    #[must_use]
    pub fn costs(&self) -> Vec<HookCost> {
        let costs = self.0.costs.lock().unwrap_or_else(PoisonError::into_inner);
        costs.iter().flat_map(|table| table.read()).collect()
    }

    /// The first [`FAULTS_KEPT`](super::FAULTS_KEPT) faults of hooks, oldest first.
    #[must_use]
    pub fn faults_kept(&self) -> Vec<Arc<Fault>> {
        self.0.faults.kept()
    }

    /// What the run's summary tells of plugins that are called no more.
    pub(crate) fn notes(&self) -> Vec<String> {
        self.0.faults.notes()
    }

    fn describe(&self, at: usize) -> PluginInfo {
        let Linked { name, meta, rank } = &self.0.linked[at];
        let own = |hook: &&&'static HookMeta| registry::owner(hook, &self.0.linked) == Some(at);
        let mut hooks: Vec<&HookMeta> = HOOKS.iter().filter(own).copied().collect();
        let priority = |hook: &HookMeta| hook.priority.unwrap_or(meta.priority);
        hooks.sort_by_key(|hook| (hook.family, hook.hook, priority(hook), hook.place_order()));
        let told = |hook| HookInfo::of(hook, meta, self.0.ranks.of(hook));
        let hooks = hooks.into_iter().map(told).collect();
        PluginInfo {
            name: name.to_string(),
            on: self.0.rules[at].is_some(),
            place: meta.place,
            linked: *rank,
            config: meta.config,
            hooks,
        }
    }

    /// Whether each plugin that says what it is configured with can be configured so. `config` is by name, as names are compared.
    pub(crate) fn check_config(&self, config: &HashMap<String, Value>) -> Result<(), ConfigError> {
        for Linked { name, meta, .. } in &self.0.linked {
            if let (Some(declared), Some(value)) = (meta.config, config.get(&same(name))) {
                declared.check(name, value)?;
            }
        }
        Ok(())
    }

    /// What holds for a hook, if its plugin is on.
    pub(super) fn rules(&self, hook: &HookMeta) -> Option<(Arc<str>, &Rules)> {
        let rules = self.0.rules[registry::owner(hook, &self.0.linked)?].as_ref()?;
        Some((Arc::clone(&rules.name), rules))
    }

    /// Where a hook stands among those of its table, if its plugin is on.
    pub(super) fn rank(&self, hook: &HookMeta) -> Option<usize> {
        self.0.ranks.of(hook)
    }

    pub(super) fn faults(&self) -> Arc<FaultBook> {
        Arc::clone(&self.0.faults)
    }

    pub(crate) fn recorder(&self) -> Recorder {
        self.0.recorder.clone()
    }

    /// Takes a table's costs into the set's.
    pub(super) fn watch(&self, cost: Arc<TableCost>) {
        self.0.costs.lock().unwrap_or_else(PoisonError::into_inner).push(cost);
    }
}

impl HookInfo {
    fn of(hook: &'static HookMeta, plugin: &PluginMeta, rank: Option<usize>) -> Self {
        let HookMeta { family, hook: name, function, priority, place, .. } = *hook;
        let priority = priority.unwrap_or(plugin.priority);
        let before = [hook.before, plugin.before].concat();
        let after = [hook.after, plugin.after].concat();
        Self { family, hook: name, function, priority, before, after, rank, place }
    }
}

impl PluginSetBuilder {
    /// The plugins of [`plugins!`](crate::plugins), in their order, before any others that are linked.
    #[must_use]
    pub fn link(mut self, plugins: PluginList) -> Self {
        self.named = Some(plugins);
        self
    }

    /// Selects: `["a", "b"]` only these, in this order; `["-a"]` all but it; `["+a"]` one more that is off by default.
    #[must_use]
    pub fn select<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.selection = names.into_iter().map(Into::into).collect();
        self
    }

    /// Says that the run has configuration for a plugin: that turns one on that is off by default.
    #[must_use]
    pub fn configured(mut self, plugin: impl Into<String>) -> Self {
        self.configured.push(plugin.into());
        self
    }

    /// Sets what a plugin's faults do.
    #[must_use]
    pub fn fault_policy(mut self, plugin: impl Into<String>, policy: FaultPolicy) -> Self {
        self.wishes.policies.insert(same(&plugin.into()), policy);
        self
    }

    /// How long a call of an async hook may wait, of any plugin that has no limit of its own. Default: for ever.
    ///
    /// The limit is looked at when the hook awaits something: one that blocks its thread is not interrupted. It needs a
    /// tokio runtime with its time driver on.
    #[must_use]
    pub fn hook_timeout(mut self, limit: Duration) -> Self {
        self.wishes.limit = Some(limit);
        self
    }

    /// How long a call of an async hook of this plugin may wait.
    #[must_use]
    pub fn plugin_timeout(mut self, plugin: impl Into<String>, limit: Duration) -> Self {
        self.wishes.limits.insert(same(&plugin.into()), limit);
        self
    }

    /// How long a call of this hook of this plugin may wait, whatever holds for the others.
    #[must_use]
    pub fn plugin_hook_timeout(
        mut self,
        plugin: impl Into<String>,
        hook: impl Into<String>,
        limit: Duration,
    ) -> Self {
        self.wishes.hook_limits.entry(same(&plugin.into())).or_default().insert(hook.into(), limit);
        self
    }

    /// Calls are recorded.
    #[cfg(feature = "testing")]
    pub(crate) fn recorded(mut self, recorder: Recorder) -> Self {
        self.recorder = recorder;
        self
    }

    /// Reads what is linked and resolves the selection.
    ///
    /// # Errors
    ///
    /// The selection makes no sense or names what is not linked, or what is linked does not hold together; see
    /// [`PluginError`].
    pub fn build(self) -> Result<PluginSet, PluginError> {
        let linked = registry::linked(self.named.map(|list| list.0))?;
        let mut candidates: Vec<Candidate<'_>> =
            linked.iter().map(|it| Candidate { name: &it.name, on_by_default: it.meta.enabled }).collect();
        for name in &self.configured {
            let at = position(name, &candidates)?;
            candidates[at].on_by_default = true;
        }
        let on = Selection::parse(&self.selection)?.resolve(&candidates)?;
        self.wishes.check(&linked, &candidates)?;
        let mut rules = vec![None; linked.len()];
        for (position, at) in on.into_iter().enumerate() {
            rules[at] = Some(self.wishes.rules(&linked[at].name, position));
        }
        let ranks = Ranks::new(calls(&linked, &rules))?;
        Ok(PluginSet(Arc::new(Inner {
            linked,
            rules,
            ranks,
            faults: Arc::default(),
            costs: Mutex::default(),
            recorder: self.recorder,
        })))
    }
}

/// The hooks of the plugins that are on.
fn calls(linked: &[Linked], rules: &[Option<Rules>]) -> Vec<Call> {
    let call = |hook: &&'static HookMeta| {
        let owner = registry::owner(hook, linked)?;
        let Linked { name, meta, .. } = &linked[owner];
        Some(Call::new(hook, name, meta, rules[owner].as_ref()?.position))
    };
    HOOKS.iter().filter_map(call).collect()
}
