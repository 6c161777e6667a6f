//! How are all running jobs looked at by one thread, at a price that has a limit?

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use super::sample::{self, Sampled, Sum};
use super::tree::{self, Members};

/// The thread may use one part in so many of a processor: where a look takes longer, the next one is later.
const SHARE: u32 = 200;
/// So long the end of a run waits for it: to read of a process that is just being started may take as long as its disk does.
const LIMIT: Duration = Duration::from_secs(2);

/// Looks at jobs, now and then.
#[derive(Debug)]
pub(super) struct Sampler {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    jobs: Mutex<Jobs>,
    news: Condvar,
}

#[derive(Debug, Default)]
struct Jobs {
    /// By the leader of its processes.
    running: HashMap<i32, Running>,
    closing: bool,
    /// The thread has come to its end.
    gone: bool,
}

#[derive(Debug)]
struct Running {
    /// When it was last looked at; before that, when it was known to run.
    looked: Instant,
    /// When its leader began, once that was seen: another process may have its number later.
    start: Option<u64>,
    sampled: Sampled,
}

impl Sampler {
    pub(super) fn new(interval: Duration) -> std::io::Result<Self> {
        let shared = Arc::<Shared>::default();
        let of_thread = Gone(Arc::clone(&shared));
        let thread = std::thread::Builder::new().name("resources".to_owned());
        let thread = thread.spawn(move || of_thread.0.serve(interval))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// A job runs, whose processes this one leads.
    pub(super) fn begins(&self, leader: i32) {
        let running = Running { looked: Instant::now(), start: None, sampled: Sampled::default() };
        let mut jobs = self.shared.lock();
        if jobs.running.is_empty() {
            self.shared.news.notify_one();
        }
        jobs.running.insert(leader, running);
    }

    /// What was seen of it until now.
    #[cfg(test)]
    pub(super) fn seen(&self, leader: i32) -> Option<Sampled> {
        self.shared.lock().running.get(&leader).map(|it| it.sampled)
    }

    /// It has ended: what was seen of it.
    pub(super) fn ends(&self, leader: i32) -> Sampled {
        self.shared.lock().running.remove(&leader).map(|it| it.sampled).unwrap_or_default()
    }
}

impl Drop for Sampler {
    fn drop(&mut self) {
        self.shared.lock().closing = true;
        self.shared.news.notify_all();
        let waited = self.shared.news.wait_timeout_while(self.shared.lock(), LIMIT, |it| !it.gone);
        let gone = waited.unwrap_or_else(PoisonError::into_inner).0.gone;
        match self.thread.take() {
            Some(thread) if gone => {
                if thread.join().is_err() {
                    tracing::warn!(
                        "the thread that measures resources has panicked: figures of jobs are missing"
                    );
                }
            }
            _ => {
                tracing::warn!("the thread that measures resources is held up, and not waited for any longer")
            }
        }
    }
}

/// However the thread ends, who waits for it is told.
struct Gone(Arc<Shared>);

impl Drop for Gone {
    fn drop(&mut self) {
        self.0.lock().gone = true;
        self.0.news.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, interval: Duration) {
        let mut before = Members::new();
        loop {
            let is_idle = |it: &mut Jobs| it.running.is_empty() && !it.closing;
            drop(self.news.wait_while(self.lock(), is_idle).unwrap_or_else(PoisonError::into_inner));
            let cost = cpu_time();
            if let Err(error) = self.look(&mut before) {
                tracing::warn!(
                    "cannot look at the processes of this machine: {error}: figures of jobs are missing"
                );
            }
            let wait = interval.max(cpu_time().saturating_sub(cost) * SHARE);
            let is_open = |it: &mut Jobs| !it.closing;
            let waited = self.news.wait_timeout_while(self.lock(), wait, is_open);
            if waited.unwrap_or_else(PoisonError::into_inner).0.closing {
                return;
            }
        }
    }

    /// Looks once at all jobs. Hooks do not wait for it.
    fn look(&self, before: &mut Members) -> procfs::ProcResult<()> {
        let seen = sample::processes()?;
        let kin: Vec<_> = seen.iter().map(|it| it.kin).collect();
        let leaders: HashMap<i32, Option<u64>> =
            self.lock().running.iter().map(|(leader, it)| (*leader, it.start)).collect();
        let starts: HashMap<i32, u64> = kin.iter().map(|it| (it.pid, it.start)).collect();
        // A number that another process has by now is no leader's.
        let is_same = |leader: i32, start: &Option<u64>| match (starts.get(&leader), start) {
            (Some(now), Some(then)) => now == then,
            _ => true,
        };
        let is_leader = |group: i32| leaders.get(&group).is_some_and(|start| is_same(group, start));
        *before = tree::members(&kin, is_leader, before);
        let mut sums = HashMap::<i32, Sum>::new();
        for it in &seen {
            if let Some(leader) = before.get(&(it.kin.pid, it.kin.start)) {
                sums.entry(*leader).or_default().add(it);
            }
        }
        let (mut jobs, now) = (self.lock(), Instant::now());
        for (leader, sum) in sums {
            if let Some(job) = jobs.running.get_mut(&leader) {
                job.start = job.start.or_else(|| starts.get(&leader).copied());
                job.sampled.take(&sum, now.duration_since(job.looked));
                job.looked = now;
            }
        }
        Ok(())
    }
}

/// Of this thread.
fn cpu_time() -> Duration {
    let used = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(used.tv_sec.unsigned_abs(), u32::try_from(used.tv_nsec).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_is_held_up_holds_up_nobody() {
        let (free, held) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::spawn(move || {
            let _ = held.recv();
        });
        drop(Sampler { shared: Arc::default(), thread: Some(thread) });
        drop(free);
    }
}
