//! How many commands run at once, and who waits for them? Threads that are there while there is something to run.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::oneshot;

use super::child::{self, Order, Ran};
use super::log::Log;

/// Runs commands, so many at once. Where it is dropped, those that run are killed.
#[derive(Debug)]
pub(super) struct Pool(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    most: usize,
    log: Log,
    queue: Mutex<Queue>,
    /// The last thread has gone.
    gone: Condvar,
    is_over: AtomicBool,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<(Order, Reply)>,
    threads: usize,
}

#[derive(Debug)]
enum Reply {
    Hook(oneshot::Sender<Ran>),
    /// Of a hook that is not async.
    Thread(mpsc::SyncSender<Ran>),
}

impl Reply {
    /// A hook that has lasted too long is dropped.
    fn is_awaited(&self) -> bool {
        match self {
            Self::Hook(to) => !to.is_closed(),
            Self::Thread(_) => true,
        }
    }

    fn send(self, ran: Ran) {
        // Nobody waits for it any more: it was killed for that.
        match self {
            Self::Hook(to) => drop(to.send(ran)),
            Self::Thread(to) => drop(to.send(ran)),
        }
    }
}

impl Pool {
    pub(super) fn new(most: usize, log: Log) -> Self {
        let (queue, gone, is_over) = (Mutex::default(), Condvar::new(), AtomicBool::new(false));
        Self(Arc::new(Shared { most, log, queue, gone, is_over }))
    }

    /// Runs it, and waits for it as a future. One that is dropped kills it.
    pub(super) async fn run(&self, order: Order) -> Ran {
        let (reply, ran) = oneshot::channel();
        self.push(order, Reply::Hook(reply));
        ran.await.unwrap_or_else(|_| Ran::not_started(no_thread()))
    }

    /// Runs it, and waits for it as a thread, whose runtime may go on without it.
    pub(super) fn run_now(&self, order: Order) -> Ran {
        let (reply, ran) = mpsc::sync_channel(1);
        self.push(order, Reply::Thread(reply));
        let wait = || ran.recv().unwrap_or_else(|_| Ran::not_started(no_thread()));
        match Handle::try_current().map(|it| it.runtime_flavor()) {
            Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(wait),
            _ => wait(),
        }
    }

    fn push(&self, order: Order, reply: Reply) {
        let mut queue = self.0.lock();
        queue.waiting.push_back((order, reply));
        if queue.threads == self.0.most {
            return;
        }
        let shared = Arc::clone(&self.0);
        let started = thread::Builder::new().name("xqute-exec".to_owned()).spawn(move || shared.work());
        match started {
            Ok(_) => queue.threads += 1,
            // Another thread takes it, if there is one.
            Err(_) if queue.threads > 0 => {}
            Err(error) => {
                for (_, reply) in queue.waiting.drain(..) {
                    reply.send(Ran::not_started(std::io::Error::new(error.kind(), error.to_string())));
                }
            }
        }
    }
}

fn no_thread() -> std::io::Error {
    std::io::Error::other("the thread that was to run it has ended")
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        let _leave = Leave(self);
        while let Some((order, reply)) = self.next() {
            let is_wanted = || reply.is_awaited() && !self.is_over.load(Ordering::Relaxed);
            if is_wanted() {
                let mut ran = child::run(&order, is_wanted);
                ran.unlogged = self.log.add(&order, &ran).err();
                reply.send(ran);
            }
        }
    }

    /// What is to run next. Where there is nothing, this thread counts no more: who pushes then starts another.
    fn next(&self) -> Option<(Order, Reply)> {
        let mut queue = self.lock();
        let next = queue.waiting.pop_front();
        if next.is_none() {
            self.leave(&mut queue);
        }
        next
    }

    fn leave(&self, queue: &mut Queue) {
        queue.threads -= 1;
        if queue.threads == 0 {
            self.gone.notify_all();
        }
    }
}

/// A thread that panics counts no more, either.
struct Leave<'a>(&'a Shared);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.leave(&mut self.0.lock());
        }
    }
}

/// What runs is killed, and waited for: within a moment.
impl Drop for Pool {
    fn drop(&mut self) {
        self.0.is_over.store(true, Ordering::Relaxed);
        let mut queue = self.0.lock();
        queue.waiting.clear();
        while queue.threads > 0 {
            queue = self.0.gone.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }
}
