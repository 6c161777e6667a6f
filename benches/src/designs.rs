//! What is compared? Three designs, each dispatching the same hooks: xqute's tables, direct calls, boxed futures.

use std::fmt;
use std::future::Future;
use std::hint::black_box;
use std::pin::{Pin, pin};
use std::task::{Context, Waker};

use crate::probe::{self, Subject};

/// How many hooks are called.
pub const COUNTS: [usize; 4] = [0, 1, 4, 16];

/// How the hooks are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Design {
    /// One after the other, written out: nothing can be faster.
    Direct,
    /// Through xqute's tables.
    Xqute,
    /// Through a list of functions, whose futures are boxed.
    Boxed,
}

/// What the hooks do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// They are no async functions.
    Sync,
    /// They do not wait.
    Ready,
    /// They wait once.
    Yielding,
}

/// Something to measure: a dispatch to so many hooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// What the hooks do.
    pub kind: Kind,
    /// How they are called.
    pub design: Design,
    /// How many there are.
    pub hooks: usize,
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, design, hooks } = self;
        write!(f, "{}/{}/{hooks}", format!("{kind:?}").to_lowercase(), format!("{design:?}").to_lowercase())
    }
}

/// Measures cells.
pub trait Meter {
    /// Measures one, whose dispatch this is.
    fn measure(&mut self, cell: Cell, dispatch: impl FnMut());
}

type Args<'a> = (&'a Subject, &'a Subject, &'a Subject);

/// The arguments of one dispatch, of which the compiler knows nothing.
fn args(subject: &Subject) -> Args<'_> {
    let subject = black_box(subject);
    (subject, subject, subject)
}

/// Polls until it is ready, as part of a task: whoever polls that has the context.
#[inline(always)]
fn drive(cx: &mut Context<'_>, future: impl Future<Output = ()>) {
    let mut future = pin!(future);
    while future.as_mut().poll(cx).is_pending() {}
}

fn context() -> Context<'static> {
    Context::from_waker(black_box(Waker::noop()))
}

/// Measures every cell.
pub fn measure(meter: &mut impl Meter) {
    let subject = Subject(1);
    direct_0(meter, &subject);
    direct_1(meter, &subject);
    direct_4(meter, &subject);
    direct_16(meter, &subject);
    for hooks in COUNTS {
        xqute(meter, &subject, hooks);
    }
    for hooks in COUNTS {
        boxed(meter, &subject, hooks);
    }
}

macro_rules! direct {
    ($($function:ident $hooks:literal: $($plugin:ident)*;)*) => {$(
        fn $function(meter: &mut impl Meter, subject: &Subject) {
            let (mut cx, cell) = (context(), |kind| Cell { kind, design: Design::Direct, hooks: $hooks });
            meter.measure(cell(Kind::Sync), || {
                let (_run, _scheduler, _job) = args(subject);
                $(probe::$plugin::sync(_run, _scheduler, _job);)*
            });
            meter.measure(cell(Kind::Ready), || {
                let (_run, _scheduler, _job) = args(subject);
                drive(&mut cx, async { $(probe::$plugin::ready(_run, _scheduler, _job).await;)* });
            });
            meter.measure(cell(Kind::Yielding), || {
                let (_run, _scheduler, _job) = args(subject);
                drive(&mut cx, async { $(probe::$plugin::yielding(_run, _scheduler, _job).await;)* });
            });
        }
    )*};
}

direct! {
    direct_0 0: ;
    direct_1 1: p0;
    direct_4 4: p0 p1 p2 p3;
    direct_16 16: p0 p1 p2 p3 p4 p5 p6 p7 p8 p9 p10 p11 p12 p13 p14 p15;
}

fn xqute(meter: &mut impl Meter, subject: &Subject, hooks: usize) {
    let (mut cx, cell) = (context(), |kind| Cell { kind, design: Design::Xqute, hooks });
    let family = probe::family(hooks);
    meter.measure(cell(Kind::Sync), || {
        let (run, scheduler, job) = args(subject);
        family.sync(run, scheduler, job);
    });
    meter.measure(cell(Kind::Ready), || {
        let (run, scheduler, job) = args(subject);
        drive(&mut cx, family.ready(run, scheduler, job));
    });
    meter.measure(cell(Kind::Yielding), || {
        let (run, scheduler, job) = args(subject);
        drive(&mut cx, family.yielding(run, scheduler, job));
    });
}

type BoxedFuture<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// What a list of hooks is without this library.
struct Lists {
    sync: Vec<for<'a> fn(Args<'a>)>,
    ready: Vec<for<'a> fn(Args<'a>) -> BoxedFuture<'a>>,
    yielding: Vec<for<'a> fn(Args<'a>) -> BoxedFuture<'a>>,
}

macro_rules! lists {
    ($($plugin:ident)*) => {
        Lists {
            sync: vec![$(|(run, scheduler, job)| probe::$plugin::sync(run, scheduler, job)),*],
            ready: vec![$(|(run, scheduler, job)| Box::pin(probe::$plugin::ready(run, scheduler, job))),*],
            yielding: vec![$(|(run, scheduler, job)| Box::pin(probe::$plugin::yielding(run, scheduler, job))),*],
        }
    };
}

impl Lists {
    fn new(hooks: usize) -> Self {
        let mut lists = lists!(p0 p1 p2 p3 p4 p5 p6 p7 p8 p9 p10 p11 p12 p13 p14 p15);
        lists.sync.truncate(hooks);
        lists.ready.truncate(hooks);
        lists.yielding.truncate(hooks);
        lists
    }
}

fn boxed(meter: &mut impl Meter, subject: &Subject, hooks: usize) {
    async fn one_by_one<'a>(hooks: &[for<'b> fn(Args<'b>) -> BoxedFuture<'b>], args: Args<'a>) {
        for hook in hooks {
            hook(args).await;
        }
    }

    let (mut cx, cell) = (context(), |kind| Cell { kind, design: Design::Boxed, hooks });
    let lists = Lists::new(hooks);
    meter.measure(cell(Kind::Sync), || {
        let args = args(subject);
        lists.sync.iter().for_each(|hook| hook(args));
    });
    meter.measure(cell(Kind::Ready), || drive(&mut cx, one_by_one(&lists.ready, args(subject))));
    meter.measure(cell(Kind::Yielding), || drive(&mut cx, one_by_one(&lists.yielding, args(subject))));
}
