//! How is a function of any type called, and its future awaited, through a value of one type?
//!
//! The only file of this room with `unsafe`. An async implementation is an entry `{start, resume, cancel}`. `start`
//! writes the concrete future into a [`Seat`], which lies *inside* the dispatch's own future, polls it once and drops it
//! if it is ready; so a hook that does not wait costs one indirect call, and none costs an allocation unless its future
//! is larger than [`BUFFER_BYTES`]. These functions are made for each hook, so they are as short as can be: what is the
//! same for all, panics above all, is the seat's. What holds it together:
//!
//! - A future is written, polled and dropped at one address: a seat is `!Unpin`, and pinned before a future is in it.
//! - If a seat is leaked, its future is leaked with it: nobody uses that memory again. (A buffer lent from outside would
//!   be used again under a future that still stands in some list of wakers.)
//! - A future borrows from the arguments of its call only, and these outlive the seat: both have the lifetime `'a`.
//! - A function of the entry says in a [`Stage`] how far it has come before each step that may unwind, so that a future
//!   is dropped once whatever unwinds. Meanwhile the seat says that none is in it: one whose drop unwinds is leaked.
//! - A function item has no size: its value can be made from nothing, on any thread, if there was one that may be copied
//!   and sent.
//! - Two types that differ in lifetimes only are one at run time: `resume` and `cancel` are made for the future of a
//!   `'static` call and stand for that of any.
#![expect(
    unsafe_code,
    reason = "hooks of different types are called through one table, awaited without allocation"
)]

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::marker::PhantomPinned;
use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::ptr::{self, NonNull};
use std::task::{Context, Poll};

use crate::hook::fault::{FaultCause, Returned};
use crate::hook::meta::HookMeta;
use crate::hook::spec::{AsyncHook, BoxError, HookSpec, IntoHook};
use crate::hook::table::Entry;

/// The largest future, in bytes, that is awaited without an allocation; its alignment is at most 16.
pub const BUFFER_BYTES: usize = 256;

#[repr(C, align(16))]
struct Buffer(MaybeUninit<[u8; BUFFER_BYTES]>);

/// Whether a value lies in the buffer itself.
const fn fits<T>() -> bool {
    size_of::<T>() <= size_of::<Buffer>() && align_of::<T>() <= align_of::<Buffer>()
}

/// What an implementation gives when it is polled.
pub(super) type Polled<T> = Poll<Returned<T>>;

/// What a hook's function returned, converted.
type Said<T> = Result<T, BoxError>;

/// How far the call of an async implementation has come.
enum Stage<T> {
    /// There is no future.
    Empty,
    /// One is in the buffer.
    Seated,
    /// It has given this, and is being dropped.
    Done(Said<T>),
}

/// An implementation of a synchronous hook.
pub struct SyncEntry<S: HookSpec> {
    meta: &'static HookMeta,
    call: for<'a> fn(&S::Args<'a>) -> Said<S::Output>,
}

impl<S: HookSpec> SyncEntry<S> {
    /// An entry for the function `hook`.
    pub const fn new<F, R, M>(hook: F, meta: &'static HookMeta) -> Self
    where
        F: for<'a> Fn(S::Args<'a>) -> R + Copy + Send + 'static,
        R: IntoHook<S::Output, M>,
    {
        const { assert!(size_of::<F>() == 0, "a hook is a function item") };
        let _ = hook;
        Self { meta, call: call::<S, F, R, M> }
    }

    /// Calls the function.
    #[inline]
    pub(super) fn call(&self, args: &S::Args<'_>) -> Returned<S::Output> {
        match caught(|| (self.call)(args)) {
            Ok(said) => returned(said),
            Err(payload) => panicked(payload),
        }
    }
}

type Start<S> = for<'a> unsafe fn(
    *mut Buffer,
    &<S as HookSpec>::Args<'a>,
    &mut Context<'_>,
    &mut Stage<<S as HookSpec>::Output>,
);
type Resume<S> = unsafe fn(*mut Buffer, &mut Context<'_>, &mut Stage<<S as HookSpec>::Output>);

/// An implementation of an async hook.
pub struct AsyncEntry<S: HookSpec> {
    meta: &'static HookMeta,
    /// Makes the future in the buffer, which is empty, and polls it.
    start: Start<S>,
    /// Polls the future that is in the buffer.
    resume: Resume<S>,
    /// Drops the future that is in the buffer.
    cancel: unsafe fn(*mut Buffer),
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
        // The functions of the branch that is not taken are never made.
        if fits::<Fut<'static, S, F, R>>() {
            let start: Start<S> = start::<S, F, R, M>;
            Self::holding::<Fut<'static, S, F, R>, M>(start, meta)
        } else {
            let start: Start<S> = start_boxed::<S, F, R, M>;
            Self::holding::<Pin<Box<Fut<'static, S, F, R>>>, M>(start, meta)
        }
    }

    /// An entry whose `start` leaves a `Fut` in the buffer.
    const fn holding<Fut, M>(start: Start<S>, meta: &'static HookMeta) -> Self
    where
        Fut: Future,
        Fut::Output: IntoHook<S::Output, M>,
    {
        Self { meta, start, resume: resume::<Fut, S::Output, M>, cancel: cancel::<Fut> }
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
const unsafe fn function<F: Copy + Send + 'static>() -> F {
    // SAFETY: `F` has no size, so there are no bytes to be wrong, and the caller knows that it is inhabited. That this is
    // a copy, perhaps on another thread, is what `Copy` and `Send` allow.
    unsafe { NonNull::<F>::dangling().read() }
}

/// See [`SyncEntry`].
fn call<S, F, R, M>(args: &S::Args<'_>) -> Said<S::Output>
where
    S: HookSpec,
    F: for<'a> Fn(S::Args<'a>) -> R + Copy + Send + 'static,
    R: IntoHook<S::Output, M>,
{
    // SAFETY: only `SyncEntry::new` names this function, and it had a value of `F`.
    let hook = const { unsafe { function::<F>() } };
    hook(*args).into_hook()
}

/// Polls the future that is in the buffer. A macro, because a function would be one more for each hook, and a call.
macro_rules! poll_seated {
    ($future:ty, $buffer:expr, $cx:expr, $stage:expr) => {{
        // It never moves; nobody uses it once it is ready. A stage before that holds nothing that would have to be dropped.
        let future = $buffer.cast::<$future>();
        if let Poll::Ready(result) = Pin::new_unchecked(&mut *future).poll($cx) {
            ptr::write($stage, Stage::Done(result.into_hook()));
            future.drop_in_place();
        }
    }};
}

/// The future of a call.
type Fut<'a, S, F, R> = <F as AsyncHook<'a, S, R>>::Fut;

/// See [`AsyncEntry::start`]. Said to be at the stage `Empty`.
unsafe fn start<S, F, R, M>(
    buffer: *mut Buffer,
    args: &S::Args<'_>,
    cx: &mut Context<'_>,
    stage: &mut Stage<S::Output>,
) where
    S: HookSpec,
    F: for<'a> AsyncHook<'a, S, R>,
    R: IntoHook<S::Output, M>,
{
    // SAFETY: only `AsyncEntry::new` names this function, and it had a value of `F`.
    let hook = const { unsafe { function::<F>() } };
    let future = hook(*args);
    // SAFETY: it fits, or `AsyncEntry::new` had not named this function; the caller gave an empty buffer; then it is there.
    unsafe {
        ptr::write(buffer.cast(), future);
        ptr::write(stage, Stage::Seated);
        poll_seated!(Fut<S, F, R>, buffer, cx, stage);
    }
}

/// [`start`] for a future that does not fit: a box does.
unsafe fn start_boxed<S, F, R, M>(
    buffer: *mut Buffer,
    args: &S::Args<'_>,
    cx: &mut Context<'_>,
    stage: &mut Stage<S::Output>,
) where
    S: HookSpec,
    F: for<'a> AsyncHook<'a, S, R>,
    R: IntoHook<S::Output, M>,
{
    // SAFETY: as in `start`.
    let hook = const { unsafe { function::<F>() } };
    let future = hook(*args);
    // SAFETY: a box fits; the caller gave an empty buffer; then it is there.
    unsafe {
        ptr::write(buffer.cast(), Box::pin(future));
        ptr::write(stage, Stage::Seated);
        poll_seated!(Pin<Box<Fut<S, F, R>>>, buffer, cx, stage);
    }
}

/// See [`AsyncEntry::resume`]. Said to be at the stage `Seated`.
unsafe fn resume<Fut, Out, M>(buffer: *mut Buffer, cx: &mut Context<'_>, stage: &mut Stage<Out>)
where
    Fut: Future,
    Fut::Output: IntoHook<Out, M>,
{
    // SAFETY: a future is in the buffer.
    unsafe { poll_seated!(Fut, buffer, cx, stage) };
}

/// See [`AsyncEntry::cancel`].
unsafe fn cancel<Fut>(buffer: *mut Buffer) {
    // SAFETY: a future is in the buffer, and nobody uses it after this.
    unsafe { buffer.cast::<Fut>().drop_in_place() };
}

/// What a panic leaves.
type Payload = Box<dyn Any + Send>;

/// Runs a function of an entry. What a hook leaves half done is the plugin's own: nothing of the engine is borrowed mutably.
#[inline]
fn caught<T>(body: impl FnOnce() -> T) -> Result<T, Payload> {
    catch_unwind(AssertUnwindSafe(body))
}

#[inline]
fn returned<T>(said: Said<T>) -> Returned<T> {
    said.map_err(|error| Box::new(FaultCause::Error(error)))
}

#[cold]
fn panicked<T>(payload: Payload) -> Returned<T> {
    Err(Box::new(FaultCause::of_panic(payload)))
}

/// Where the futures of an async hook's implementations are awaited, one after the other.
///
/// In this order, because the optimizer joins an empty buffer and a `None` beside it into one memory full of zeros.
#[repr(C)]
pub(super) struct Seat<'a, S: HookSpec> {
    buffer: Buffer,
    /// The futures borrow from them. With them a seat is invariant in `'a` and `Send`; the futures are, by
    /// [`AsyncHook::Fut`].
    args: S::Args<'a>,
    /// The entry whose future is in the buffer.
    waiting: Option<&'a AsyncEntry<S>>,
    _pinned: PhantomPinned,
}

impl<'a, S: HookSpec> Seat<'a, S> {
    /// A seat without a future, for calls with these arguments.
    #[inline]
    pub(super) fn new(args: S::Args<'a>) -> Self {
        Self { buffer: Buffer(MaybeUninit::uninit()), args, waiting: None, _pinned: PhantomPinned }
    }

    /// Whether a future is seated.
    #[inline]
    pub(super) fn is_taken(&self) -> bool {
        self.waiting.is_some()
    }

    /// Polls the future that is seated; where none is, calls `entry` and polls the future of that call, which stays
    /// seated while it is pending.
    #[inline]
    pub(super) fn poll(
        self: Pin<&mut Self>,
        entry: &'a AsyncEntry<S>,
        cx: &mut Context<'_>,
    ) -> Polled<S::Output> {
        // SAFETY: nothing is moved out of the buffer. From here on single fields are touched, never a reference to the
        // whole, because the future may hold pointers into itself.
        let this = unsafe { &raw mut *self.get_unchecked_mut() };
        // SAFETY: `this` is valid; `waiting` says whether there is a future in the buffer, and whose.
        unsafe {
            let buffer = &raw mut (*this).buffer;
            let waiting = (*this).waiting.take();
            let entry = waiting.unwrap_or(entry);
            let mut stage = if waiting.is_some() { Stage::Seated } else { Stage::Empty };
            let ran = caught(|| match stage {
                Stage::Seated => (entry.resume)(buffer, cx, &mut stage),
                _ => (entry.start)(buffer, &(*this).args, cx, &mut stage),
            });
            if let Err(payload) = ran {
                return Poll::Ready(unwound(entry, buffer, stage, payload));
            }
            // Not one `match` of both: the stage would be copied at once, just after its parts were written, and that waits.
            match stage {
                Stage::Seated => {
                    (*this).waiting = Some(entry);
                    Poll::Pending
                }
                Stage::Done(said) => Poll::Ready(returned(said)),
                Stage::Empty => unreachable!("a call leaves a future, or what that gave"),
            }
        }
    }

    /// Drops the future that is seated, if one is.
    #[cold]
    pub(super) fn clear(self: Pin<&mut Self>) -> Returned<()> {
        // SAFETY: as in `poll`.
        unsafe {
            let this = &raw mut *self.get_unchecked_mut();
            match (*this).waiting.take() {
                Some(waiting) => cancelled(waiting, &raw mut (*this).buffer),
                None => Ok(()),
            }
        }
    }
}

/// A function of `entry` unwound at this stage. Of two faults the first is told; std has printed the message of the other.
///
/// # Safety
///
/// At the stage `Seated` the entry's future is in the buffer, and nobody uses it after this.
#[cold]
unsafe fn unwound<S: HookSpec>(
    entry: &AsyncEntry<S>,
    buffer: *mut Buffer,
    stage: Stage<S::Output>,
    payload: Payload,
) -> Returned<S::Output> {
    let panic = panicked(payload);
    match stage {
        Stage::Empty => panic,
        Stage::Seated => {
            // SAFETY: the caller's.
            drop(unsafe { cancelled(entry, buffer) });
            panic
        }
        Stage::Done(said) => returned(said).and(panic),
    }
}

/// Drops the future that is in the buffer.
///
/// # Safety
///
/// It is that of the entry, and nobody uses it after this.
#[cold]
unsafe fn cancelled<S: HookSpec>(entry: &AsyncEntry<S>, buffer: *mut Buffer) -> Returned<()> {
    // SAFETY: the caller's.
    caught(|| unsafe { (entry.cancel)(buffer) }).or_else(panicked)
}

impl<S: HookSpec> Drop for Seat<'_, S> {
    #[inline]
    fn drop(&mut self) {
        if self.waiting.is_some() {
            // SAFETY: it was pinned if there is a future in it, and is not used after this.
            drop(unsafe { Pin::new_unchecked(self) }.clear());
        }
    }
}
