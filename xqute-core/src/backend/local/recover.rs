//! What became of jobs of an earlier run? Their supervisor tells, if it lives; else the log, and what the system knows.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::Shared;
use super::jobs::{ended, seen, untold};
use super::log::{Fate, History, Known};
use super::proc::here;
use super::reach::{Turn, turn};
use super::record::{Attempt, Place, Record};
use super::stranger::Stranger;
use crate::backend::{Found, Left, Process, Seen, Unreachable};
use crate::job::Failure;

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
    // While the lock is held, no process is about to become a job.
    let (lock, live) = match turn(workdir).await.map_err(unreachable)? {
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
    let (history, here) = (History::read(workdir)?, here());
    Ok(left.iter().map(|it| one(shared, it, &history, live, here)).collect())
}

fn one(shared: &Arc<Shared>, left: &Left, history: &History, live: &[Record], here: Place) -> Found {
    let attempt = Attempt::new(&left.run, left.index, left.attempt);
    match history.get(attempt) {
        Some(Known { fate: Some(fate), .. }) => told(fate),
        Some(known) => match is_live(attempt, live) {
            Some(process) => Found::Live(shared.jobs.adopt(attempt, process, false)),
            None => running(shared, attempt, known, here),
        },
        // No start is written down. A journal from before there was a log may have the process.
        None => match left.process {
            Some(Process { pid, start }) => {
                running(shared, attempt, &Known { place: None, pid, start, fate: None }, here)
            }
            None => Found::NotStarted,
        },
    }
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

/// A job whose supervisor is gone, and whose end it has not written down.
fn running(shared: &Arc<Shared>, attempt: Attempt, known: &Known, here: Place) -> Found {
    let unknown = |why: &str| Found::Unknown(why.to_owned());
    match known.place {
        Some(place) if place.boot != here.boot => {
            return unknown("the machine was started anew while it ran, or it ran on another one");
        }
        Some(place) if place.namespace != here.namespace => {
            return unknown(
                "it ran in another container (process namespace), which cannot be seen from here",
            );
        }
        _ => {}
    }
    let gone =
        "it was started and is gone, and who looked after it was killed before it could see how it ended";
    let Some(stranger) = Stranger::find(known.pid, known.start) else { return unknown(gone) };
    match stranger.ended() {
        Some(Some(status)) => Found::Ended { end: ended(status), usage: None },
        Some(None) => unknown(gone),
        None => {
            let process = Process { pid: known.pid, start: stranger.start };
            let accepted = shared.jobs.adopt(attempt, process, true);
            shared.watch(accepted.jid.clone(), stranger);
            Found::Live(accepted)
        }
    }
}
