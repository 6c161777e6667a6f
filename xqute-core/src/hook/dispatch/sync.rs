//! How are the implementations of a synchronous hook called? One after the other.

use super::entry::SyncEntry;
use crate::hook::cost::Timed;
use crate::hook::mode::Mode;
use crate::hook::spec::HookSpec;
use crate::hook::table::{Slot, Table};

impl<S: HookSpec> Table<SyncEntry<S>> {
    /// Calls the implementations one after the other.
    #[inline]
    pub fn call<M: Mode<S::Output>>(&self, args: S::Args<'_>, mut mode: M) -> M::Out {
        if !self.is_empty() {
            match self.cost.begin() {
                None => self.call_each(&args, &mut mode, |_| ()),
                Some(weight) => self.call_timed(&args, &mut mode, weight),
            }
        }
        mode.finish()
    }

    #[cold]
    fn call_timed<M: Mode<S::Output>>(&self, args: &S::Args<'_>, mode: &mut M, weight: u64) {
        let mut timed = Timed::start(weight);
        self.call_each(args, mode, |slot| self.cost.took(slot.at, &mut timed));
    }

    /// `returned` is told of each call.
    #[inline]
    fn call_each<M: Mode<S::Output>>(
        &self,
        args: &S::Args<'_>,
        mode: &mut M,
        mut returned: impl FnMut(&Slot<SyncEntry<S>>),
    ) {
        for slot in &self.slots {
            if slot.is_off() {
                self.cost.skip(slot.at);
                continue;
            }
            self.recorder.called(&slot.source);
            let result = slot.entry.call(args);
            returned(slot);
            if self.settle(slot, result, mode).is_break() {
                break;
            }
        }
    }
}
