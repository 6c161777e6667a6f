//! How does a hook wait for what blocks, without knowing the program's runtime? On a thread of its own.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::thread;

struct Shared<T> {
    done: Option<T>,
    waker: Option<Waker>,
}

/// Runs it on a thread, and waits for what it gives. It must not panic.
pub(crate) async fn run<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let shared = Arc::new(Mutex::new(Shared { done: None, waker: None }));
    let theirs = Arc::clone(&shared);
    thread::spawn(move || {
        let done = work();
        let mut shared = lock(&theirs);
        shared.done = Some(done);
        if let Some(waker) = shared.waker.take() {
            waker.wake();
        }
    });
    poll_fn(|context| {
        let mut shared = lock(&shared);
        match shared.done.take() {
            Some(done) => Poll::Ready(done),
            None => {
                shared.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    })
    .await
}

fn lock<T>(shared: &Mutex<Shared<T>>) -> MutexGuard<'_, Shared<T>> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
