//! How are the implementations of an async hook awaited? One after the other, in the dispatch's own memory.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;

use super::entry::{AsyncEntry, Seat};
use crate::hook::cost::Timed;
use crate::hook::fault::FaultCause;
use crate::hook::mode::Mode;
use crate::hook::spec::HookSpec;
use crate::hook::table::{Slot, Table};

/// Is ready when a hook has waited for too long. Rare: a box keeps the dispatch small.
type Timer = Pin<Box<dyn Future<Output = ()> + Send>>;

pin_project! {
    /// The implementations of an async hook being awaited, one after the other.
    ///
    /// # Panics
    ///
    /// When it is polled after it was ready; and outside of a tokio runtime with a time driver, when a hook with a time
    /// limit waits.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops the future of the implementation under way; those after it are not called.
    #[must_use = "a dispatch does nothing until it is awaited"]
    pub struct Dispatch<'a, S: HookSpec, M> {
        table: &'a Table<AsyncEntry<S>>,
        // Taken when the dispatch is done.
        mode: Option<M>,
        // Whose call is under way, or was the last.
        slot: Option<&'a Slot<AsyncEntry<S>>>,
        timed: Option<Timed>,
        // Whether the call under way has waited.
        waits: bool,
        // Of the call under way, once it waits.
        timer: Option<Timer>,
        #[pin]
        seat: Seat<'a, S>,
    }

    impl<'a, S: HookSpec, M> PinnedDrop for Dispatch<'a, S, M> {
        fn drop(this: Pin<&mut Self>) {
            if let (Some(slot), true) = (this.slot, this.mode.is_some()) {
                this.abandon(slot);
            }
        }
    }
}

impl<S: HookSpec> Table<AsyncEntry<S>> {
    /// Awaits the implementations one after the other.
    #[inline]
    pub fn call<'a, M: Mode<S::Output>>(&'a self, args: S::Args<'a>, mode: M) -> Dispatch<'a, S, M> {
        Dispatch {
            table: self,
            mode: Some(mode),
            slot: None,
            timed: None,
            waits: false,
            timer: None,
            seat: Seat::new(args),
        }
    }
}

impl<S: HookSpec, M: Mode<S::Output>> Future for Dispatch<'_, S, M> {
    type Output = M::Out;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<M::Out> {
        if !self.table.is_empty() {
            ready!(self.as_mut().poll_calls(cx));
        }
        let mode = self.project().mode.take().expect(POLLED_AFTER_READY);
        Poll::Ready(mode.finish())
    }
}

const POLLED_AFTER_READY: &str = "a dispatch was polled after it was ready";

impl<'a, S: HookSpec, M: Mode<S::Output>> Dispatch<'a, S, M> {
    #[inline]
    fn poll_calls(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let mode = this.mode.as_mut().expect(POLLED_AFTER_READY);
        let next = match this.slot {
            Some(slot) => slot.at + usize::from(!this.seat.is_taken()),
            None => {
                if let Some(weight) = this.table.cost.begin() {
                    *this.timed = Some(Timed::start(weight));
                }
                0
            }
        };
        for slot in &this.table.slots[next..] {
            *this.slot = Some(slot);
            if !this.seat.is_taken() {
                if slot.is_off() {
                    this.table.cost.skip(slot.at);
                    continue;
                }
                this.table.recorder.called(&slot.source);
            }
            let result = match this.seat.as_mut().poll(&slot.entry, cx) {
                Poll::Ready(result) => result,
                Poll::Pending => {
                    if !*this.waits {
                        *this.waits = true;
                        this.table.cost.waits(slot.at);
                    }
                    let Some(limit) = slot.limit else { return Poll::Pending };
                    ready!(poll_timer(this.timer, limit, cx));
                    drop(this.seat.as_mut().clear());
                    Err(Box::new(FaultCause::TimedOut(limit)))
                }
            };
            if *this.waits {
                *this.waits = false;
                end_timer(this.timer);
                this.table.cost.has_waited(slot.at);
            }
            if let Some(timed) = this.timed {
                this.table.cost.took(slot.at, timed);
            }
            if this.table.settle(slot, result, mode).is_break() {
                break;
            }
        }
        Poll::Ready(())
    }
}

/// A call waits that may do so for `limit`: whether that is over. The timer starts at the first question.
#[cold]
fn poll_timer(timer: &mut Option<Timer>, limit: Duration, cx: &mut Context<'_>) -> Poll<()> {
    timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(limit))).as_mut().poll(cx)
}

#[cold]
fn end_timer(timer: &mut Option<Timer>) {
    *timer = None;
}

impl<'a, S: HookSpec, M> Dispatch<'a, S, M> {
    /// The dispatch ends before it is ready, after `slot`: drops the future of the call under way.
    #[cold]
    fn abandon(self: Pin<&mut Self>, slot: &'a Slot<AsyncEntry<S>>) {
        let this = self.project();
        if let Err(cause) = this.seat.clear() {
            this.table.record(slot, cause);
        }
        if *this.waits {
            this.table.cost.has_waited(slot.at);
        }
        this.table.cost.stop(slot.at);
    }
}

impl<S: HookSpec, M> fmt::Debug for Dispatch<'_, S, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dispatch").field("hook", &S::NAME).finish_non_exhaustive()
    }
}
