//! A scheduler that outlives the programs that use it, and does what a test says.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use tempfile::TempDir;
use tokio::sync::Notify;
use xqute::backend::{
    Accepted, Answer, Backend, Found, Jid, Kill, Left, Observation, Refused, Seen, Submission, Unreachable,
};
use xqute::{Failure, Signal, Xqute, XquteBuilder};

/// What the cluster knows, and what it is to do.
#[derive(Debug, Default)]
pub(super) struct Cluster {
    known: Mutex<Known>,
    changed: Notify,
}

#[derive(Debug, Default)]
pub(super) struct Known {
    /// By run, index, attempt.
    pub(super) attempts: BTreeMap<(Arc<str>, usize, u32), Attempt>,
    /// Each submission that was asked for: run, index, attempt.
    pub(super) submitted: Vec<(Arc<str>, usize, u32)>,
    pub(super) asked: Vec<Vec<Left>>,
    pub(super) killed: Vec<(usize, Kill)>,
    /// Submissions are not answered, and nothing of them starts.
    pub(super) deaf: bool,
    /// So often the question what became of jobs is not answered.
    pub(super) unreachable: u32,
    /// That question is not answered while this is so.
    pub(super) silent: bool,
    /// SIGTERM ends nothing.
    pub(super) stubborn: bool,
}

#[derive(Debug)]
pub(super) struct Attempt {
    /// As whoever uses the cluster now calls it.
    jid: Jid,
    pub(super) end: Option<Result<(), Failure>>,
    told: bool,
    pub(super) forgotten: bool,
}

impl Cluster {
    pub(super) fn set<T>(&self, change: impl FnOnce(&mut Known) -> T) -> T {
        let changed = change(&mut self.known.lock().unwrap());
        self.changed.notify_waiters();
        changed
    }

    /// The one attempt of a job that has not ended, does.
    pub(super) fn end(&self, index: usize, end: Result<(), Failure>) {
        self.set(|known| {
            let live = |it: &(&(Arc<str>, usize, u32), &mut Attempt)| it.0.1 == index && it.1.end.is_none();
            let live: Vec<_> = known.attempts.iter_mut().filter(live).collect();
            let [(_, attempt)] = <[_; 1]>::try_from(live).unwrap();
            attempt.end = Some(end);
        });
    }

    /// Returns when this is so.
    pub(super) async fn until<T>(&self, so: impl Fn(&mut Known) -> Option<T>) -> T {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if let Some(it) = so(&mut self.known.lock().unwrap()) {
                return it;
            }
            changed.await;
        }
    }

    /// Which attempts of a job were submitted, by which run: the first is 0.
    pub(super) fn submissions(&self, index: usize) -> Vec<u32> {
        self.set(|known| known.submitted.iter().filter(|it| it.1 == index).map(|it| it.2).collect())
    }
}

impl Known {
    fn submit(&mut self, job: &Submission) -> Result<Accepted, Refused> {
        let jid: Jid = format!("{}.{}", job.index, job.attempt).into();
        let attempt = Attempt { jid: jid.clone(), end: None, told: false, forgotten: false };
        let live = |it: (&(Arc<str>, usize, u32), &Attempt)| it.0.1 == job.index && it.1.end.is_none();
        assert!(!self.attempts.iter().any(live), "two attempts of job {} at once", job.index);
        self.attempts.insert((job.run.clone(), job.index, job.attempt), attempt);
        Ok(Accepted { jid, running: true, process: None })
    }

    fn untold(&mut self) -> Option<Vec<Observation>> {
        let ended = |it: &mut Attempt| {
            let end = it.end.clone().filter(|_| !std::mem::replace(&mut it.told, it.end.is_some()))?;
            Some(Observation { jid: it.jid.clone(), seen: Seen::Exited { end, usage: None } })
        };
        let seen: Vec<_> = self.attempts.values_mut().filter_map(ended).collect();
        (!seen.is_empty()).then_some(seen)
    }

    fn find(&mut self, left: &Left) -> Found {
        let Some(attempt) = self.attempts.get_mut(&(left.run.clone(), left.index, left.attempt)) else {
            return Found::NotStarted;
        };
        attempt.told = attempt.end.is_some();
        match attempt.end.clone() {
            _ if attempt.forgotten => Found::Unknown("its machine was started anew".to_owned()),
            Some(end) => Found::Ended { end, usage: None },
            None => {
                attempt.jid = format!("{}.{} again", left.index, left.attempt).into();
                Found::Live(Accepted { jid: attempt.jid.clone(), running: true, process: None })
            }
        }
    }

    fn kill(&mut self, jids: &[Jid], how: Kill) {
        let ended = Failure::Signal(Signal(if how == Kill::Term { 15 } else { 9 }));
        for (name, attempt) in &mut self.attempts {
            if attempt.end.is_none() && jids.contains(&attempt.jid) {
                self.killed.push((name.1, how));
                if how == Kill::Kill || !self.stubborn {
                    attempt.end = Some(Err(ended.clone()));
                }
            }
        }
    }
}

/// A program's way to the cluster, until the program dies.
#[derive(Debug)]
struct Line {
    cluster: Arc<Cluster>,
    dead: Arc<AtomicBool>,
    name: &'static str,
    files: bool,
    /// What ends of it, when it is dead, so that the rest of the program comes to an end.
    cut: Mutex<Vec<Jid>>,
}

impl Line {
    fn is_dead(&self) -> bool {
        self.dead.load(Ordering::SeqCst)
    }
}

impl Backend for Line {
    fn name(&self) -> &str {
        self.name
    }

    fn uses_files(&self) -> bool {
        self.files
    }

    fn submit<'a>(&'a self, jobs: &'a [Submission]) -> Answer<'a, Vec<Result<Accepted, Refused>>> {
        Box::pin(async move {
            let submit = |known: &mut Known| {
                known.submitted.extend(jobs.iter().map(|it| (it.run.clone(), it.index, it.attempt)));
                (!known.deaf).then(|| jobs.iter().map(|job| known.submit(job)).collect())
            };
            match self.cluster.set(submit) {
                Some(answers) => answers,
                // Until its program is dead, and it is of no use.
                None => {
                    self.cluster.until(|_| self.is_dead().then_some(())).await;
                    jobs.iter().map(|_| Err(Refused::Later(String::new()))).collect()
                }
            }
        })
    }

    fn observe<'a>(&'a self, _: &'a [Jid]) -> Answer<'a, Result<Vec<Observation>, Unreachable>> {
        Box::pin(async move {
            let killed = Seen::Exited { end: Err(Failure::Signal(Signal(9))), usage: None };
            let seen = |known: &mut Known| {
                if self.is_dead() {
                    let cut = std::mem::take(&mut *self.cut.lock().unwrap());
                    let seen: Vec<_> =
                        cut.into_iter().map(|jid| Observation { jid, seen: killed.clone() }).collect();
                    return (!seen.is_empty()).then_some(seen);
                }
                known.untold()
            };
            Ok(self.cluster.until(seen).await)
        })
    }

    fn recover<'a>(&'a self, _: &'a Path, left: &'a [Left]) -> Answer<'a, Result<Vec<Found>, Unreachable>> {
        Box::pin(async move {
            self.cluster.set(|known| known.asked.push(left.to_vec()));
            let found = |known: &mut Known| {
                if known.unreachable > 0 {
                    known.unreachable -= 1;
                    return Some(Err(Unreachable("the controller is down".to_owned())));
                }
                if known.silent {
                    return None;
                }
                Some(Ok(left.iter().map(|it| known.find(it)).collect()))
            };
            self.cluster.until(found).await
        })
    }

    fn kill<'a>(&'a self, jids: &'a [Jid], how: Kill) -> Answer<'a, Result<(), Unreachable>> {
        Box::pin(async move {
            if self.is_dead() {
                self.cut.lock().unwrap().extend(jids.iter().cloned());
                self.cluster.changed.notify_waiters();
            } else {
                self.cluster.set(|known| known.kill(jids, how));
            }
            Ok(())
        })
    }

    fn note(&self) -> Option<String> {
        (self.name == "noted").then(|| "this cluster is a fake".to_owned())
    }
}

/// Programs, one after the other, that use a cluster and one work directory.
pub(super) struct Scene {
    dir: TempDir,
    pub(super) cluster: Arc<Cluster>,
    dead: Arc<AtomicBool>,
    deaths: usize,
}

impl Scene {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { dir, cluster: Arc::default(), dead: Arc::default(), deaths: 0 }
    }

    pub(super) fn workdir(&self) -> PathBuf {
        self.dir.path().join(format!("work.{}", self.deaths))
    }

    /// A run that has not the look of files, without plugins.
    pub(super) fn builder(&self) -> XquteBuilder {
        self.named("cluster", false)
    }

    pub(super) fn named(&self, name: &'static str, files: bool) -> XquteBuilder {
        let (cluster, dead) = (Arc::clone(&self.cluster), Arc::clone(&self.dead));
        let line = Line { cluster, dead, name, files, cut: Mutex::default() };
        Xqute::builder().workdir(self.workdir()).select([""; 0]).backend(line).forks(8)
    }

    /// The program of a run dies, as by SIGKILL: what its work directory has at this moment is what the next one finds.
    pub(super) fn dies(&mut self, run: Xqute) {
        let before = self.workdir();
        self.deaths += 1;
        copy(&before, &self.workdir());
        self.dead.store(true, Ordering::SeqCst);
        self.cluster.changed.notify_waiters();
        self.dead = Arc::default();
        drop(run);
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}
