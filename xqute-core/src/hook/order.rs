//! Who is called before whom? What plugins say of each other comes first, then priority, position and place.

use std::collections::{BTreeMap, HashMap};

use super::meta::{HookMeta, PlaceOrder, PluginMeta};
use super::registry::PluginError;
use super::selection::same;

/// Where a hook would stand if no plugin said anything of another.
pub(super) type Order = (i32, usize, PlaceOrder);

/// An implementation of a hook, by a plugin that is on.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) hook: &'static HookMeta,
    pub(super) plugin: String,
    pub(super) order: Order,
    /// The plugins that come after it, and before it.
    before: Vec<String>,
    after: Vec<String>,
}

impl Call {
    pub(super) fn new(hook: &'static HookMeta, plugin: &str, meta: &PluginMeta, position: usize) -> Self {
        let names = |own: &[&str], plugins: &[&str]| own.iter().chain(plugins).map(|it| same(it)).collect();
        Self {
            hook,
            plugin: plugin.to_owned(),
            order: (hook.priority.unwrap_or(meta.priority), position, hook.place_order()),
            before: names(hook.before, meta.before),
            after: names(hook.after, meta.after),
        }
    }

    /// Whether one of the two asks that this one is called first. Who is not there is not waited for.
    fn precedes(&self, other: &Self) -> bool {
        self.before.contains(&same(&other.plugin)) || other.after.contains(&same(&self.plugin))
    }
}

/// The place of each hook among those of its kind, by the address of its static.
#[derive(Debug, Default)]
pub(super) struct Ranks(HashMap<usize, usize>);

impl Ranks {
    pub(super) fn new(calls: Vec<Call>) -> Result<Self, PluginError> {
        let mut hooks: BTreeMap<(&str, &str), Vec<Call>> = BTreeMap::new();
        for call in calls {
            hooks.entry((call.hook.family, call.hook.hook)).or_default().push(call);
        }
        let mut ranks = HashMap::new();
        for calls in hooks.into_values() {
            ranks.extend(sorted(calls)?.iter().enumerate().map(|(rank, it)| (address(it.hook), rank)));
        }
        Ok(Self(ranks))
    }

    pub(super) fn of(&self, hook: &HookMeta) -> Option<usize> {
        self.0.get(&address(hook)).copied()
    }
}

fn address(hook: &HookMeta) -> usize {
    std::ptr::from_ref(hook).addr()
}

/// The first in order that waits for nobody, again and again: where nobody asks for anything, the order itself.
fn sorted(mut calls: Vec<Call>) -> Result<Vec<Call>, PluginError> {
    calls.sort_by_key(|it| it.order);
    if calls.iter().all(|it| it.before.is_empty() && it.after.is_empty()) {
        return Ok(calls);
    }
    let mut sorted = Vec::with_capacity(calls.len());
    while !calls.is_empty() {
        let is_free = |it: &Call| !calls.iter().any(|other| other.precedes(it));
        match calls.iter().position(is_free) {
            Some(at) => sorted.push(calls.remove(at)),
            None => return Err(circle(&calls)),
        }
    }
    Ok(sorted)
}

/// Each of these waits for another: follows them back until one comes again.
fn circle(calls: &[Call]) -> PluginError {
    let mut path: Vec<&Call> = Vec::new();
    let mut next = calls.first();
    while let Some(call) = next {
        if let Some(at) = path.iter().position(|it| std::ptr::eq(*it, call)) {
            path.drain(..at);
            path.push(call);
            break;
        }
        path.push(call);
        next = calls.iter().find(|it| it.precedes(call));
    }
    path.reverse();
    let told = |it: &&Call| format!("`{}` ({})", it.plugin, it.hook.place);
    PluginError::Circle {
        hook: path.first().map_or("", |it| it.hook.hook),
        path: path.iter().map(told).collect::<Vec<_>>().join(", then "),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::hook::meta::{CrateId, Place};

    const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

    /// A call of the plugin with this number.
    fn call(number: usize, priority: i32, before: &[usize], after: &[usize]) -> Call {
        let krate = CrateId { package: "p", version: "1.0.0", name: "p", binary: None };
        let place = Place { krate, module: "p", file: NAMES[number], line: 1, column: 1 };
        let (hook, family, function) = ("on_init", "Hooks", "on_init");
        let meta = HookMeta {
            family,
            hook,
            function,
            is_async: true,
            priority: None,
            before: &[],
            after: &[],
            place,
            twin: (0, 0, 0),
        };
        let names = |it: &[usize]| it.iter().map(|it| NAMES[*it].to_owned()).collect();
        let hook = Box::leak(Box::new(meta));
        let order = (priority, number, hook.place_order());
        Call { hook, plugin: NAMES[number].to_owned(), order, before: names(before), after: names(after) }
    }

    fn names(calls: &[Call]) -> String {
        calls.iter().map(|it| it.plugin.as_str()).collect()
    }

    fn told(calls: Vec<Call>) -> String {
        sorted(calls).map_or_else(|error| error.to_string(), |it| names(&it))
    }

    #[test]
    fn what_plugins_say_of_each_other_comes_before_their_priority() {
        assert_eq!(told(vec![call(1, 0, &[], &[]), call(0, 0, &[], &[]), call(2, -1, &[], &[])]), "cab");
        assert_eq!(told(vec![call(0, 0, &[], &[1]), call(1, 10, &[], &[]), call(2, 5, &[], &[])]), "cba");
        assert_eq!(told(vec![call(0, 0, &[], &[]), call(1, 0, &[], &[]), call(2, 0, &[0], &[])]), "bca");
        // Who is not there is not waited for.
        assert_eq!(told(vec![call(0, 0, &[], &[5]), call(1, 0, &[4], &[])]), "ab");
    }

    #[test]
    fn a_circle_is_told_as_a_path() {
        let circle =
            vec![call(0, 0, &[1], &[]), call(1, 0, &[2], &[]), call(2, 0, &[0], &[]), call(3, 0, &[], &[])];
        let error = told(circle);
        assert!(
            error.contains("`a` (a:1:1), then `b` (b:1:1), then `c` (c:1:1), then `a` (a:1:1)"),
            "{error}"
        );
        assert!(told(vec![call(0, 0, &[], &[0])]).contains("`a` (a:1:1), then `a`"));
    }

    proptest! {
        /// Whatever is asked for is so, and else nothing is moved without need; or there is a circle.
        #[test]
        fn all_that_is_asked_for_holds(
            asked in proptest::collection::vec((0..3, proptest::collection::vec(0..6_usize, 0..2), proptest::collection::vec(0..6_usize, 0..2)), 1..6)
        ) {
            let calls: Vec<Call> =
                asked.iter().enumerate().map(|(at, (priority, before, after))| call(at, *priority, before, after)).collect();
            let Ok(sorted) = sorted(calls) else { return Ok(()) };
            for (at, call) in sorted.iter().enumerate() {
                prop_assert!(!sorted[at..].iter().any(|later| later.precedes(call)));
                if let Some(next) = sorted.get(at + 1) {
                    prop_assert!(call.order < next.order || call.precedes(next));
                }
            }
        }
    }
}
