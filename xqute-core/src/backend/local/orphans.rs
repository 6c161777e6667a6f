//! How do jobs end whose supervisor is gone? The log tells it, or the system, and nobody is told before what they wrote is kept.

use std::path::Path;
use std::sync::Arc;

use rustix::process::Pid;
use tokio::time::sleep;

use super::jobs::{seen, untold};
use super::log::{self, Fate, History};
use super::record::Attempt;
use super::stranger::Stranger;
use super::{Shared, group, not_kept, nursery, proc, recover, sweep};
use crate::backend::{Jid, Process};

impl Shared {
    /// Tells how a job ended whose supervisor is gone, or watches it until it does.
    pub(super) fn follow(self: &Arc<Self>, workdir: &Path, job: (Jid, Attempt, Process), history: &History) {
        let (jid, attempt, Process { pid, start }) = job;
        match history.get(attempt).filter(|it| it.pid == pid).and_then(|it| it.fate) {
            // What it wrote was kept before that was written down.
            Some(Fate::Ended(end)) => self.jobs.tell_end(&jid, seen(&end)),
            Some(Fate::Lost(errno) | Fate::NotExecuted(errno)) => self.jobs.tell_end(&jid, untold(errno)),
            // The supervisor was in another container: there is somebody else here who has the number.
            None if !history.is_here(attempt, proc::here()) => self.watch(workdir, jid, attempt, None),
            None => self.watch(workdir, jid, attempt, Stranger::find(pid, start)),
        }
    }

    /// Tells how a job ends that nobody looks after, when what it has written is kept; `None`: it has ended.
    pub(super) fn watch(
        self: &Arc<Self>,
        workdir: &Path,
        jid: Jid,
        attempt: Attempt,
        stranger: Option<Stranger>,
    ) {
        let (shared, workdir) = (Arc::clone(self), workdir.to_owned());
        tokio::spawn(async move {
            let watched = async {
                let (mut status, mut process) = (None, None);
                if let Some(stranger) = stranger {
                    let who = (stranger.leader(), stranger.start);
                    (status, process) = (stranger.end().await, Some(who));
                    shared.emptied(&jid, who.0).await;
                }
                let end = recover::late_end(&workdir, attempt, process, status).await;
                collected(&workdir, attempt, status).await;
                shared.jobs.tell_end(&jid, end);
            };
            tokio::select! {
                () = shared.seen.closed() => {}
                () = watched => {}
            }
        });
    }

    /// Returns when nothing is left of a job that was killed. For that the system has no event.
    async fn emptied(&self, jid: &Jid, leader: Pid) {
        let (mut pause, longest) = nursery::PAUSES;
        let mut polls = 0;
        while self.jobs.sent(jid).is_some_and(|sent| !group::is_empty(leader, sent, polls)) {
            sleep(pause).await;
            pause = longest.min(pause * 2);
            polls += 1;
        }
    }
}

/// What the log tells, as soon as it can be read: until then nobody knows that a job was not started.
pub(super) async fn recorded(workdir: &Path) -> History {
    loop {
        match History::read(workdir) {
            Ok(history) => return history,
            Err(error) => {
                let log = log::path(workdir);
                tracing::warn!(
                    "cannot read which jobs have started in {}: {error}: it is tried again",
                    log.display()
                );
                sleep(nursery::RETRY).await;
            }
        }
    }
}

/// Returns when what a job has written is kept.
async fn collected(workdir: &Path, attempt: Attempt, status: Option<i32>) {
    while let Err(error) = sweep::collect(workdir, attempt, status) {
        tracing::warn!("{}", not_kept(workdir, &error));
        sleep(nursery::RETRY).await;
    }
}
