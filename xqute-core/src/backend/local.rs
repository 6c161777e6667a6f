//! This machine: a job is a process group of its own, which a supervisor starts and looks after.

mod awaken;
mod child;
mod client;
mod forget;
mod group;
mod guardian;
mod jobs;
mod keeper;
mod link;
mod log;
mod nursery;
mod orphans;
mod proc;
mod reach;
mod record;
mod recover;
mod slots;
mod start;
mod stranger;
mod submit;
mod supervisor;
mod surroundings;
mod sweep;
mod system;
#[cfg(test)]
mod tests;
mod wire;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use tokio::runtime;
use tokio::sync::{Mutex, mpsc};
use tokio::time::Instant;

use super::contract::{
    Accepted, Answer, Backend, Found, Jid, Kill, Left, Observation, Refused, Seen, Submission, Unreachable,
};
use crate::job::{Failure, LOCAL_OUTPUT, Output};
pub use awaken::supervise;
use jobs::{Jobs, ended};
use link::{About, Heard, Link, Listening};
use orphans::recorded;
use reach::{Reached, reach};

/// Most observations told at once.
const BATCH: usize = 256;

/// Runs jobs on this machine. Its methods must be called within a tokio runtime.
///
/// A job has ended when its own process has, and what it leaves behind in its group is left alone. A job that was killed has
/// ended when its whole group has; a process that has left the group (`setsid`, a shell's job control) is not reached.
///
/// Where this is dropped, the jobs run on. In a program that calls [`supervise`], a process of their own looks after them: see
/// there. The jobs have the variables, the working directory and the limits that the program has when the first is submitted.
#[derive(Debug)]
pub struct Local {
    shared: Arc<Shared>,
    /// Taken by one `observe` at a time; what is not received stays for the next.
    unseen: Mutex<Unseen>,
}

#[derive(Debug)]
struct Unseen {
    ends: mpsc::UnboundedReceiver<Observation>,
    /// Told by the last `observe`. The engine asks again when it has taken that in: then their names are free.
    told: Vec<Jid>,
}

/// What the backend shares with those who wait for something.
#[derive(Debug)]
struct Shared {
    jobs: Jobs,
    /// Closed, when the backend is gone.
    seen: mpsc::UnboundedSender<Observation>,
    way: Mutex<Way>,
    /// A supervisor was lost.
    has_orphans: AtomicBool,
    /// Since when no job could be started for want of open files while none ran.
    starved: Mutex<Option<Instant>>,
    note: OnceLock<String>,
    /// The names of variables that jobs must not have.
    withheld: OnceLock<Vec<String>>,
}

/// The way to the supervisor.
#[derive(Debug, Default)]
struct Way {
    link: Option<Arc<Link>>,
    /// There was one before.
    is_used: bool,
    /// On which runtime it was asked what earlier runs left. How that ended only the log knows, until the engine has written it down.
    left: Option<runtime::Id>,
}

impl Way {
    /// Whether what the log tells of is known to whoever wants to. What was asked on a runtime that is gone, nothing came of.
    fn is_new(&self) -> bool {
        !self.is_used && self.left != Some(runtime::Handle::current().id())
    }
}

impl Local {
    /// The jobs of a work directory that run on this machine, by their numbers, be their program alive or not. Looks on: it takes no
    /// lock, and asks nobody.
    ///
    /// # Errors
    ///
    /// What was written down about them cannot be read.
    pub fn still_running(workdir: impl AsRef<Path>) -> io::Result<Vec<usize>> {
        recover::still_running(workdir.as_ref())
    }

    /// Whether somebody looks after jobs of a work directory: a program, or the supervisor that a program has left.
    ///
    /// # Errors
    ///
    /// The system does not tell.
    pub fn is_attended(workdir: impl AsRef<Path>) -> io::Result<bool> {
        reach::is_attended(workdir.as_ref())
    }

    /// Nothing has started yet.
    #[must_use]
    pub fn new() -> Self {
        let (seen, ends) = mpsc::unbounded_channel();
        let jobs = Jobs::new(seen.clone());
        let (way, starved, has_orphans) = (Mutex::default(), Mutex::default(), AtomicBool::new(false));
        let (note, withheld) = (OnceLock::new(), OnceLock::new());
        let shared = Shared { jobs, seen, way, has_orphans, starved, note, withheld };
        Self { shared: Arc::new(shared), unseen: Mutex::new(Unseen { ends, told: Vec::new() }) }
    }
}

impl Default for Local {
    fn default() -> Self {
        Self::new()
    }
}

impl Backend for Local {
    fn name(&self) -> &'static str {
        "local"
    }

    /// A guardian keeps nothing but its job's end.
    fn keeps(&self, output: Output) -> bool {
        output != Output::Bundle || awaken::is_able()
    }

    /// What an earlier supervisor has started, a later one does not count.
    fn looks_ahead(&self) -> bool {
        !self.shared.has_orphans.load(Ordering::Acquire)
    }

    fn withdraw(&self) -> Answer<'_, ()> {
        Box::pin(async {
            let link = self.shared.way.lock().await.link.clone();
            link.into_iter().for_each(|link| link.withdraw());
        })
    }

    fn submit<'a>(&'a self, jobs: &'a [Submission]) -> Answer<'a, Vec<Result<Accepted, Refused>>> {
        Box::pin(self.shared.submit(jobs))
    }

    fn observe<'a>(&'a self, _: &'a [Jid]) -> Answer<'a, Result<Vec<Observation>, Unreachable>> {
        Box::pin(async move {
            let (mut unseen, mut seen) = (self.unseen.lock().await, Vec::new());
            self.shared.jobs.forget(&unseen.told);
            unseen.told.clear();
            // No await after it: what is received is told.
            unseen.ends.recv_many(&mut seen, BATCH).await;
            unseen.told.extend(seen.iter().map(|it| Arc::clone(&it.jid)));
            Ok(seen)
        })
    }

    fn kill<'a>(&'a self, jids: &'a [Jid], how: Kill) -> Answer<'a, Result<(), Unreachable>> {
        Box::pin(self.shared.kill(jids, how))
    }

    fn recover<'a>(
        &'a self,
        workdir: &'a Path,
        left: &'a [Left],
    ) -> Answer<'a, Result<Vec<Found>, Unreachable>> {
        Box::pin(recover::recover(&self.shared, workdir, left))
    }

    fn withholds(&self, names: &[String]) {
        // A backend is one run's, and nothing was submitted before it: nobody was reached yet who would know too much.
        let _ = self.shared.withheld.set(names.to_vec());
    }

    fn note(&self) -> Option<String> {
        self.shared.note.get().cloned()
    }
}

impl Shared {
    async fn kill(self: &Arc<Self>, jids: &[Jid], how: Kill) -> Result<(), Unreachable> {
        // Where the supervisor is lost meanwhile, they are signalled from here.
        for _ in 0..2 {
            let processes = self.jobs.signal(jids, how);
            if processes.is_empty() {
                break;
            }
            // While who listens takes its turn the way is locked; after that they are orphans.
            let Some(link) = self.way.lock().await.link.clone() else { continue };
            let mut request = Vec::new();
            wire::Request::Kill { how, processes }.encode(&mut request);
            let mut answers = link.ask(&request, About::Kill, 1);
            if let Some(answer) = answers.pop()
                && answer.await.is_ok()
            {
                break;
            }
        }
        Ok(())
    }

    fn withheld(&self) -> &[String] {
        self.withheld.get().map_or(&[], Vec::as_slice)
    }

    /// The way to the supervisor, which is made where there is none.
    async fn link(self: &Arc<Self>, workdir: &Path) -> io::Result<Arc<Link>> {
        let mut way = self.way.lock().await;
        if let Some(link) = way.link.as_ref().filter(|it| !it.is_lost()) {
            return Ok(Arc::clone(link));
        }
        // Who listened was of a runtime that is gone.
        way.link = None;
        let reached = reach(workdir, way.is_new(), self.withheld()).await?;
        self.open(&mut way, workdir, reached)
    }

    fn open(self: &Arc<Self>, way: &mut Way, workdir: &Path, reached: Reached) -> io::Result<Arc<Link>> {
        if let Some(note) = reached.note {
            let _ = self.note.set(note);
        }
        let (link, heard) = Link::new(reached.stream, reached.rest)?;
        let link = Arc::new(link);
        (way.link, way.is_used) = (Some(Arc::clone(&link)), true);
        tokio::spawn(Arc::clone(self).listen(Listening(Arc::clone(&link)), heard, workdir.to_owned()));
        Ok(link)
    }

    /// Until the supervisor is gone, or whoever would be told.
    async fn listen(self: Arc<Self>, listening: Listening, heard: Heard, workdir: PathBuf) {
        tokio::select! {
            () = self.seen.closed() => return,
            () = heard.listen(&listening.0, &workdir, |record| self.jobs.tell(record)) => {}
        }
        let mut way = self.way.lock().await;
        way.link = None;
        self.has_orphans.store(true, Ordering::Release);
        tracing::warn!(
            "the supervisor of this machine's jobs is gone: its jobs run on, and are watched from here"
        );
        // When nobody else holds the lock, no process is about to become a job: the log has them all.
        let lock = reach::turn(&workdir, self.withheld()).await;
        let history = tokio::select! {
            () = self.seen.closed() => return,
            history = recorded(&workdir) => history,
        };
        for job in self.jobs.orphan(|it| history.is_here(it, proc::here())) {
            self.follow(&workdir, job, &history);
        }
        drop(lock);
        drop(listening);
    }
}

/// Why ends are not told.
fn not_kept(workdir: &Path, error: &io::Error) -> String {
    let directory = workdir.join(LOCAL_OUTPUT);
    format!(
        "cannot keep what jobs have written in {}: {error}: make room there; how the jobs ended is told then",
        directory.display()
    )
}

/// The end of a job that nobody saw who may ask for it.
fn unseen(status: Option<i32>) -> Seen {
    let why = "the process that looked after it was killed, and the system tells nobody else how it ended";
    // It says nothing about the job, which may run again for free.
    let end = status.map_or_else(|| Err(Failure::Unknown(why.into())), ended);
    Seen::Exited { end, usage: None }
}
