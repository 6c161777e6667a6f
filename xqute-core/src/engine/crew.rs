//! Who makes the calls of hooks? As many tasks as the runtime has threads, from one queue: a hook that blocks its thread holds up
//! no more than in a task of its own, and a call that has nothing to wait for costs no task.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::runtime::Handle;

pub(super) type Call = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What is to be called, and who does it.
struct Queue<T> {
    waiting: Mutex<Waiting<T>>,
    /// A member was made and has not come yet.
    stands_by: AtomicBool,
    /// Makes a call, on the member's thread.
    call: fn(T) -> Call,
}

struct Waiting<T> {
    calls: VecDeque<T>,
    /// Tasks that take calls, or are about to.
    members: usize,
}

impl<T> Queue<T> {
    fn lock(&self) -> MutexGuard<'_, Waiting<T>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds calls, and tells how many more members there are to be: one may be blocked, so each thread has one.
    fn push(&self, calls: &mut Vec<T>, threads: usize) -> usize {
        let mut waiting = self.lock();
        waiting.calls.extend(calls.drain(..));
        let more = waiting.calls.len().min(threads.saturating_sub(waiting.members));
        waiting.members += more;
        more
    }

    /// The next call, and whether there are more. Without one, the member is none any more.
    fn pop(&self) -> Option<(T, bool)> {
        let mut waiting = self.lock();
        let call = waiting.calls.pop_front();
        // None is counted any more when the runtime shuts down.
        waiting.members = waiting.members.saturating_sub(usize::from(call.is_none()));
        Some((call?, !waiting.calls.is_empty()))
    }
}

/// Makes calls on a runtime.
pub(super) struct Crew<T> {
    runtime: Handle,
    queue: Arc<Queue<T>>,
    /// For the next start.
    added: Vec<T>,
}

impl<T: Send + 'static> Crew<T> {
    /// `call` makes what was added a call.
    pub(super) fn new(runtime: Handle, call: fn(T) -> Call) -> Self {
        let waiting = Mutex::new(Waiting { calls: VecDeque::new(), members: 0 });
        let queue = Queue { waiting, stands_by: AtomicBool::new(false), call };
        Self { runtime, queue: Arc::new(queue), added: Vec::new() }
    }

    pub(super) fn runtime(&self) -> &Handle {
        &self.runtime
    }

    /// A call that begins with the next start.
    pub(super) fn add(&mut self, call: T) {
        self.added.push(call);
    }

    /// Begins what was added.
    pub(super) fn start(&mut self) {
        if self.added.is_empty() {
            return;
        }
        for _ in 0..self.queue.push(&mut self.added, self.runtime.metrics().num_workers()) {
            self.runtime.spawn(Member::new(&self.queue).work());
        }
    }
}

/// One of the tasks.
struct Member<T> {
    queue: Arc<Queue<T>>,
    is_done: bool,
}

impl<T: Send + 'static> Member<T> {
    fn new(queue: &Arc<Queue<T>>) -> Self {
        Self { queue: Arc::clone(queue), is_done: false }
    }

    /// A future with a name, which a member's work can spawn.
    fn works(self) -> Call {
        Box::pin(self.work())
    }

    async fn work(mut self) {
        while let Some((next, more)) = self.queue.pop() {
            if more {
                self.has_one_stand_by();
            }
            let mut call = (self.queue.call)(next);
            if poll_fn(|context| Poll::Ready(waits(&mut call, context))).await {
                // From now on this task is that call's: as another, made here, it would wait for this thread, whoever blocks it next.
                tokio::spawn(Self::new(&self.queue).works());
                self.is_done = true;
                return call.await;
            }
            // The runtime may have other things to do.
            tokio::task::consume_budget().await;
        }
        self.is_done = true;
    }

    /// A call may give its thread away (`block_in_place`): somebody goes on there.
    fn has_one_stand_by(&self) {
        if !self.queue.stands_by.swap(true, Ordering::Relaxed) {
            let member = Self::new(&self.queue);
            tokio::spawn(async {
                member.queue.lock().members += 1;
                member.queue.stands_by.store(false, Ordering::Relaxed);
                member.works().await;
            });
        }
    }
}

/// Whether a call has to wait. As in a task of its own, a panic ends that call alone.
fn waits(call: &mut Call, context: &mut Context<'_>) -> bool {
    catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(context).is_pending())).unwrap_or(false)
}

impl<T> Drop for Member<T> {
    /// The runtime shuts down: nobody will begin what is left, and whoever waits for it is told so when it is dropped.
    fn drop(&mut self) {
        if !self.is_done {
            let mut waiting = self.queue.lock();
            // Or what is added later would be thought to have somebody.
            waiting.members = 0;
            let left = std::mem::take(&mut waiting.calls);
            drop(waiting);
            drop(left);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Condvar;
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use tokio::runtime::{Builder, Runtime};
    use tokio::sync::oneshot;

    use super::*;

    /// Nothing here takes so long.
    const LONG: Duration = Duration::from_secs(20);

    fn crew(runtime: &Runtime) -> Crew<Call> {
        Crew::new(runtime.handle().clone(), |call| call)
    }

    fn two_threads() -> Runtime {
        Builder::new_multi_thread().worker_threads(2).build().unwrap()
    }

    #[test]
    fn a_call_that_waits_goes_on_while_another_blocks_its_thread() {
        let runtime = two_threads();
        for _ in 0..50 {
            let mut crew = crew(&runtime);
            let (go, may_go) = oneshot::channel();
            let (went, has_gone) = channel();
            let (blocks, is_blocked) = channel();
            let (said, hears) = channel();
            crew.add(Box::pin(async move {
                may_go.await.unwrap();
                went.send(()).unwrap();
            }));
            crew.add(Box::pin(async move {
                blocks.send(()).unwrap();
                said.send(has_gone.recv_timeout(LONG).is_ok()).unwrap();
            }));
            crew.start();
            is_blocked.recv().unwrap();
            go.send(()).unwrap();
            assert!(hears.recv().unwrap());
        }
    }

    #[test]
    fn calls_that_give_their_thread_away_run_at_the_same_time() {
        let runtime = two_threads();
        let mut crew = crew(&runtime);
        let met = Arc::new((Mutex::new(0), Condvar::new()));
        let (said, hears) = channel();
        for _ in 0..8 {
            let (met, said) = (Arc::clone(&met), said.clone());
            crew.add(Box::pin(async move {
                let met = tokio::task::block_in_place(|| {
                    let mut count = met.0.lock().unwrap();
                    *count += 1;
                    met.1.notify_all();
                    !met.1.wait_timeout_while(count, LONG, |it| *it < 8).unwrap().1.timed_out()
                });
                said.send(met).unwrap();
            }));
        }
        crew.start();
        assert!((0..8).all(|_| hears.recv().unwrap()));
    }

    #[test]
    fn a_panic_ends_its_call_alone() {
        let runtime = two_threads();
        let mut crew = crew(&runtime);
        let (said, hears) = channel();
        for number in 0..10 {
            let said = said.clone();
            crew.add(Box::pin(async move {
                assert!(number % 2 == 0, "on purpose");
                said.send(number).unwrap();
            }));
        }
        drop(said);
        crew.start();
        assert_eq!(hears.iter().sum::<i32>(), 2 + 4 + 6 + 8);
    }

    #[test]
    fn what_was_not_begun_is_dropped_when_the_runtime_shuts_down() {
        let runtime = two_threads();
        let mut crew = crew(&runtime);
        drop(runtime);
        for _ in 0..5 {
            let (said, hears) = channel::<()>();
            crew.add(Box::pin(async move { drop(said) }));
            crew.start();
            assert!(
                hears
                    .recv_timeout(LONG)
                    .is_err_and(|it| it == std::sync::mpsc::RecvTimeoutError::Disconnected)
            );
        }
    }
}
