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
pub trait AsyncHook<'a, S: HookSpec, R>: Fn(S::Args<'a>) -> Self::Fut + Copy + Send + 'static {
    /// The future that one call makes. It may borrow from the arguments.
    type Fut: Future<Output = R> + Send + 'a;
}

impl<'a, S, F, Fut, R> AsyncHook<'a, S, R> for F
where
    S: HookSpec,
    F: Fn(S::Args<'a>) -> Fut + Copy + Send + 'static,
    Fut: Future<Output = R> + Send + 'a,
{
    type Fut = Fut;
}

/// An argument as the user's function wants it. Only a type itself is one; the trait is here for the sentence
/// that the compiler says when the types differ.
#[diagnostic::on_unimplemented(
    message = "this hook argument is a `{T}`, not a `{Self}`",
    label = "write `{T}` here"
)]
pub trait HookArg<T>: Sized {
    /// Hands the argument over.
    fn take(given: T) -> Self;
}

#[diagnostic::do_not_recommend]
impl<T> HookArg<T> for T {
    #[inline]
    fn take(given: T) -> T {
        given
    }
}

/// An argument on its way to a user's function.
///
/// A function of both types would not do: the only implementation of [`HookArg`] would tell the compiler what is given
/// before it looks, and the error would be of another place.
#[derive(Debug)]
pub struct Given<T>(pub T);

impl<T> Given<T> {
    /// Hands it over.
    #[inline]
    pub fn take<Wanted: HookArg<T>>(self) -> Wanted {
        Wanted::take(self.0)
    }
}

/// What a user's function may return where the hook's result is `R`: `R` itself, what is listed below for the engine's
/// results, and a `Result` of either.
///
/// The marker `M` keeps the implementations apart: without it the one for `Result` would overlap the others
/// (E0119). It is always inferred.
#[diagnostic::on_unimplemented(
    message = "this hook cannot return `{Self}`: its result is `{R}`",
    label = "return `{R}`, or what converts into it",
    note = "for `Verdict` and `Submit` a hook may return nothing, `bool` or `Option<bool>`; for `Text` nothing, `String`, `&'static str` or `Option` of either",
    note = "it may return a `Result` of what it may return"
)]
pub trait IntoHook<R, M> {
    /// Converts.
    ///
    /// # Errors
    ///
    /// The error that the function returned.
    fn into_hook(self) -> Result<R, BoxError>;
}

/// The error of a `Result` that a user's function returns.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the error of a hook",
    label = "return an error that is `Send + Sync`, or a text, in the `Result`",
    note = "errors are what `?` converts into `Box<dyn Error + Send + Sync>`: types with `std::error::Error`, `anyhow::Error`, `String`, `&str`"
)]
pub trait HookError {
    /// Boxes it, if it is not.
    fn into_box(self) -> BoxError;
}

#[diagnostic::do_not_recommend]
impl<E: Into<BoxError>> HookError for E {
    #[inline]
    fn into_box(self) -> BoxError {
        self.into()
    }
}

/// Marks the result itself.
#[derive(Debug)]
pub struct Same;

/// Marks the conversions that cannot fail.
#[derive(Debug)]
pub struct Plain;

/// Marks a `Result` around something that is marked `M`.
#[derive(Debug)]
pub struct Fallible<M>(std::marker::PhantomData<M>);

#[diagnostic::do_not_recommend]
impl<R> IntoHook<R, Same> for R {
    #[inline]
    fn into_hook(self) -> Result<R, BoxError> {
        Ok(self)
    }
}

impl<T, R, E, M> IntoHook<R, Fallible<M>> for Result<T, E>
where
    T: IntoHook<R, M>,
    E: HookError,
{
    #[inline]
    fn into_hook(self) -> Result<R, BoxError> {
        self.map_err(HookError::into_box)?.into_hook()
    }
}

/// `impl IntoHook<R, Plain> for T`, for a conversion that cannot fail.
macro_rules! plainly {
    ($($given:ty => $result:ty: |$value:pat_param| $convert:expr;)*) => {$(
        #[diagnostic::do_not_recommend]
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
    () => Verdict: |()| Verdict::Proceed;
    bool => Verdict: |go| Verdict::from_bool(go);
    Option<bool> => Verdict: |go| Verdict::from_bool(go != Some(false));

    Verdict => Submit: |verdict| verdict.into();
    () => Submit: |()| Submit::Proceed;
    bool => Submit: |go| Verdict::from_bool(go).into();
    Option<bool> => Submit: |go| Verdict::from_bool(go != Some(false)).into();

    () => Text: |()| Text::NONE;
    String => Text: |text| Text::from(text);
    &'static str => Text: |text| Text::from(text);
    Cow<'static, str> => Text: |text| Text::from(text);
    Option<String> => Text: |text| text.map(Text::from).unwrap_or_default();
    Option<&'static str> => Text: |text| text.map(Text::from).unwrap_or_default();
}
