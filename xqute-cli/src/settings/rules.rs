//! What does `xqute.toml` say of a plugin's hooks? What their faults do, and how long they may take.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use anyhow::{Result, anyhow, bail};
use serde_json::Value;
use xqute::units::Time;
use xqute::{ConfigType, FaultPolicy, PluginError, PluginSet, XquteBuilder};

use super::toml;

/// A table `[hooks.NAME]`.
#[xqute::config]
#[derive(Debug, Default)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Rule {
    /// What faults do.
    on_fault: OnFault,
    /// How long each async hook may take.
    timeout: Option<Time>,
    /// How long single hooks may take, by their names.
    timeouts: BTreeMap<String, Time>,
}

/// The library's policies, in words.
#[xqute::config]
#[derive(Debug, Default, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
enum OnFault {
    #[default]
    ByHook,
    Isolate,
    FailJob,
    Halt,
    DisableAfter(NonZeroU32),
}

impl From<OnFault> for FaultPolicy {
    fn from(it: OnFault) -> Self {
        match it {
            OnFault::ByHook => Self::ByHook,
            OnFault::Isolate => Self::Isolate,
            OnFault::FailJob => Self::FailJob,
            OnFault::Halt => Self::Halt,
            OnFault::DisableAfter(faults) => Self::DisableAfter(faults.get()),
        }
    }
}

impl Rule {
    /// Reads the table of a plugin; `place` tells where what leads to a key stands.
    pub(super) fn read(plugin: &str, value: Value, place: impl Fn(&str) -> String) -> Result<Self> {
        if let Err(error) = ConfigType::of::<Self>().check(plugin, &value) {
            bail!("{}: `[hooks.{plugin}]`: {}", place(error.pointer()), error.why());
        }
        let rule: Self = serde_json::from_value(value)?;
        rule.check(plugin).map_err(|error| {
            let pointer = match &error {
                PluginError::Limit { hook, .. } => format!("/timeouts/{hook}"),
                _ => String::new(),
            };
            anyhow!(error).context(place(&pointer))
        })?;
        Ok(rule)
    }

    /// Whether there are such a plugin and such hooks of it.
    fn check(&self, plugin: &str) -> Result<(), PluginError> {
        let set = PluginSet::builder().fault_policy(plugin, self.on_fault.into());
        let set =
            self.timeouts.iter().fold(set, |it, (hook, limit)| it.plugin_hook_timeout(plugin, hook, limit.0));
        set.build().map(drop)
    }

    /// What it says, by key, as TOML.
    pub(crate) fn told(&self) -> Result<Vec<(String, String)>> {
        let Value::Object(keys) = serde_json::to_value(self)? else { return Ok(Vec::new()) };
        let is_said = |value: &Value| !value.is_null() && value.as_object().is_none_or(|it| !it.is_empty());
        let said = keys.into_iter().filter(|(_, value)| is_said(value));
        Ok(said.map(|(key, value)| (key, toml::value(&value))).collect())
    }

    /// A run in which it holds.
    pub(crate) fn apply(&self, plugin: &str, run: XquteBuilder) -> XquteBuilder {
        let mut run = run.fault_policy(plugin, self.on_fault.into());
        if let Some(limit) = self.timeout {
            run = run.plugin_timeout(plugin, limit.0);
        }
        self.timeouts.iter().fold(run, |it, (hook, limit)| it.plugin_hook_timeout(plugin, hook, limit.0))
    }
}
