//! How is a hook called? One indirect call each, panics caught, and an async hook awaited in place.
//!
//! The only file of this room with `unsafe`. An async implementation is an entry `{layout, start, resume, cancel}`.
//! `start` writes the concrete future into a buffer that lies *inside* the dispatch future, polls it once and drops it
//! if it is ready; so a hook that does not wait costs one indirect call, and none costs an allocation unless its
//! future is larger than [`BUFFER_BYTES`]. What holds it together:
//!
//! - A hook's future is written, polled and dropped at one address. The buffer is part of [`Dispatch`], which is pinned
//!   when it is polled and never moved after; it is `!Unpin`.
//! - If a dispatch is leaked, its buffer is never used again: the hook's future is leaked with it. (A buffer lent from
//!   outside would be used again under a future that still is on some list of wakers.)
//! - A future borrows from the dispatch's arguments only, and these outlive the dispatch.
//! - `start`, `resume` and `cancel` never unwind, so the state of the dispatch is right whenever one returns.
//! - A function item has no size: its value can be made from nothing, and a type `F` with a value is how it got here.
#![expect(
    unsafe_code,
    reason = "hooks of different types are called through one table, awaited without allocation"
)]

use std::alloc::Layout;
use std::fmt;
use std::future::Future;
use std::marker::PhantomPinned;
use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll};

use tokio::time::Sleep;

use super::cost::Timed;
use super::fault::{FaultCause, Returned};
use super::meta::HookMeta;
use super::mode::Mode;
use super::spec::{AsyncHook, HookSpec, IntoHook};
use super::table::{Entry, Table};

/// The largest future, in bytes, that is awaited without an allocation; its alignment is at most 16.
pub const BUFFER_BYTES: usize = 256;

/// An implementation of a synchronous hook.
pub struct SyncEntry<S: HookSpec> {
    meta: &'static HookMeta,
    call: for<'a> fn(S::Args<'a>) -> Returned<S::Output>,
}

impl<S: HookSpec> SyncEntry<S> {
    /// An entry for the function `hook`.
    pub const fn new<F, R, M>(hook: F, meta: &'static HookMeta) -> Self
    where
        F: for<'a> Fn(S::Args<'a>) -> R + Copy + 'static,
        R: IntoHook<S::Output, M>,
    {
        const { assert!(size_of::<F>() == 0, "a hook is a function item") };
        let _ = hook;
        Self { meta, call: call::<S, F, R, M> }
    }
}

/// An implementation of an async hook.
pub struct AsyncEntry<S: HookSpec> {
    meta: &'static HookMeta,
    layout: Layout,
    /// Makes the future at the pointer, which is writable for `layout`, and polls it. If that is ready, nothing is left
    /// there; else the future is, until `resume` is ready or `cancel` was called.
    start: for<'a> unsafe fn(*mut u8, S::Args<'a>, &mut Context<'_>) -> Poll<Returned<S::Output>>,
    /// Polls the future that `start` left at the pointer.
    resume: unsafe fn(*mut u8, &mut Context<'_>) -> Poll<Returned<S::Output>>,
    /// Drops the future that `start` left at the pointer.
    cancel: unsafe fn(*mut u8) -> Returned<()>,
}

impl<S: HookSpec> AsyncEntry<S> {
    /// An entry for the function `hook`.
    pub const fn new<F, R, M>(hook: F, meta: &'static HookMeta) -> Self
    where
        F: for<'a> AsyncHook<'a, S, R>,
        R: IntoHook<S::Output, M>,
    {
        const { assert!(size_of::<F>() == 0, "a hook is a function item") };
        let _ = hook;
        Self {
            meta,
            layout: Layout::new::<<F as AsyncHook<'static, S, R>>::Fut>(),
            start: start::<S, F, R, M>,
            resume: resume::<S, <F as AsyncHook<'static, S, R>>::Fut, R, M>,
            cancel: cancel::<<F as AsyncHook<'static, S, R>>::Fut>,
        }
    }
}

macro_rules! entry {
    ($($entry:ident)*) => {$(
        impl<S: HookSpec> Clone for $entry<S> {
            fn clone(&self) -> Self {
                *self
            }
        }
        impl<S: HookSpec> Copy for $entry<S> {}
        impl<S: HookSpec> fmt::Debug for $entry<S> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($entry)).field(self.meta).finish()
            }
        }
        impl<S: HookSpec> Entry for $entry<S> {
            fn meta(&self) -> &'static HookMeta {
                self.meta
            }
        }
    )*};
}
entry!(SyncEntry AsyncEntry);

/// The value of the function item `F`.
///
/// # Safety
///
/// A value of `F` existed: `F` was an argument of an entry's `new`, which also proved that it has no size.
unsafe fn function<F: Copy + 'static>() -> F {
    // SAFETY: `F` has no size, so there are no bytes to be wrong, and the caller knows that it is inhabited.
    unsafe { NonNull::<F>::dangling().read() }
}

fn call<S, F, R, M>(args: S::Args<'_>) -> Returned<S::Output>
where
    S: HookSpec,
    F: for<'a> Fn(S::Args<'a>) -> R + Copy + 'static,
    R: IntoHook<S::Output, M>,
{
    // SAFETY: only `SyncEntry::new` names this function, and it had a value of `F`.
    let hook: F = unsafe { function() };
    caught(|| hook(args).into_hook().map_err(|error| Box::new(FaultCause::Error(error))))
}

/// Runs `body`; a panic becomes a fault.
#[inline]
fn caught<T>(body: impl FnOnce() -> Returned<T>) -> Returned<T> {
    // What a hook leaves half done is the plugin's own: nothing of the engine is borrowed mutably.
    catch_unwind(AssertUnwindSafe(body))
        .unwrap_or_else(|payload| Err(Box::new(FaultCause::of_panic(payload))))
}

/// See [`AsyncEntry::start`].
unsafe fn start<S, F, R, M>(
    place: *mut u8,
    args: S::Args<'_>,
    cx: &mut Context<'_>,
) -> Poll<Returned<S::Output>>
where
    S: HookSpec,
    F: for<'a> AsyncHook<'a, S, R>,
    R: IntoHook<S::Output, M>,
{
    // SAFETY: only `AsyncEntry::new` names this function, and it had a value of `F`.
    let hook: F = unsafe { function() };
    let write = |place: *mut u8| {
        // SAFETY: the place is writable for the layout of this future and holds nothing.
        unsafe { put(place, hook.call(args)) }
    };
    // SAFETY: `write` leaves a future at the place that it returns.
    unsafe { poll_at(place, write, false, cx) }
}

/// Writes `value` to `place`.
///
/// # Safety
///
/// The place is writable for the layout of `T`.
#[inline]
unsafe fn put<T>(place: *mut u8, value: T) -> *mut T {
    let place = place.cast::<T>();
    // SAFETY: the caller's promise.
    unsafe { place.write(value) };
    place
}

/// See [`AsyncEntry::resume`].
///
/// The future's type stands for the same one with any lifetime: types that differ in lifetimes only are one at run time.
unsafe fn resume<S, Fut, R, M>(place: *mut u8, cx: &mut Context<'_>) -> Poll<Returned<S::Output>>
where
    S: HookSpec,
    Fut: Future<Output = R>,
    R: IntoHook<S::Output, M>,
{
    // SAFETY: a future lies there.
    unsafe { poll_at(place, <*mut u8>::cast::<Fut>, true, cx) }
}

/// Polls the future that `at` finds or puts at `place`, and drops it unless it is pending. `alive`: it lies there already.
#[inline]
unsafe fn poll_at<Fut, Out, M>(
    place: *mut u8,
    at: impl FnOnce(*mut u8) -> *mut Fut,
    mut alive: bool,
    cx: &mut Context<'_>,
) -> Poll<Returned<Out>>
where
    Fut: Future,
    Fut::Output: IntoHook<Out, M>,
{
    let polled = catch_unwind(AssertUnwindSafe(|| {
        let future = at(place);
        alive = true;
        // SAFETY: a future lies there and never moves.
        let Poll::Ready(result) = unsafe { Pin::new_unchecked(&mut *future) }.poll(cx) else {
            return Poll::Pending;
        };
        alive = false;
        // SAFETY: it is ready and not dropped; nobody uses it after this.
        unsafe { future.drop_in_place() };
        Poll::Ready(result.into_hook().map_err(|error| Box::new(FaultCause::Error(error))))
    }));
    polled.unwrap_or_else(|payload| {
        if alive {
            // A second panic, in the drop, is told by std's message; the first is the fault.
            // SAFETY: it panicked while it was polled and is not dropped; nobody uses it after this.
            drop(unsafe { cancel::<Fut>(place) });
        }
        Poll::Ready(Err(Box::new(FaultCause::of_panic(payload))))
    })
}

/// See [`AsyncEntry::cancel`].
unsafe fn cancel<Fut>(place: *mut u8) -> Returned<()> {
    caught(|| {
        // SAFETY: a future lies there; nobody uses it after this.
        unsafe { place.cast::<Fut>().drop_in_place() };
        Ok(())
    })
}

impl<S: HookSpec> Table<SyncEntry<S>> {
    /// Calls the implementations one after the other.
    #[inline]
    pub fn call<M: Mode<S::Output>>(&self, args: S::Args<'_>, mut mode: M) -> M::Out {
        if self.is_empty() {
            return mode.finish();
        }
        let mut timed = self.cost.begin();
        for (at, slot) in self.slots.iter().enumerate() {
            if self.settle(at, (slot.entry.call)(args), &mut timed, &mut mode).is_break() {
                break;
            }
        }
        mode.finish()
    }
}

#[repr(C, align(16))]
struct Buffer(MaybeUninit<[u8; BUFFER_BYTES]>);

/// Where the future of the hook under way is.
#[derive(Clone, Copy)]
enum Running {
    /// No hook is under way.
    No,
    /// In the dispatch's own buffer.
    Inside,
    /// In a block of its own.
    Block(NonNull<u8>),
}

/// The implementations of an async hook being awaited, one after the other.
///
/// # Cancel safety
///
/// Dropping it drops the future of the implementation under way; those after it are not called.
#[must_use = "a dispatch does nothing until it is awaited"]
pub struct Dispatch<'a, S: HookSpec, M> {
    table: &'a Table<AsyncEntry<S>>,
    args: S::Args<'a>,
    /// Taken when the dispatch is done.
    mode: Option<M>,
    /// The slot under way, or the next.
    at: usize,
    begun: bool,
    timed: Option<Timed>,
    limit: Option<Sleep>,
    running: Running,
    buffer: Buffer,
    _pinned: PhantomPinned,
}

// SAFETY: it holds the arguments, the mode, and the future of a hook, which is `Send` by the bound of `AsyncHook::Fut`;
// the pointer of `Running::Block` is owned like a box.
unsafe impl<'a, S: HookSpec, M: Send> Send for Dispatch<'a, S, M> where S::Args<'a>: Send {}

impl<S: HookSpec> Table<AsyncEntry<S>> {
    /// Awaits the implementations one after the other.
    #[inline]
    pub fn call<'a, M: Mode<S::Output>>(&'a self, args: S::Args<'a>, mode: M) -> Dispatch<'a, S, M> {
        Dispatch {
            table: self,
            args,
            mode: Some(mode),
            at: 0,
            begun: false,
            timed: None,
            limit: None,
            running: Running::No,
            buffer: Buffer(MaybeUninit::uninit()),
            _pinned: PhantomPinned,
        }
    }
}

impl<S: HookSpec, M: Mode<S::Output>> Future for Dispatch<'_, S, M> {
    type Output = M::Out;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<M::Out> {
        // SAFETY: nothing is moved out of the pinned parts (`buffer`, `limit`); and only single fields are borrowed
        // from here on, never the whole, because the future in the buffer may point into itself.
        let this = unsafe { &raw mut *self.get_unchecked_mut() };
        // SAFETY: `this` is valid, ours alone and pinned for the length of the call.
        unsafe { Self::advance(this, cx) }
    }
}

impl<S: HookSpec, M: Mode<S::Output>> Dispatch<'_, S, M> {
    #[inline]
    unsafe fn advance(this: *mut Self, cx: &mut Context<'_>) -> Poll<M::Out> {
        // SAFETY (for the whole body): `this` is valid and pinned; see `poll`. `step` leaves no hook under way when it
        // is ready.
        unsafe {
            let table = (*this).table;
            if !(*this).begun {
                (*this).begun = true;
                (*this).timed = table.cost.begin();
            }
            while (*this).at < table.slots.len() {
                let Poll::Ready(result) = Self::step(this, cx) else { return Poll::Pending };
                let at = (*this).at;
                (*this).at += 1;
                let Some(mode) = &mut (*this).mode else { break };
                if table.settle(at, result, &mut (*this).timed, mode).is_break() {
                    break;
                }
            }
            match (*this).mode.take() {
                Some(mode) => Poll::Ready(mode.finish()),
                None => panic!("a dispatch was polled after it was ready"),
            }
        }
    }

    /// Starts or resumes the slot under way.
    #[inline]
    unsafe fn step(this: *mut Self, cx: &mut Context<'_>) -> Poll<Returned<S::Output>> {
        // SAFETY (for the whole body): `this` is valid and pinned; the pointer is to a place for this entry's future,
        // empty for `start`, with the future for `resume`.
        unsafe {
            let table = (*this).table;
            let entry = &table.slots[(*this).at].entry;
            if !matches!((*this).running, Running::No) {
                let polled = (entry.resume)(Self::place(this), cx);
                return Self::after_waiting(this, polled, cx);
            }
            if entry.layout.size() > BUFFER_BYTES || entry.layout.align() > align_of::<Buffer>() {
                return Self::start_in_block(this, cx);
            }
            let polled = (entry.start)((&raw mut (*this).buffer).cast(), (*this).args, cx);
            if polled.is_pending() {
                (*this).running = Running::Inside;
                return Self::after_waiting(this, polled, cx);
            }
            polled
        }
    }

    #[cold]
    unsafe fn start_in_block(this: *mut Self, cx: &mut Context<'_>) -> Poll<Returned<S::Output>> {
        // SAFETY (for the whole body): `this` as above; the layout is not empty, as it did not fit.
        unsafe {
            let table = (*this).table;
            let entry = &table.slots[(*this).at].entry;
            let Some(block) = NonNull::new(std::alloc::alloc(entry.layout)) else {
                std::alloc::handle_alloc_error(entry.layout)
            };
            let polled = (entry.start)(block.as_ptr(), (*this).args, cx);
            (*this).running = Running::Block(block);
            Self::after_waiting(this, polled, cx)
        }
    }

    /// A hook that had waited was polled, or one has begun to wait: looks at the limit and clears up behind it.
    #[inline]
    unsafe fn after_waiting(
        this: *mut Self,
        polled: Poll<Returned<S::Output>>,
        cx: &mut Context<'_>,
    ) -> Poll<Returned<S::Output>> {
        // SAFETY (for the whole body): `this` as above; a hook is under way, whose future is at its place exactly if
        // `polled` is pending.
        unsafe {
            let table = (*this).table;
            let slot = &table.slots[(*this).at];
            let polled = match (polled, slot.limit) {
                (Poll::Pending, None) => return Poll::Pending,
                (Poll::Pending, Some(limit)) => {
                    if (*this).limit.is_none() {
                        (*this).limit = Some(tokio::time::sleep(limit));
                    }
                    let sleep = Pin::new_unchecked(&mut (*this).limit).as_pin_mut();
                    if sleep.is_some_and(|sleep| sleep.poll(cx).is_pending()) {
                        return Poll::Pending;
                    }
                    drop((slot.entry.cancel)(Self::place(this)));
                    Poll::Ready(Err(Box::new(FaultCause::TimedOut(limit))))
                }
                (ready, _) => ready,
            };
            (*this).limit = None;
            Self::free(this);
            polled
        }
    }
}

impl<S: HookSpec, M> Dispatch<'_, S, M> {
    /// Where the future under way is.
    #[inline]
    unsafe fn place(this: *mut Self) -> *mut u8 {
        // SAFETY: `this` is valid.
        unsafe {
            match (*this).running {
                Running::Block(block) => block.as_ptr(),
                Running::No | Running::Inside => (&raw mut (*this).buffer).cast(),
            }
        }
    }

    /// No hook is under way any more: gives its block back.
    #[inline]
    unsafe fn free(this: *mut Self) {
        // SAFETY: `this` is valid, and the future is gone from the block, which was allocated with this layout.
        unsafe {
            if let Running::Block(block) = (*this).running {
                let table = (*this).table;
                std::alloc::dealloc(block.as_ptr(), table.slots[(*this).at].entry.layout);
            }
            (*this).running = Running::No;
        }
    }

    /// The dispatch ends before it is ready: drops the future under way.
    #[cold]
    unsafe fn abandon(this: *mut Self) {
        // SAFETY: `this` is valid and pinned, and `running` says where a future is.
        unsafe {
            let (table, at) = ((*this).table, (*this).at);
            if matches!((*this).running, Running::No) {
                // The mode panicked after the slot before this one.
                return table.cost.stop(at.saturating_sub(1));
            }
            if let Err(cause) = (table.slots[at].entry.cancel)(Self::place(this)) {
                table.record(at, *cause);
            }
            table.cost.stop(at);
            Self::free(this);
        }
    }
}

impl<S: HookSpec, M> Drop for Dispatch<'_, S, M> {
    fn drop(&mut self) {
        if self.begun && self.mode.is_some() {
            // SAFETY: it is being dropped, and was pinned if it has begun.
            unsafe { Self::abandon(self) }
        }
    }
}

impl<S: HookSpec, M> fmt::Debug for Dispatch<'_, S, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dispatch").field("hook", &S::NAME).field("at", &self.at).finish_non_exhaustive()
    }
}
