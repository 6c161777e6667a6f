//! What is made of the results of a hook's implementations? The result modes.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::fault::Fault;
use super::table::Source;
use super::verdict::{Submit, Verdict};

/// Collects what the implementations of one hook return, in their order, and may end the dispatch early.
///
/// The modes that [`hookspec`](macro@crate::hookspec) offers are [`All`], [`First`], [`Veto`] and [`Each`]; [`Gate`]
/// goes around one of them where a broken implementation must not be passed over.
#[diagnostic::on_unimplemented(
    message = "the mode of this hook cannot collect `{R}`",
    label = "`first` collects `Option<T>`, `Verdict` or `Submit`; `each` collects anything"
)]
pub trait Mode<R> {
    /// What the caller of the hook gets.
    type Out;
    /// Takes one result. `Break` means that the rest are not called.
    fn take(&mut self, from: &Source, result: R) -> ControlFlow<()>;
    /// Learns that an implementation had no result. It is reported and counted already.
    fn fault(&mut self, fault: Arc<Fault>) -> ControlFlow<()> {
        let _ = fault;
        ControlFlow::Continue(())
    }
    /// What came of it.
    fn finish(self) -> Self::Out;
}

/// Calls all; there is nothing to collect.
#[derive(Debug, Default)]
pub struct All;

impl Mode<()> for All {
    type Out = ();
    #[inline]
    fn take(&mut self, _: &Source, (): ()) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
    #[inline]
    fn finish(self) {}
}

/// A result and the plugin that gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said<R> {
    /// The plugin's name.
    pub plugin: Arc<str>,
    /// What it said.
    pub value: R,
}

/// A result that may be none, for [`First`].
pub trait Abstain {
    /// Whether this decides nothing, so that the next implementation is asked.
    fn abstains(&self) -> bool;
}

impl<T> Abstain for Option<T> {
    fn abstains(&self) -> bool {
        self.is_none()
    }
}

impl Abstain for Verdict {
    fn abstains(&self) -> bool {
        !self.is_veto()
    }
}

impl Abstain for Submit {
    fn abstains(&self) -> bool {
        matches!(self, Self::Proceed)
    }
}

/// Calls until one does not abstain.
#[derive(Debug)]
pub struct First<R>(Option<Said<R>>);

impl<R> Default for First<R> {
    fn default() -> Self {
        Self(None)
    }
}

#[diagnostic::do_not_recommend]
impl<R: Abstain> Mode<R> for First<R> {
    type Out = Option<Said<R>>;
    #[inline]
    fn take(&mut self, from: &Source, value: R) -> ControlFlow<()> {
        if value.abstains() {
            return ControlFlow::Continue(());
        }
        self.0 = Some(Said { plugin: Arc::clone(&from.plugin), value });
        ControlFlow::Break(())
    }
    #[inline]
    fn finish(self) -> Self::Out {
        self.0
    }
}

/// Calls until one vetoes: gives the reason of the veto.
#[derive(Debug, Default)]
pub struct Veto(Option<Said<std::borrow::Cow<'static, str>>>);

impl Mode<Verdict> for Veto {
    type Out = Option<Said<std::borrow::Cow<'static, str>>>;
    #[inline]
    fn take(&mut self, from: &Source, verdict: Verdict) -> ControlFlow<()> {
        match verdict {
            Verdict::Proceed => ControlFlow::Continue(()),
            Verdict::Veto(value) => {
                self.0 = Some(Said { plugin: Arc::clone(&from.plugin), value });
                ControlFlow::Break(())
            }
        }
    }
    #[inline]
    fn finish(self) -> Self::Out {
        self.0
    }
}

/// Hands every result to the caller's closure, which folds or concatenates without a list in between.
pub struct Each<F>(pub F);

impl<F> std::fmt::Debug for Each<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Each(..)")
    }
}

impl<R, F: FnMut(&str, R)> Mode<R> for Each<F> {
    type Out = ();
    #[inline]
    fn take(&mut self, from: &Source, result: R) -> ControlFlow<()> {
        (self.0)(&from.plugin, result);
        ControlFlow::Continue(())
    }
    #[inline]
    fn finish(self) {}
}

/// Around another mode: gives beside what that gives the first fault of a plugin whose faults fail jobs or stop the run.
#[derive(Debug, Default)]
pub struct Faults<M> {
    inner: M,
    first: Option<Arc<Fault>>,
}

impl<M> Faults<M> {
    /// Around `inner`.
    pub fn new(inner: M) -> Self {
        Self { inner, first: None }
    }
}

#[diagnostic::do_not_recommend]
impl<R, M: Mode<R>> Mode<R> for Faults<M> {
    type Out = (M::Out, Option<Arc<Fault>>);
    #[inline]
    fn take(&mut self, from: &Source, result: R) -> ControlFlow<()> {
        self.inner.take(from, result)
    }
    fn fault(&mut self, fault: Arc<Fault>) -> ControlFlow<()> {
        if self.first.is_none() && fault.policy().is_severe() {
            self.first = Some(Arc::clone(&fault));
        }
        self.inner.fault(fault)
    }
    #[inline]
    fn finish(self) -> Self::Out {
        (self.inner.finish(), self.first)
    }
}

/// Around another mode: the first implementation without a result ends the dispatch, as an error.
#[derive(Debug, Default)]
pub struct Gate<M> {
    inner: M,
    broken: Option<Arc<Fault>>,
}

impl<M> Gate<M> {
    /// A gate around `inner`.
    pub fn new(inner: M) -> Self {
        Self { inner, broken: None }
    }
}

#[diagnostic::do_not_recommend]
impl<R, M: Mode<R>> Mode<R> for Gate<M> {
    type Out = Result<M::Out, Arc<Fault>>;
    #[inline]
    fn take(&mut self, from: &Source, result: R) -> ControlFlow<()> {
        self.inner.take(from, result)
    }
    fn fault(&mut self, fault: Arc<Fault>) -> ControlFlow<()> {
        self.broken = Some(fault);
        ControlFlow::Break(())
    }
    #[inline]
    fn finish(self) -> Self::Out {
        match self.broken {
            Some(fault) => Err(fault),
            None => Ok(self.inner.finish()),
        }
    }
}
