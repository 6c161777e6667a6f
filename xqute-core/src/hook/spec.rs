//! What is a hook, to the types? Its arguments, its result, and how a function answers it.

use std::borrow::Cow;
use std::error::Error;
use std::future::Future;

use super::verdict::{Submit, Text, Verdict};

/// The error of a hook, whatever its own type was.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// One hook of a family: implemented by what [`hookspec`](macro@crate::hookspec) generates, never by hand.
pub trait HookSpec: 'static {
    /// The arguments, by reference, in the order of the declaration.
    type Args<'a>: Copy;
    /// What one implementation says.
    type Output: 'static;
    /// The family that declares it.
    const FAMILY: &'static str;
    /// Its name.
    const NAME: &'static str;
}

/// Names the future of an async hook: implemented for every function that [`hook`](macro@crate::hook) wraps.
pub trait AsyncHook<'a, S: HookSpec, R>: Copy + 'static {
    /// The future that one call makes. It may borrow from the arguments.
    type Fut: Future<Output = R> + Send + 'a;
    /// Calls the function.
    fn call(self, args: S::Args<'a>) -> Self::Fut;
}

impl<'a, S, F, Fut, R> AsyncHook<'a, S, R> for F
where
    S: HookSpec,
    F: Fn(S::Args<'a>) -> Fut + Copy + 'static,
    Fut: Future<Output = R> + Send + 'a,
{
    type Fut = Fut;
    #[inline]
    fn call(self, args: S::Args<'a>) -> Fut {
        self(args)
    }
}

/// An argument as the user's function wants it. Only a type itself is one; the trait is here for the sentence
/// that the compiler says when the types differ.
#[diagnostic::on_unimplemented(
    message = "this hook argument is a `{Given}`, not a `{Self}`",
    label = "write `{Given}` here"
)]
pub trait HookArg<Given>: Sized {
    /// Hands the argument over.
    fn take(given: Given) -> Self;
}

impl<T> HookArg<T> for T {
    #[inline]
    fn take(given: T) -> T {
        given
    }
}

/// Hands one argument to a user's function.
#[inline]
pub fn arg<Wanted: HookArg<Given>, Given>(given: Given) -> Wanted {
    Wanted::take(given)
}

/// What a user's function may return where the hook's result is `R`.
///
/// The marker `M` keeps the implementations apart: without it the one for `Result` would overlap the others
/// (E0119). It is always inferred.
#[diagnostic::on_unimplemented(
    message = "this hook cannot return `{Self}`: its result is `{R}`",
    label = "not convertible into `{R}`",
    note = "`Result<_, E>` of whatever is accepted is accepted too, where `E` converts into a boxed error"
)]
pub trait IntoHook<R, M> {
    /// Converts.
    ///
    /// # Errors
    ///
    /// The error that the function returned.
    fn into_hook(self) -> Result<R, BoxError>;
}

/// Marks the conversions that cannot fail.
#[derive(Debug)]
pub struct Plain;

/// Marks a `Result` around something that is marked `M`.
#[derive(Debug)]
pub struct Fallible<M>(std::marker::PhantomData<M>);

impl<T, R, E, M> IntoHook<R, Fallible<M>> for Result<T, E>
where
    T: IntoHook<R, M>,
    E: Into<BoxError>,
{
    #[inline]
    fn into_hook(self) -> Result<R, BoxError> {
        self.map_err(Into::into)?.into_hook()
    }
}

/// `impl IntoHook<R, Plain> for T`, for a conversion that cannot fail.
macro_rules! plainly {
    ($($given:ty => $result:ty: |$value:pat_param| $convert:expr;)*) => {$(
        impl IntoHook<$result, Plain> for $given {
            #[inline]
            fn into_hook(self) -> Result<$result, BoxError> {
                let $value = self;
                Ok($convert)
            }
        }
    )*};
}

plainly! {
    () => (): |()| ();

    Verdict => Verdict: |verdict| verdict;
    () => Verdict: |()| Verdict::Proceed;
    bool => Verdict: |go| Verdict::from_bool(go);
    Option<bool> => Verdict: |go| Verdict::from_bool(go != Some(false));

    Submit => Submit: |submit| submit;
    Verdict => Submit: |verdict| verdict.into();
    () => Submit: |()| Submit::Proceed;
    bool => Submit: |go| Verdict::from_bool(go).into();
    Option<bool> => Submit: |go| Verdict::from_bool(go != Some(false)).into();

    Text => Text: |text| text;
    () => Text: |()| Text::NONE;
    String => Text: |text| Text::from(text);
    &'static str => Text: |text| Text::from(text);
    Cow<'static, str> => Text: |text| Text::from(text);
    Option<String> => Text: |text| text.map(Text::from).unwrap_or_default();
    Option<&'static str> => Text: |text| text.map(Text::from).unwrap_or_default();
}
