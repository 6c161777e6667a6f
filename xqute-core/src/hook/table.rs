//! Which implementations does a run call for one hook, in what order? Frozen and sorted when the run is built.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use super::cost::TableCost;
use super::fault::{Fault, FaultBook, FaultCause, Returned};
use super::meta::HookMeta;
use super::mode::Mode;
use super::plugins::PluginSet;
use super::policy::{FaultPolicy, Rules, Watch};
use super::record::Recorder;

/// Who an implementation is.
#[derive(Debug, Clone)]
pub struct Source {
    /// The plugin's name.
    pub plugin: Arc<str>,
    /// The function.
    pub meta: &'static HookMeta,
}

/// What [`hook`](macro@crate::hook) registers: an entry of one hook's slice.
pub trait Entry: Copy + 'static {
    /// The function behind it.
    fn meta(&self) -> &'static HookMeta;
}

/// An implementation in a table.
pub(super) struct Slot<E> {
    /// Its place in the table.
    pub(super) at: usize,
    pub(super) entry: E,
    pub(super) source: Source,
    /// What a fault here does.
    pub(super) policy: FaultPolicy,
    /// Whether the plugin is still called, where that may end.
    pub(super) watch: Option<Arc<Watch>>,
    /// How long a call may wait.
    pub(super) limit: Option<Duration>,
}

impl<E> Slot<E> {
    /// Whether its plugin is called no more.
    #[inline]
    pub(super) fn is_off(&self) -> bool {
        self.watch.as_ref().is_some_and(|it| it.is_off())
    }
}

/// The implementations of one hook in one run.
pub struct Table<E> {
    pub(super) slots: Box<[Slot<E>]>,
    pub(super) cost: Arc<TableCost>,
    faults: Arc<FaultBook>,
    pub(super) recorder: Recorder,
}

impl<E: Entry> Table<E> {
    /// Takes from `entries` those of the set's plugins, in the set's order: what plugins ask of each other, priority, position of
    /// the plugin, file, line, column, function, module; then what tells twins of a macro apart.
    pub fn build(entries: &[E], set: &PluginSet) -> Self {
        let mut found: Vec<_> =
            entries.iter().filter_map(|entry| Some((set.rank(entry.meta())?, *entry))).collect();
        found.sort_by_key(|(rank, _)| *rank);
        let ruled = |(_, entry): (_, E)| {
            let meta = entry.meta();
            let (plugin, rules) = set.rules(meta)?;
            Some((entry, Source { plugin, meta }, rules))
        };
        let slot = |(at, (entry, source, rules)): (usize, (E, Source, &Rules))| Slot {
            at,
            entry,
            policy: rules.policy,
            watch: rules.watch.clone(),
            limit: rules.limit(source.meta.hook),
            source,
        };
        let slots = found.into_iter().filter_map(ruled).enumerate().map(slot).collect();
        let table = Self { recorder: set.recorder(), ..Self::of(slots, set.faults()) };
        set.watch(Arc::clone(&table.cost));
        table
    }

    /// A table of these implementations in this order.
    pub(super) fn of(slots: Box<[Slot<E>]>, faults: Arc<FaultBook>) -> Self {
        let cost = Arc::new(TableCost::new(slots.iter().map(|slot| slot.source.clone())));
        Self { slots, cost, faults, recorder: Recorder::default() }
    }

    /// Whether the run has no implementation of the hook.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// `slot` returned `result`: tells the mode. `Break` ends the dispatch.
    #[inline]
    pub(super) fn settle<R, M: Mode<R>>(
        &self,
        slot: &Slot<E>,
        result: Returned<R>,
        mode: &mut M,
    ) -> ControlFlow<()> {
        let flow = match result {
            Ok(result) => {
                self.recorder.returned(&slot.source, None);
                mode.take(&slot.source, result)
            }
            Err(cause) => {
                let fault = self.record(slot, cause);
                self.recorder.returned(&slot.source, Some(&fault));
                if slot.policy.passes_over() { ControlFlow::Continue(()) } else { mode.fault(fault) }
            }
        };
        if flow.is_break() {
            self.cost.stop(slot.at);
        }
        flow
    }

    /// Counts and reports a fault of `slot`. One that ends `build()` is returned by it, which is report enough.
    #[cold]
    pub(super) fn record(&self, slot: &Slot<E>, cause: Box<FaultCause>) -> Arc<Fault> {
        self.cost.fault(slot.at, &cause);
        let Source { plugin, meta } = &slot.source;
        let fault = Fault::new(Arc::clone(plugin), meta, *cause).under(slot.policy);
        let is_returned = !slot.policy.passes_over() && (meta.family, meta.hook) == ("Hooks", "on_init");
        let fault = self.faults.record(fault, !is_returned);
        if slot.watch.as_ref().is_some_and(|it| it.fault()) {
            self.faults
                .note(format!("plugin `{plugin}` is called no more in this run; its last fault: {fault}"));
        }
        fault
    }
}

/// The implementations, by plugin and function.
impl<E> fmt::Debug for Table<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = |Source { plugin, meta }: &Source| format!("{plugin}::{}", meta.function);
        f.debug_list().entries(self.slots.iter().map(|slot| told(&slot.source))).finish()
    }
}
