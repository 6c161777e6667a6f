//! No cluster at all: what does everything else cost?

use std::path::Path;

use tokio::sync::{Mutex, mpsc};

use super::contract::{
    Accepted, Answer, Backend, Found, Jid, Kill, Left, Observation, Refused, Seen, Submission, Unreachable,
};

/// Most observations told at once.
const BATCH: usize = 1024;

/// Runs nothing: a job that it accepts has ended, with 0. Everything but the cluster is as in any run.
#[derive(Debug)]
pub struct Null {
    ended: mpsc::UnboundedSender<Jid>,
    /// Taken by one `observe` at a time; what is not received stays for the next.
    untold: Mutex<mpsc::UnboundedReceiver<Jid>>,
}

impl Null {
    /// Nothing has been accepted yet.
    #[must_use]
    pub fn new() -> Self {
        let (ended, untold) = mpsc::unbounded_channel();
        Self { ended, untold: Mutex::new(untold) }
    }

    fn accept(&self, job: &Submission) -> Result<Accepted, Refused> {
        let jid: Jid = format!("{}.{}", job.index, job.attempt).into();
        // The receiver lives as long as `self`.
        let _ = self.ended.send(jid.clone());
        Ok(Accepted { jid, running: true, process: None })
    }
}

impl Default for Null {
    fn default() -> Self {
        Self::new()
    }
}

impl Backend for Null {
    fn name(&self) -> &'static str {
        "null"
    }

    fn uses_files(&self) -> bool {
        false
    }

    fn submit<'a>(&'a self, jobs: &'a [Submission]) -> Answer<'a, Vec<Result<Accepted, Refused>>> {
        Box::pin(async move { jobs.iter().map(|job| self.accept(job)).collect() })
    }

    fn observe<'a>(&'a self, _: &'a [Jid]) -> Answer<'a, Result<Vec<Observation>, Unreachable>> {
        Box::pin(async move {
            let mut ended = Vec::new();
            self.untold.lock().await.recv_many(&mut ended, BATCH).await;
            let told = |jid| Observation { jid, seen: Seen::Exited { end: Ok(()), usage: None } };
            Ok(ended.into_iter().map(told).collect())
        })
    }

    fn recover<'a>(&'a self, _: &'a Path, left: &'a [Left]) -> Answer<'a, Result<Vec<Found>, Unreachable>> {
        // Nothing of it was ever run.
        Box::pin(async move { Ok(left.iter().map(|_| Found::NotStarted).collect()) })
    }

    fn kill<'a>(&'a self, _: &'a [Jid], _: Kill) -> Answer<'a, Result<(), Unreachable>> {
        // Whatever is named has ended.
        Box::pin(async { Ok(()) })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::time::Duration;

    use super::*;
    use crate::backend::Env;
    use crate::job::{Argv, JobFiles};

    fn job(index: usize) -> Submission {
        Submission {
            index,
            attempt: 3,
            argv: Argv::new(["true"]).unwrap(),
            env: Env::default(),
            cwd: None,
            files: JobFiles::new(Path::new("/nowhere").into(), index),
            output: crate::job::Output::Files,
            script: None,
            run: "run".into(),
            at_once: None,
        }
    }

    #[tokio::test]
    async fn two_thousand_jobs_are_accepted_and_each_end_is_told_once() {
        let (null, jobs) = (Null::new(), (0..2000).map(job).collect::<Vec<_>>());
        let accepted = null.submit(&jobs).await;
        assert_eq!(accepted[42].as_ref().unwrap().jid, "42.3".into());
        let mut running: HashSet<Jid> = accepted.into_iter().map(|it| it.unwrap().jid).collect();
        assert_eq!(running.len(), 2000);
        while !running.is_empty() {
            for it in null.observe(&[]).await.unwrap() {
                assert!(running.remove(&it.jid), "{} is told twice", it.jid);
                assert_eq!(it.seen, Seen::Exited { end: Ok(()), usage: None });
            }
        }
        assert_eq!(tokio::runtime::Handle::current().metrics().num_alive_tasks(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn where_nothing_has_ended_it_waits_and_loses_nothing_when_it_is_dropped() {
        let null = Null::new();
        let waits = tokio::time::timeout(Duration::from_secs(60), null.observe(&[])).await;
        assert!(waits.is_err(), "it told {waits:?}");
        null.submit(&[job(0)]).await.remove(0).unwrap();
        drop(null.observe(&[]));
        assert_eq!(null.observe(&[]).await.unwrap().len(), 1);
    }
}
