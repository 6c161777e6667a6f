//! How is a function of any type called, and its future awaited, through a value of one type?
//!
//! The only file of this room with `unsafe`. An async implementation is an entry `{start, resume, cancel}`. `start`
//! writes the concrete future into a [`Seat`], which lies *inside* the dispatch's own future, polls it once and drops it
//! if it is ready; so a hook that does not wait costs one indirect call, and none costs an allocation unless its future
//! is larger than [`BUFFER_BYTES`]. What holds it together:
//!
//! - A future is written, polled and dropped at one address: a seat is `!Unpin`, and pinned before a future is in it.
//! - If a seat is leaked, its future is leaked with it: nobody uses that memory again. (A buffer lent from outside would
//!   be used again under a future that still stands in some list of wakers.)
//! - A future borrows from the arguments of its call only, and these outlive the seat: both have the lifetime `'a`.
//! - A seat says that a future is in it only while no function of the entry runs: should one of them unwind, the
//!   future is leaked and never dropped twice.
//! - A function item has no size: its value can be made from nothing, on any thread, if there was one that may be copied
//!   and sent.
//! - Two types that differ in lifetimes only are one at run time: `resume` and `cancel` are made for the future of a
//!   `'static` call and stand for that of any.
#![expect(
    unsafe_code,
    reason = "hooks of different types are called through one table, awaited without allocation"
)]

use std::fmt;
use std::future::Future;
use std::marker::PhantomPinned;
use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll};

use crate::hook::fault::{FaultCause, Returned};
use crate::hook::meta::HookMeta;
use crate::hook::spec::{AsyncHook, HookSpec, IntoHook};
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

/// An implementation of a synchronous hook.
pub struct SyncEntry<S: HookSpec> {
    meta: &'static HookMeta,
    call: for<'a> fn(&S::Args<'a>) -> Returned<S::Output>,
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
        (self.call)(args)
    }
}

/// An implementation of an async hook.
pub struct AsyncEntry<S: HookSpec> {
    meta: &'static HookMeta,
    /// Makes the future in the buffer, which is empty, and polls it. It is there afterwards exactly if it is pending.
    start: for<'a> unsafe fn(*mut Buffer, &S::Args<'a>, &mut Context<'_>) -> Polled<S::Output>,
    /// Polls the future that `start` left in the buffer. It is there afterwards exactly if it is pending.
    resume: unsafe fn(*mut Buffer, &mut Context<'_>) -> Polled<S::Output>,
    /// Drops the future that `start` left in the buffer.
    cancel: unsafe fn(*mut Buffer) -> Returned<()>,
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
        if fits::<<F as AsyncHook<'static, S, R>>::Fut>() {
            Self::holding::<F, <F as AsyncHook<'static, S, R>>::Fut, R, M>(meta)
        } else {
            Self::holding::<F, Pin<Box<<F as AsyncHook<'static, S, R>>::Fut>>, R, M>(meta)
        }
    }

    /// An entry for `F` that leaves a `Fut` in the buffer.
    const fn holding<F, Fut, R, M>(meta: &'static HookMeta) -> Self
    where
        F: for<'a> AsyncHook<'a, S, R>,
        Fut: Future<Output = R>,
        R: IntoHook<S::Output, M>,
    {
        Self { meta, start: start::<S, F, R, M>, resume: resume::<S, Fut, R, M>, cancel: cancel::<Fut> }
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
unsafe fn function<F: Copy + Send + 'static>() -> F {
    // SAFETY: `F` has no size, so there are no bytes to be wrong, and the caller knows that it is inhabited. That this is
    // a copy, perhaps on another thread, is what `Copy` and `Send` allow.
    unsafe { NonNull::<F>::dangling().read() }
}

/// See [`SyncEntry`].
fn call<S, F, R, M>(args: &S::Args<'_>) -> Returned<S::Output>
where
    S: HookSpec,
    F: for<'a> Fn(S::Args<'a>) -> R + Copy + Send + 'static,
    R: IntoHook<S::Output, M>,
{
    // SAFETY: only `SyncEntry::new` names this function, and it had a value of `F`.
    let hook: F = unsafe { function() };
    caught(|| convert(hook(*args)))
}

fn convert<R: IntoHook<Out, M>, Out, M>(result: R) -> Returned<Out> {
    result.into_hook().map_err(|error| Box::new(FaultCause::Error(error)))
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
    buffer: *mut Buffer,
    args: &S::Args<'_>,
    cx: &mut Context<'_>,
) -> Polled<S::Output>
where
    S: HookSpec,
    F: for<'a> AsyncHook<'a, S, R>,
    R: IntoHook<S::Output, M>,
{
    // SAFETY: only `AsyncEntry::new` names this function, and it had a value of `F`.
    let hook: F = unsafe { function() };
    if fits::<<F as AsyncHook<'_, S, R>>::Fut>() {
        // SAFETY: the future fits, and the caller gave an empty buffer.
        unsafe { start_with::<S, _, R, M>(buffer, || hook.call(*args), cx) }
    } else {
        // SAFETY: a box fits, and the caller gave an empty buffer.
        unsafe { start_with::<S, _, R, M>(buffer, || Box::pin(hook.call(*args)), cx) }
    }
}

/// [`start`], with the future that `make` gives.
///
/// # Safety
///
/// The buffer is empty, and `Fut` fits.
#[inline]
unsafe fn start_with<S, Fut, R, M>(
    buffer: *mut Buffer,
    make: impl FnOnce() -> Fut,
    cx: &mut Context<'_>,
) -> Polled<S::Output>
where
    S: HookSpec,
    Fut: Future<Output = R>,
    R: IntoHook<S::Output, M>,
{
    let made = caught(|| {
        let future = make();
        // SAFETY: there is room for it.
        unsafe { buffer.cast::<Fut>().write(future) };
        Ok(())
    });
    match made {
        // SAFETY: it has just been written.
        Ok(()) => unsafe { resume::<S, Fut, R, M>(buffer, cx) },
        Err(cause) => Poll::Ready(Err(cause)),
    }
}

/// See [`AsyncEntry::resume`].
#[inline]
unsafe fn resume<S, Fut, R, M>(buffer: *mut Buffer, cx: &mut Context<'_>) -> Polled<S::Output>
where
    S: HookSpec,
    Fut: Future<Output = R>,
    R: IntoHook<S::Output, M>,
{
    let polled = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: a future is in the buffer, and never moves.
        unsafe { Pin::new_unchecked(&mut *buffer.cast::<Fut>()) }.poll(cx)
    }));
    let said = match polled {
        Ok(Poll::Pending) => return Poll::Pending,
        Ok(Poll::Ready(result)) => caught(|| convert(result)),
        Err(payload) => Err(Box::new(FaultCause::of_panic(payload))),
    };
    // SAFETY: the future is in the buffer, done, and nobody uses it after this.
    let gone = unsafe { cancel::<Fut>(buffer) };
    // Of two faults the first is told; std has printed the message of the other.
    Poll::Ready(said.and_then(|said| gone.map(|()| said)))
}

/// See [`AsyncEntry::cancel`].
#[inline]
unsafe fn cancel<Fut>(buffer: *mut Buffer) -> Returned<()> {
    caught(|| {
        // SAFETY: a future is in the buffer, and nobody uses it after this.
        unsafe { buffer.cast::<Fut>().drop_in_place() };
        Ok(())
    })
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
            let Some(waiting) = (*this).waiting else {
                let polled = (entry.start)(buffer, &(*this).args, cx);
                if polled.is_pending() {
                    (*this).waiting = Some(entry);
                }
                return polled;
            };
            (*this).waiting = None;
            let polled = (waiting.resume)(buffer, cx);
            if polled.is_pending() {
                (*this).waiting = Some(waiting);
            }
            polled
        }
    }

    /// Drops the future that is seated, if one is.
    #[cold]
    pub(super) fn clear(self: Pin<&mut Self>) -> Returned<()> {
        // SAFETY: as in `poll`.
        unsafe {
            let this = &raw mut *self.get_unchecked_mut();
            match (*this).waiting.take() {
                Some(waiting) => (waiting.cancel)(&raw mut (*this).buffer),
                None => Ok(()),
            }
        }
    }
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
