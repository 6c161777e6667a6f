//! Which hooks are measured? A family of three, implemented by sixteen plugins with the same bodies.
//!
//! A body does as little as a hook can that looks at its arguments: it makes the compiler believe that one is read. So
//! what is measured is the call, not the work; and every design calls the very same functions, which the compiler may
//! inline wherever the design lets it.

use std::future::Future;
use std::hint::black_box;
use std::pin::Pin;
use std::task::{Context, Poll};

use xqute::PluginSet;

/// What a hook is told about; stands for a run, a scheduler or a job.
#[derive(Debug)]
pub struct Subject(pub u64);

/// The hooks that are measured. They have as many arguments as those of the engine.
#[xqute::hookspec(path = crate::probe)]
pub trait Probe {
    /// A synchronous hook.
    fn sync(run: &Subject, scheduler: &Subject, job: &Subject);
    /// An async hook that does not wait.
    async fn ready(run: &Subject, scheduler: &Subject, job: &Subject);
    /// An async hook that waits once.
    async fn yielding(run: &Subject, scheduler: &Subject, job: &Subject);
}

/// Is pending once, and asks to be polled again at once.
#[derive(Debug, Default)]
pub struct YieldOnce(bool);

impl Future for YieldOnce {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// Makes the compiler believe that each is read.
#[inline(always)]
fn look(run: &Subject, scheduler: &Subject, job: &Subject) {
    black_box(run);
    black_box(scheduler);
    black_box(job);
}

macro_rules! plugins {
    ($($plugin:ident)*) => {
        $(
            /// One of the sixteen.
            pub mod $plugin {
                use super::{Subject, YieldOnce, look};

                xqute::plugin!();

                /// Looks at the job.
                #[xqute::hook(crate::probe::Probe)]
                pub fn sync(run: &Subject, scheduler: &Subject, job: &Subject) {
                    look(run, scheduler, job);
                }

                /// Looks at the job.
                #[xqute::hook(crate::probe::Probe)]
                pub async fn ready(run: &Subject, scheduler: &Subject, job: &Subject) {
                    look(run, scheduler, job);
                }

                /// Looks at the job, waits once, and looks again.
                #[xqute::hook(crate::probe::Probe)]
                pub async fn yielding(run: &Subject, scheduler: &Subject, job: &Subject) {
                    look(run, scheduler, job);
                    YieldOnce::default().await;
                    look(run, scheduler, job);
                }
            }
        )*

        const NAMES: &[&str] = &[$(stringify!($plugin)),*];
    };
}
plugins!(p0 p1 p2 p3 p4 p5 p6 p7 p8 p9 p10 p11 p12 p13 p14 p15);

/// The family as a run with this many of the plugins has it.
///
/// # Panics
///
/// There are no more than sixteen.
#[must_use]
pub fn family(plugins: usize) -> Probe {
    let chosen = &NAMES[..plugins];
    let others = NAMES[plugins..].iter().map(|name| format!("-{name}"));
    let set = PluginSet::builder().select(others).build().expect("the names are those of the plugins above");
    assert_eq!(set.plugins().iter().filter(|it| it.on).count(), chosen.len());
    Probe::build(&set)
}
