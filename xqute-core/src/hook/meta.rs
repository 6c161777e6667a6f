//! Who wrote a hook, and where? What the macros leave in the binary about plugins and hooks.

use std::borrow::Cow;

use super::config::ConfigType;

/// The crate that something was compiled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CrateId {
    /// The package's name, as in its `Cargo.toml`.
    pub package: &'static str,
    /// The package's version.
    pub version: &'static str,
    /// The crate's name: the first segment of its module paths.
    pub name: &'static str,
    /// The binary or example that it is, where it is one: a package's library and its binary may share a name.
    pub binary: Option<&'static str>,
}

/// A place in the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// The crate.
    pub krate: CrateId,
    /// The module, from the crate's name on.
    pub module: &'static str,
    /// The file, as the compiler was given it.
    pub file: &'static str,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
}

impl Place {
    /// Whether `self` is the module `inner` or encloses it, in the same crate.
    pub(crate) fn encloses(&self, inner: &Self) -> bool {
        self.krate == inner.krate
            && inner
                .module
                .strip_prefix(self.module)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// A plugin, as [`plugin!`](crate::plugin) declared it.
#[derive(Debug)]
pub struct PluginMeta {
    /// The name given, if any; see [`PluginMeta::name`].
    pub given_name: Option<&'static str>,
    /// The priority of its hooks: smaller is called first.
    pub priority: i32,
    /// The plugins whose hooks are called after its own, whatever their priority.
    pub before: &'static [&'static str],
    /// The plugins whose hooks are called before its own, whatever their priority.
    pub after: &'static [&'static str],
    /// Whether it is on when a run selects nothing.
    pub enabled: bool,
    /// What it is configured with, where it says so.
    pub config: Option<ConfigType>,
    /// Where [`plugin!`](crate::plugin) stands.
    pub place: Place,
}

impl PluginMeta {
    /// The plugin's name: the one given; else the module's, or at a crate's root the crate's name without
    /// `xqute-plugin-` or `xqute-`. An underscore in a default name becomes a hyphen.
    #[must_use]
    pub fn name(&self) -> Cow<'static, str> {
        if let Some(name) = self.given_name {
            return name.into();
        }
        let own = match self.place.module.rsplit_once("::") {
            Some((_, module)) => module,
            None => ["xqute_plugin_", "xqute_"]
                .iter()
                .find_map(|prefix| self.place.krate.name.strip_prefix(prefix))
                .unwrap_or(self.place.krate.name),
        };
        own.replace('_', "-").into()
    }
}

/// A hook, as [`hook`](macro@crate::hook) registered it.
#[derive(Debug)]
pub struct HookMeta {
    /// The family that declares the hook.
    pub family: &'static str,
    /// The hook.
    pub hook: &'static str,
    /// The user's function.
    pub function: &'static str,
    /// Whether that is an `async fn`: a call of it may wait, and be interrupted.
    pub is_async: bool,
    /// The priority given at the function; else the plugin's holds.
    pub priority: Option<i32>,
    /// The plugins whose implementations of the hook are called after this one; beside those of its plugin.
    pub before: &'static [&'static str],
    /// The plugins whose implementations of the hook are called before this one; beside those of its plugin.
    pub after: &'static [&'static str],
    /// Where the function stands.
    pub place: Place,
    /// Tells functions apart that a macro makes at one place under one name: line and column of the outermost macro's
    /// call, then a digest of the function's text.
    pub twin: (u32, u32, u64),
}

/// What orders hooks of one plugin and one priority: file, line, column, function, module, twin.
pub(super) type PlaceOrder = (&'static str, u32, u32, &'static str, &'static str, (u32, u32, u64));

impl HookMeta {
    pub(super) fn place_order(&self) -> PlaceOrder {
        let Place { file, line, column, module, .. } = self.place;
        (file, line, column, self.function, module, self.twin)
    }
}

/// The crates that one [`link_plugins!`](macro@crate::link_plugins) named.
#[derive(Debug)]
pub struct LinkList {
    /// The packages, in the manifest's order.
    pub packages: &'static [&'static str],
    /// Where the macro stands.
    pub place: Place,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plugin(given_name: Option<&'static str>, name: &'static str, module: &'static str) -> PluginMeta {
        let krate = CrateId { package: "p", version: "1.0.0", name, binary: None };
        let place = Place { krate, module, file: "f.rs", line: 1, column: 1 };
        PluginMeta { given_name, priority: 0, before: &[], after: &[], enabled: true, config: None, place }
    }

    #[test]
    fn a_plugin_is_named_after_its_crate_or_module() {
        assert_eq!(plugin(None, "xqute_plugin_my_log", "xqute_plugin_my_log").name(), "my-log");
        assert_eq!(plugin(None, "xqute_myplugin", "xqute_myplugin").name(), "myplugin");
        assert_eq!(plugin(None, "pipeline", "pipeline").name(), "pipeline");
        assert_eq!(plugin(None, "xqute_plugins", "xqute_plugins::submit_when").name(), "submit-when");
        assert_eq!(plugin(Some("as_given"), "xqute_x", "xqute_x").name(), "as_given");
    }

    #[test]
    fn a_module_encloses_its_own_children_only() {
        let outer = plugin(None, "a", "a::b").place;
        assert!(outer.encloses(&plugin(None, "a", "a::b").place));
        assert!(outer.encloses(&plugin(None, "a", "a::b::c").place));
        assert!(!outer.encloses(&plugin(None, "a", "a::bc").place));
        assert!(!outer.encloses(&plugin(None, "a", "a").place));
    }
}
