//! Who takes the journal in? A thread of the run's that reads what is written, and writes it to the database in batches.
//!
//! The database says how far it is, in the same transaction as what was written: whatever is killed, the next thread goes on there.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use xqute::{Entries, Fact, Mark, WorkDirError, utc};

use super::books::Books;
use super::rows::Batch;
use super::store::{Source, Standing, Store, Target, Trouble};

/// So many records are written at once, at most; fewer for a while where that was too much for the database.
const BATCH: usize = 10_000;
const SMALLEST_BATCH: usize = 100;
/// And so many bytes of the journal, at most: commands may be long.
const BYTES: u64 = 8 << 20;
/// So long nothing is looked for, where there was nothing new.
const LOOK: Duration = Duration::from_millis(200);
/// The wait after a first failure; it doubles up to the longest.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// At the end of a run one waits no longer for a database that has taken nothing for so long.
const SILENT: Duration = Duration::from_secs(10);
/// And for one that could not even be opened.
const NO_ANSWER: Duration = Duration::from_secs(3);
/// A database that did not answer when the run ended is tried so long once more.
const LAST_TRY: Duration = Duration::from_secs(2);
/// Whatever it was told, the end of a run waits no longer.
const LONGEST_DRAIN: Duration = Duration::from_secs(24 * 3600);

/// What the run and the thread tell each other.
#[derive(Debug, Default)]
struct Line {
    said: Mutex<Said>,
    news: Condvar,
}

#[derive(Debug, Default)]
struct Said {
    /// The last record is written: what is taken in then is all.
    ended: bool,
    /// Nobody waits any longer.
    left: bool,
    /// The thread has come to its end: with this trouble, or having taken in all.
    done: Option<Option<Trouble>>,
    /// What keeps the database from being written to.
    trouble: Option<Trouble>,
    /// When the last record was written that the database has, and that this thread wrote to it.
    until: Option<u64>,
    /// Whether the database was ever opened.
    was_open: bool,
    /// How many batches it has written.
    batches: u64,
}

impl Line {
    fn said(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, change: impl FnOnce(&mut Said)) {
        change(&mut self.said());
        self.news.notify_all();
    }

    /// Waits until something is so, or the time is over.
    fn wait(&self, until: Instant, is_so: impl Fn(&Said) -> bool) -> MutexGuard<'_, Said> {
        let mut said = self.said();
        while !is_so(&said) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            said = self.news.wait_timeout(said, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        said
    }
}

/// The thread, seen from the run. Where this is dropped, the thread ends by itself.
#[derive(Debug)]
pub(super) struct Follower {
    line: Arc<Line>,
    target: Target,
}

impl Follower {
    /// Starts to follow the journal of a work directory.
    pub(super) fn start(workdir: PathBuf, target: Target, events: bool) -> std::io::Result<Self> {
        let line = Arc::new(Line::default());
        let following = Following {
            workdir,
            target: target.clone(),
            events,
            line: Arc::clone(&line),
            open: None,
            batch: BATCH,
        };
        thread::Builder::new().name("xqute-database".to_owned()).spawn(move || following.follow())?;
        Ok(Self { line, target })
    }

    /// The run has ended: waits until all is taken in, or for so long. What is to be said, if not all is.
    pub(super) fn finish(&self, drain: Duration) -> Option<String> {
        self.line.tell(|it| it.ended = true);
        let limit = if self.line.said().trouble.is_some() { drain.min(LAST_TRY) } else { drain };
        // A longer wait than that is no time that a clock knows.
        let (limit, begun) = (limit.min(LONGEST_DRAIN), Instant::now());
        let (end, mut said) = (begun + limit, self.line.said());
        loop {
            let (now, batches, was_open) = (Instant::now(), said.batches, said.was_open);
            if said.done.is_some() || now >= end {
                break;
            }
            drop(said);
            let is_news = |it: &Said| it.done.is_some() || (it.batches, it.was_open) != (batches, was_open);
            let patience = if was_open { SILENT } else { NO_ANSWER };
            said = self.line.wait(end.min(now + patience), is_news);
            if !is_news(&said) {
                break;
            }
        }
        let why: Arc<str> = match (&said.done, &said.trouble) {
            (Some(None), _) => return None,
            (Some(Some(trouble)), _) | (None, Some(trouble)) => Arc::clone(&trouble.why),
            (None, None) => format!("the end of the run waited {} s", begun.elapsed().as_secs()).into(),
        };
        let missing = said.until.map_or_else(
            || "nothing of this run".to_owned(),
            |it| format!("not what happened after {}", utc(it)),
        );
        Some(format!(
            "database: {} has {missing} ({why}); the next run on this work directory adds it",
            self.target
        ))
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.line.tell(|it| it.left = true);
    }
}

/// The thread's own.
struct Following {
    workdir: PathBuf,
    target: Target,
    events: bool,
    line: Arc<Line>,
    open: Option<Open>,
    /// So many records are written at once.
    batch: usize,
}

/// A database and a journal, and where the one stands with the other.
struct Open {
    store: Box<dyn Store>,
    entries: Entries,
    list: String,
    books: Books,
}

/// What came of looking.
enum Looked {
    /// There was something, and there may be more.
    More,
    /// There is nothing that the database has not.
    Nothing,
}

impl Following {
    fn follow(mut self) {
        let mut wait = FIRST_WAIT;
        loop {
            // First this: what is written when the run has ended, is all.
            let (ended, left) = {
                let said = self.line.said();
                (said.ended, said.left)
            };
            if left {
                return;
            }
            let was_open = self.open.is_some();
            match self.look() {
                Ok(Looked::More) => wait = FIRST_WAIT,
                Ok(Looked::Nothing) if ended => return self.line.tell(|it| it.done = Some(None)),
                Ok(Looked::Nothing) => {
                    drop(self.line.wait(Instant::now() + LOOK, |it| it.ended || it.left));
                }
                // A connection that was not used for long may have been closed, which says nothing about the next one.
                Err(_) if was_open => {}
                Err(trouble) => {
                    self.tell(&trouble);
                    if ended || trouble.lasts {
                        return self.line.tell(|it| it.done = Some(Some(trouble)));
                    }
                    drop(self.line.wait(Instant::now() + wait, |it| it.ended || it.left));
                    wait = (wait * 2).min(LONGEST_WAIT);
                }
            }
        }
    }

    /// Takes in what is new, as much as goes into one batch.
    fn look(&mut self) -> Result<Looked, Trouble> {
        let mut open = match self.open.take() {
            Some(open) => open,
            None => match self.open()? {
                Some(open) => open,
                None => return Ok(Looked::Nothing),
            },
        };
        match open.entries.refresh() {
            Ok(true) => {}
            // Another journal: whose list it is, the database has to say.
            Ok(false) | Err(WorkDirError::NoRun { .. }) => return Ok(Looked::More),
            Err(error) => return Err(Trouble::passing(error)),
        }
        let (batch, is_all) = open.batch(self.batch)?;
        if batch.entries > 0 {
            self.batch = (self.batch / 2).max(SMALLEST_BATCH);
            open.store.write(&open.list, &batch)?;
            self.batch = (self.batch * 4).min(BATCH);
            self.fine(batch.when);
        }
        self.open = Some(open);
        Ok(if is_all { Looked::Nothing } else { Looked::More })
    }

    /// Opens both; `None`: no run has begun here.
    fn open(&self) -> Result<Option<Open>, Trouble> {
        let Some(mut entries) = journal(&self.workdir)? else { return Ok(None) };
        let journal = format!("{:016x}", entries.journal());
        let mut store = self.target.open()?;
        let Standing { list, mark, mut books } = match store.find(&journal)? {
            Some(standing) => standing,
            None => {
                let runs = self.runs()?;
                if runs.is_empty() {
                    return Ok(None);
                }
                let workdir = self.workdir.to_string_lossy().replace('\0', "\u{fffd}");
                let list = store.add(&Source { workdir, journal, runs })?;
                Standing { list, mark: None, books: Books::default() }
            }
        };
        // What the database has is not there any more: all is read from the beginning, and met by the rows that are there.
        if !go_on(&mut entries, mark.as_ref())? {
            books = Books::default();
        }
        books.events = self.events;
        self.line.tell(|it| it.was_open = true);
        Ok(Some(Open { store, entries, list, books }))
    }

    /// The runs that the journal tells of.
    fn runs(&self) -> Result<Vec<String>, Trouble> {
        let mut runs = Vec::new();
        for entry in journal(&self.workdir)?.into_iter().flatten() {
            if let Fact::Run { id, .. } = entry.map_err(Trouble::passing)?.fact {
                runs.push(id);
            }
        }
        Ok(runs)
    }

    fn tell(&self, trouble: &Trouble) {
        let is_new = self.line.said().trouble.is_none();
        if is_new {
            tracing::warn!(target: "xqute::database", "{} is not written to: {}", self.target, trouble.why);
        }
        self.line.tell(|it| it.trouble = Some(trouble.clone()));
    }

    fn fine(&self, until: Option<u64>) {
        if self.line.said().trouble.is_some() {
            tracing::info!(target: "xqute::database", "{} is written to again", self.target);
        }
        self.line.tell(|it| (it.trouble, it.until, it.batches) = (None, until.or(it.until), it.batches + 1));
    }
}

/// `None`: there is none.
fn journal(workdir: &Path) -> Result<Option<Entries>, Trouble> {
    match Entries::open(workdir) {
        Ok(entries) => Ok(Some(entries)),
        Err(WorkDirError::NoRun { .. }) => Ok(None),
        Err(error) => Err(Trouble::passing(error)),
    }
}

/// Goes behind what the database has, if that is there.
fn go_on(entries: &mut Entries, mark: Option<&Mark>) -> Result<bool, Trouble> {
    mark.map_or(Ok(false), |mark| entries.go_behind(mark)).map_err(Trouble::passing)
}

/// However the thread ends, who waits for it is told.
impl Drop for Following {
    fn drop(&mut self) {
        let broken = || Some(Trouble::lasting("what writes to it has broken off"));
        self.line.tell(|it| {
            it.done.get_or_insert_with(broken);
        });
    }
}

impl Open {
    /// The next records, up to where a run begins; and whether there are no more.
    fn batch(&mut self, most: usize) -> Result<(Batch, bool), Trouble> {
        let (mut batch, mut bytes) = (Batch::default(), 0);
        while batch.entries < most && bytes < BYTES {
            let before = self.entries.mark();
            let Some(entry) = self.entries.next() else { return Ok((batch, true)) };
            let entry = entry.map_err(Trouble::passing)?;
            if matches!(entry.fact, Fact::Run { .. }) && batch.entries > 0 {
                // It is the first of the next batch.
                let again = self.entries.go_behind(&before).map_err(Trouble::passing)?;
                return if again {
                    Ok((batch, false))
                } else {
                    Err(Trouble::passing("the journal has changed"))
                };
            }
            bytes += entry.bytes;
            let mark = self.entries.mark();
            self.books.take(entry, mark, &mut batch);
        }
        Ok((batch, false))
    }
}

#[cfg(all(test, feature = "sqlite"))]
mod tests;
