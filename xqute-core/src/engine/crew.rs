//! Who makes the calls of hooks? As many tasks as the runtime has threads, from one queue: a hook that blocks its thread holds up
//! no more than a task of its own would, and a call that has nothing to wait for costs no task.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::runtime::Handle;

type Call = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Calls that nobody has begun.
#[derive(Default)]
struct Queue(Mutex<VecDeque<Call>>);

impl Queue {
    fn push(&self, calls: &mut Vec<Call>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(calls.drain(..));
    }

    fn pop(&self) -> Option<Call> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

/// Makes calls on a runtime.
pub(super) struct Crew {
    runtime: Handle,
    queue: Arc<Queue>,
    /// For the next start.
    added: Vec<Call>,
}

impl Crew {
    pub(super) fn new(runtime: Handle) -> Self {
        Self { runtime, queue: Arc::default(), added: Vec::new() }
    }

    pub(super) fn runtime(&self) -> &Handle {
        &self.runtime
    }

    /// A call that begins with the next start.
    pub(super) fn add(&mut self, call: impl Future<Output = ()> + Send + 'static) {
        self.added.push(Box::pin(call));
    }

    /// Begins what was added.
    pub(super) fn start(&mut self) {
        let members = self.added.len().min(self.runtime.metrics().num_workers());
        self.queue.push(&mut self.added);
        for _ in 0..members {
            self.runtime.spawn(Member { queue: Arc::clone(&self.queue), is_done: false }.work());
        }
    }
}

/// One of the tasks.
struct Member {
    queue: Arc<Queue>,
    is_done: bool,
}

impl Member {
    async fn work(mut self) {
        while let Some(mut call) = self.queue.pop() {
            let waits = poll_fn(|context| Poll::Ready(waits(&mut call, context))).await;
            if waits {
                tokio::spawn(call);
            }
            // The runtime may have other things to do.
            tokio::task::consume_budget().await;
        }
        self.is_done = true;
    }
}

/// Whether a call has to wait. As in a task of its own, a panic ends that call alone.
fn waits(call: &mut Call, context: &mut Context<'_>) -> bool {
    catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(context).is_pending())).unwrap_or(false)
}

impl Drop for Member {
    /// The runtime shuts down: nobody will begin what is left, and whoever waits for it is told so when it is dropped.
    fn drop(&mut self) {
        while !self.is_done
            && let Some(call) = self.queue.pop()
        {
            drop(call);
        }
    }
}
