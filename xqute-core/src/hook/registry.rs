//! What is linked into this binary? The slices that the macros fill, read and checked.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::LazyLock;

use thiserror::Error;

use super::meta::{HookMeta, LinkList, PluginMeta};
use super::selection::{SelectionError, same};

xqute_macros::slices! {
    /// Every plugin of the binary.
    pub static PLUGINS: [&'static PluginMeta];
    /// Every family of the binary.
    pub static FAMILIES: [Family];
    /// The crates that `link_plugins!()` named, a list for each time it stands somewhere.
    pub static LINKS: [LinkList];
    /// Filled by the facade, whose object file holds nothing that anyone calls: if it is lost, then so are plugins.
    pub static SENTINEL: [u8];
}

/// Adds all hooks of a family, in no order.
pub type Family = fn(&mut Vec<&'static HookMeta>);

/// Every hook of the binary, of every family.
pub(super) static HOOKS: LazyLock<Vec<&'static HookMeta>> = LazyLock::new(|| {
    let mut hooks = Vec::new();
    FAMILIES.iter().for_each(|add| add(&mut hooks));
    hooks
});

#[cfg(test)]
#[allow(unsafe_code, reason = "a static that is placed by `link_section`; no code is unsafe")]
#[linkme::distributed_slice(SENTINEL)]
static UNIT_TESTS_HAVE_NO_FACADE: u8 = 0;

/// The plugins of a run cannot be put together.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PluginError {
    /// Nothing registers in this kind of binary.
    #[error(
        "no hook can register in this binary: its linker dropped what nobody calls (a static library does that); \
         link the library with --whole-archive, or build a program or a cdylib"
    )]
    NothingRegisters,
    /// Two plugins with one name.
    #[error(
        "two plugins are named `{name}`: {first} and {second}; give one another name: xqute::plugin!(name = \"...\")"
    )]
    SameName {
        /// The name.
        name: String,
        /// Package, version and place of the one.
        first: String,
        /// And of the other.
        second: String,
    },
    /// A hook outside of every plugin.
    #[error(
        "the hook `{hook}` at {place} belongs to no plugin: put `xqute::plugin!();` into its module, or at the root of the crate `{krate}`"
    )]
    NoPlugin {
        /// The hook.
        hook: &'static str,
        /// Where its function stands.
        place: String,
        /// Its crate.
        krate: &'static str,
    },
    /// A crate that was to be linked for its hooks has none.
    #[error(
        "the crate `{package}`, named by {by}, brought no hook into this binary: is it a plugin? Take its name off, or look at its cargo features"
    )]
    BroughtNothing {
        /// The package.
        package: String,
        /// The macro that names it, and where.
        by: String,
    },
    /// Plugins that are to be called before each other.
    #[error(
        "the hook `{hook}` has no order: {path}, as their `before` and `after` ask; take one of them out, or leave one of the plugins out"
    )]
    Circle {
        /// The hook.
        hook: &'static str,
        /// Who is to be called before whom, from one plugin back to it, each with its place.
        path: String,
    },
    /// A limit for a hook that cannot have it.
    #[error("plugin `{plugin}` cannot have a limit at `{hook}`: {why}")]
    Limit {
        /// The plugin.
        plugin: String,
        /// The hook.
        hook: String,
        /// Why not, and what to do.
        why: String,
    },
    /// The selection is wrong.
    #[error(transparent)]
    Selection(#[from] SelectionError),
}

/// A plugin of this binary.
#[derive(Debug, Clone)]
pub(super) struct Linked {
    pub(super) name: Cow<'static, str>,
    pub(super) meta: &'static PluginMeta,
    /// Where it, or its package, is named, if it is.
    pub(super) rank: Option<usize>,
}

impl Linked {
    fn told(&self) -> String {
        let place = &self.meta.place;
        format!("{} {} ({place})", place.krate.package, place.krate.version)
    }
}

/// The plugins of this binary, in the order in which they were named; those that nobody named come last, by name.
///
/// `named` is the list that a run was given; without one the lists of `link_plugins!()` hold.
pub(super) fn linked(named: Option<&[&'static PluginMeta]>) -> Result<Vec<Linked>, PluginError> {
    if SENTINEL.is_empty() {
        return Err(PluginError::NothingRegisters);
    }
    let mut links: Vec<&LinkList> = LINKS.iter().collect();
    links.sort_by_key(|list| (list.place, list.packages));
    let rank = |meta: &PluginMeta| match named {
        Some(named) => named.iter().position(|it| std::ptr::eq(*it, meta)),
        None => links
            .iter()
            .flat_map(|list| list.packages)
            .position(|package| *package == meta.place.krate.package),
    };
    let linked = |meta: &&'static PluginMeta| Linked { name: meta.name(), meta, rank: rank(meta) };
    let mut plugins: Vec<Linked> = PLUGINS.iter().map(linked).collect();
    plugins.sort_by_cached_key(|it| (it.rank.unwrap_or(usize::MAX), it.name.clone(), it.meta.place));
    check_names(&plugins)?;
    check_owners(&plugins)?;
    check_links(&links)?;
    check_named(named.unwrap_or_default())?;
    Ok(plugins)
}

/// The plugin that a hook belongs to: the nearest that encloses it.
pub(super) fn owner(hook: &HookMeta, plugins: &[Linked]) -> Option<usize> {
    let encloses = |(_, it): &(usize, &Linked)| it.meta.place.encloses(&hook.place);
    let nearest =
        plugins.iter().enumerate().filter(encloses).max_by_key(|(_, it)| it.meta.place.module.len());
    nearest.map(|(at, _)| at)
}

fn check_names(plugins: &[Linked]) -> Result<(), PluginError> {
    for (at, second) in plugins.iter().enumerate() {
        if let Some(first) = plugins[..at].iter().find(|it| same(&it.name) == same(&second.name)) {
            let name = second.name.clone().into_owned();
            return Err(PluginError::SameName { name, first: first.told(), second: second.told() });
        }
    }
    Ok(())
}

fn check_owners(plugins: &[Linked]) -> Result<(), PluginError> {
    let orphan = HOOKS.iter().filter(|hook| owner(hook, plugins).is_none()).min_by_key(|hook| hook.place);
    match orphan {
        None => Ok(()),
        Some(hook) => Err(PluginError::NoPlugin {
            hook: hook.hook,
            place: hook.place.to_string(),
            krate: hook.place.krate.name,
        }),
    }
}

fn check_links(links: &[&LinkList]) -> Result<(), PluginError> {
    // A crate that links plugins brings theirs.
    let bundles = links.iter().filter(|list| !list.packages.is_empty()).map(|list| list.place);
    let places = HOOKS.iter().map(|hook| hook.place).chain(bundles);
    let bring: HashSet<&str> = places.map(|place| place.krate.package).collect();
    for list in links {
        if let Some(package) = list.packages.iter().find(|package| !bring.contains(**package)) {
            let by = format!("link_plugins!() at {}", list.place);
            return Err(PluginError::BroughtNothing { package: (*package).to_owned(), by });
        }
    }
    Ok(())
}

fn check_named(named: &[&'static PluginMeta]) -> Result<(), PluginError> {
    let brings = |plugin: &PluginMeta| HOOKS.iter().any(|hook| plugin.place.encloses(&hook.place));
    match named.iter().find(|plugin| !brings(plugin)) {
        None => Ok(()),
        Some(plugin) => Err(PluginError::BroughtNothing {
            package: plugin.place.krate.package.to_owned(),
            by: "plugins![]".to_owned(),
        }),
    }
}
