//! Which implementations does a run call for one hook, in what order? Frozen and sorted when the run is built.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use super::cost::{TableCost, Timed};
use super::fault::{Fault, FaultBook, FaultCause};
use super::meta::HookMeta;
use super::mode::Mode;
use super::plugins::PluginSet;

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
    pub(super) entry: E,
    pub(super) source: Source,
    /// A fault here never ends a gate's dispatch.
    pub(super) isolated: bool,
    /// How long a call may wait.
    pub(super) limit: Option<Duration>,
}

/// The implementations of one hook in one run.
pub struct Table<E> {
    pub(super) slots: Box<[Slot<E>]>,
    pub(super) cost: Arc<TableCost>,
    faults: Arc<FaultBook>,
}

impl<E: Entry> Table<E> {
    /// Takes from `entries` those of the set's plugins and sorts them: priority, position of the plugin, its name,
    /// file, line, column, function.
    pub fn build(entries: &[E], set: &PluginSet) -> Self {
        let mut found: Vec<_> =
            entries.iter().filter_map(|entry| Some((set.order(entry.meta())?, *entry))).collect();
        found.sort_by(|(left, _), (right, _)| left.cmp(right));
        let slot = |(_, entry): (_, E)| {
            let meta = entry.meta();
            let (plugin, rules) = set.rules(meta)?;
            Some(Slot {
                entry,
                source: Source { plugin, meta },
                isolated: rules.isolated,
                limit: rules.limit,
            })
        };
        let table = Self::of(found.into_iter().filter_map(slot).collect(), set.faults());
        set.watch(Arc::clone(&table.cost));
        table
    }

    /// A table of these implementations in this order.
    pub(super) fn of(slots: Box<[Slot<E>]>, faults: Arc<FaultBook>) -> Self {
        let cost = Arc::new(TableCost::new(slots.iter().map(|slot| slot.source.clone())));
        Self { slots, cost, faults }
    }

    /// Whether the run has no implementation of the hook.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Slot `at` returned `result`: tells the mode. `Break` ends the dispatch.
    #[inline]
    pub(super) fn settle<R, M: Mode<R>>(
        &self,
        at: usize,
        result: Result<R, Box<FaultCause>>,
        timed: &mut Option<Timed>,
        mode: &mut M,
    ) -> ControlFlow<()> {
        if let Some(timed) = timed {
            self.cost.took(at, timed);
        }
        let flow = match result {
            Ok(result) => mode.take(&self.slots[at].source, result),
            Err(cause) => self.settle_fault(at, *cause, mode),
        };
        if flow.is_break() {
            self.cost.stop(at);
        }
        flow
    }

    #[cold]
    fn settle_fault<R, M: Mode<R>>(&self, at: usize, cause: FaultCause, mode: &mut M) -> ControlFlow<()> {
        let fault = self.record(at, cause);
        if self.slots[at].isolated { ControlFlow::Continue(()) } else { mode.fault(fault) }
    }

    /// Counts and reports a fault of slot `at`.
    #[cold]
    pub(super) fn record(&self, at: usize, cause: FaultCause) -> Arc<Fault> {
        self.cost.fault(at, &cause);
        let Source { plugin, meta } = &self.slots[at].source;
        self.faults.record(Fault::new(Arc::clone(plugin), meta, cause))
    }
}

/// The implementations, by plugin and function.
impl<E> fmt::Debug for Table<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = |Source { plugin, meta }: &Source| format!("{plugin}::{}", meta.function);
        f.debug_list().entries(self.slots.iter().map(|slot| told(&slot.source))).finish()
    }
}
