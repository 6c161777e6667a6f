//! What became of jobs of an earlier run? Their supervisor tells, if it lives; else the log, and what the system knows.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::Pid;
use tokio::runtime;
use tokio::time::{Instant, sleep};

use super::jobs::{ended, seen, untold};
use super::log::{Fate, History, Known};
use super::nursery::PAUSES;
use super::proc::here;
use super::reach::{Turn, turn};
use super::record::{Attempt, Place, Record};
use super::stranger::{Stranger, is_there};
use super::sweep::collect;
use super::{Shared, not_kept, unseen};
use crate::backend::{Found, Left, Process, Seen, Unreachable};
use crate::job::Failure;

/// How long who looked after a job may take to write its end down.
const PATIENCE: Duration = Duration::from_secs(30);

/// The jobs of a work directory that run, as far as can be seen from here. Nobody is asked, and nothing is changed.
pub(super) fn still_running(workdir: &Path) -> io::Result<Vec<usize>> {
    let (history, here) = (History::read(workdir)?, here());
    let runs = |(_, it): &(&Attempt, &Known)| {
        it.place.is_none_or(|place| place == here) && super::stranger::is_alive(it.pid, it.start)
    };
    let mut jobs: Vec<usize> =
        history.open().filter(runs).filter_map(|(it, _)| usize::try_from(it.index).ok()).collect();
    jobs.sort_unstable();
    Ok(jobs)
}

/// What became of each.
pub(super) async fn recover(
    shared: &Arc<Shared>,
    workdir: &Path,
    left: &[Left],
) -> Result<Vec<Found>, Unreachable> {
    let unreachable = |error: io::Error| {
        Unreachable(format!("what became of the jobs of an earlier run in {}: {error}", workdir.display()))
    };
    let mut way = shared.way.lock().await;
    way.left = Some(runtime::Handle::current().id());
    // While the lock is held, no process is about to become a job.
    let (lock, live) = match turn(workdir, shared.withheld()).await.map_err(unreachable)? {
        Turn::Ours(lock) => (Some(lock), Vec::new()),
        Turn::Theirs(mut reached) => {
            let live = std::mem::take(&mut reached.live);
            // What it has ended meanwhile it says behind that: the jobs have to be known before it is listened to.
            let found = look(shared, workdir, left, &live).map_err(unreachable);
            shared.open(&mut way, workdir, reached).map_err(unreachable)?;
            return found;
        }
    };
    let found = look(shared, workdir, left, &live).map_err(unreachable);
    drop(lock);
    found
}

fn look(shared: &Arc<Shared>, workdir: &Path, left: &[Left], live: &[Record]) -> io::Result<Vec<Found>> {
    let look = Look { shared, workdir, history: History::read(workdir)?, live, here: here() };
    left.iter().map(|it| look.one(it)).collect()
}

/// What there is to look at.
struct Look<'a> {
    shared: &'a Arc<Shared>,
    workdir: &'a Path,
    history: History,
    /// What the supervisor has.
    live: &'a [Record],
    here: Place,
}

impl Look<'_> {
    fn one(&self, left: &Left) -> io::Result<Found> {
        let attempt = Attempt::new(&left.run, left.index, left.attempt);
        match self.history.get(attempt) {
            // What it wrote was kept before that was written down.
            Some(Known { fate: Some(fate), .. }) => Ok(told(fate)),
            Some(known) => match is_live(attempt, self.live) {
                Some(process) => Ok(Found::Live(self.shared.jobs.adopt(attempt, process, false))),
                None => self.running(attempt, known),
            },
            // No start is written down. A journal from before there was a log may have the process.
            None => match left.process {
                // There the tick is exact, and which boot it is of is not told: a later process may have begun at an earlier one.
                Some(Process { pid, start })
                    if Stranger::find(pid, start).is_some_and(|it| it.start < start) =>
                {
                    Ok(Found::Unknown("it was started and is gone".to_owned()))
                }
                Some(Process { pid, start }) => {
                    self.running(attempt, &Known { place: None, pid, start, fate: None })
                }
                None => Ok(Found::NotStarted),
            },
        }
    }

    /// A job whose supervisor is gone, and whose end it has not written down. What it wrote is kept before its end is told.
    fn running(&self, attempt: Attempt, known: &Known) -> io::Result<Found> {
        let ended = |status: Option<i32>, found: Found| {
            let fault = |error| io::Error::other(not_kept(self.workdir, &error));
            collect(self.workdir, attempt, status).map_err(fault)?;
            Ok(found)
        };
        let unknown = |why: &str| ended(None, Found::Unknown(why.to_owned()));
        match known.place {
            Some(place) if place.boot != self.here.boot => {
                return unknown("the machine was started anew while it ran, or it ran on another one");
            }
            Some(place) if place.namespace != self.here.namespace => {
                return unknown(
                    "it ran in another container (process namespace), which cannot be seen from here",
                );
            }
            _ => {}
        }
        let gone =
            "it was started and is gone, and who looked after it was killed before it could see how it ended";
        match Stranger::find(known.pid, known.start).map(|it| (it.ended(), it)) {
            Some((Some(Some(status)), _)) => {
                ended(Some(status), Found::Ended { end: self::ended(status), usage: None })
            }
            // Its guardian may have written down meanwhile how it ended.
            Some((Some(None), _)) | None => match fate(self.workdir, attempt) {
                Some(fate) => Ok(told(&fate)),
                None => unknown(gone),
            },
            Some((None, stranger)) => {
                let process = Process { pid: known.pid, start: stranger.start };
                let accepted = self.shared.jobs.adopt(attempt, process, true);
                self.shared.watch(self.workdir, accepted.jid.clone(), attempt, Some(stranger));
                Ok(Found::Live(accepted))
            }
        }
    }
}

/// What the log tells of an attempt, now.
fn fate(workdir: &Path, attempt: Attempt) -> Option<Fate> {
    History::read(workdir).ok()?.get(attempt)?.fate
}

fn is_live(attempt: Attempt, live: &[Record]) -> Option<Process> {
    live.iter().find_map(|record| match *record {
        Record::Started { attempt: it, pid, start, .. } if it == attempt => Some(Process { pid, start }),
        _ => None,
    })
}

fn told(fate: &Fate) -> Found {
    match *fate {
        // It was too much for the machine at that time.
        Fate::NotExecuted(libc::EAGAIN | libc::EMFILE | libc::ENFILE | libc::ENOMEM) => Found::NotStarted,
        Fate::NotExecuted(errno) => {
            let why = io::Error::from_raw_os_error(errno).to_string();
            Found::Ended { end: Err(Failure::SubmitRejected(why.into())), usage: None }
        }
        Fate::Ended(end) => found(seen(&end)),
        Fate::Lost(errno) => found(untold(errno)),
    }
}

fn found(seen: Seen) -> Found {
    match seen {
        Seen::Exited { end, usage } => Found::Ended { end, usage },
        Seen::Started => Found::Unknown("it runs, and nobody looks after it".to_owned()),
    }
}

/// How a job ended that was watched from afar. Who looked after it may be about to write that down: a guardian does so before the
/// system may forget the job. `status`: what the system has told.
pub(super) async fn late_end(
    workdir: &Path,
    attempt: Attempt,
    process: Option<(Pid, u64)>,
    status: Option<i32>,
) -> Seen {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let is_there = process.is_some_and(|(pid, start)| is_there(pid, start));
        match fate(workdir, attempt) {
            Some(Fate::Ended(end)) => return seen(&end),
            Some(Fate::Lost(errno) | Fate::NotExecuted(errno)) => return untold(errno),
            None if status.is_some() || !is_there || Instant::now() > deadline => return unseen(status),
            None => sleep(PAUSES.1).await,
        }
    }
}
