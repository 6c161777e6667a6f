//! How does a file of lines survive whatever happens to the program that writes it? `joblog` and `trace` keep theirs so.
//!
//! Lines are collected and written once a second, in one call, and when the run ends. What a killed program had not written
//! is added by the next run on the work directory, which reads the journal for that. One run at a time writes a table: two
//! would repair and empty each other's.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use xqute::{BoxError, Run, WorkDirError, WorkDirView};

/// A line waits so long at most until it is written.
const PATIENCE: Duration = Duration::from_secs(1);
/// So much is written at once, however short it has waited.
const PLENTY: usize = 256 << 10;
/// So much is kept where the file cannot be written; more is left for the next run to add.
const MOST: usize = 8 << 20;

/// The end of a run waits so long at most for a disk that takes nothing.
const LIMIT: Duration = Duration::from_secs(10);

/// What a killed program was about to start has its lock, too, until that is a program of its own: so long it is asked again.
const LETTING_GO: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(5);

/// A file of lines.
#[derive(Debug)]
pub(crate) struct Table {
    shared: Arc<Shared>,
    writer: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    waiting: Mutex<Waiting>,
    news: Condvar,
}

/// What the run and the thread that writes tell each other.
#[derive(Debug, Default)]
struct Waiting {
    /// Not written yet.
    lines: Vec<u8>,
    /// How many there was no room for.
    dropped: u64,
    /// All is to be written now, and told.
    asked: bool,
    closing: bool,
    /// Who asked has waited in vain.
    is_stuck: bool,
    /// What could not be written, when it was last tried.
    failed: Option<String>,
    /// The thread has come to its end.
    gone: bool,
}

/// The thread's own.
#[derive(Debug)]
struct Out {
    file: File,
    /// What is to happen before the first line is written: the file is emptied, and begins with this.
    head: Option<Vec<u8>>,
    /// What was taken to be written, and could not be.
    rest: Vec<u8>,
}

/// What becomes of what the file has already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Before {
    /// It goes, when the first line is written: an error before that leaves it as it is.
    Goes,
    /// It stays, but for a last line that was cut short.
    Stays,
}

impl Table {
    /// Opens a file, or makes one for its owner alone. Each whole line that stays is told to `seen`, without its
    /// end; the first may be the head. A file that does not begin as the head does is another's, and left alone; so is one that
    /// another table writes that is not finished, of this program or another.
    pub(crate) fn open(
        path: &Path,
        head: &str,
        before: Before,
        seen: impl FnMut(&[u8]),
    ) -> Result<Self, BoxError> {
        let path = std::path::absolute(path)?;
        let open = || -> io::Result<Out> {
            let mut file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(&path)?;
            let is_file = file.metadata()?.is_file();
            if is_file {
                claim(&file, &path)?;
            }
            if is_file && !is_own(&file, head)? {
                return Err(io::Error::other(
                    "there is something else in it: name another file, or remove that one",
                ));
            }
            if is_file && before == Before::Stays {
                read(&mut file, seen)?;
            }
            let is_new = is_file && (before == Before::Goes || file.metadata()?.len() == 0);
            let head = (is_new || !is_file).then(|| format!("{head}\n").into_bytes());
            Ok(Out { file, head, rest: Vec::new() })
        };
        let out = open().map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        let (waiting, news) = (Mutex::default(), Condvar::new());
        let shared = Arc::new(Shared { path, waiting, news });
        let of_thread = Gone(Arc::clone(&shared));
        let writer =
            std::thread::Builder::new().name("table".to_owned()).spawn(move || of_thread.0.serve(out))?;
        Ok(Self { shared, writer: Some(writer) })
    }

    /// Adds a line, with its end. Never waits for a disk.
    pub(crate) fn add(&self, line: &[u8]) {
        let mut waiting = lock(&self.shared.waiting);
        if waiting.lines.len() + line.len() > MOST {
            waiting.dropped += 1;
            return;
        }
        let before = waiting.lines.len();
        waiting.lines.extend_from_slice(line);
        if before == 0 || (before < PLENTY && waiting.lines.len() >= PLENTY) {
            self.shared.news.notify_one();
        }
    }

    /// Waits until all is written that there is, and tells what could not be. A table without lines has its head.
    pub(crate) fn finish(&self) -> Result<(), String> {
        self.finish_within(LIMIT)
    }

    fn finish_within(&self, limit: Duration) -> Result<(), String> {
        lock(&self.shared.waiting).asked = true;
        let mut waiting = self.shared.wait(limit, |it| !it.asked || it.gone);
        waiting.is_stuck = waiting.asked;
        let why = match (&waiting.failed, waiting.dropped) {
            (None, _) if waiting.asked => {
                format!("the last lines, which it did not take within {} s", limit.as_secs())
            }
            (Some(why), _) => format!("the last lines, which could not be written: {why}"),
            (None, 0) => return Ok(()),
            (None, dropped) => format!("{dropped} lines, because it could not be written for a while"),
        };
        let path = self.shared.path.display();
        Err(format!("{path} lacks {why}; the next run on the work directory adds them"))
    }
}

/// A disk that takes nothing is not waited for without an end: the thread is left to it then.
impl Drop for Table {
    fn drop(&mut self) {
        lock(&self.shared.waiting).closing = true;
        let waiting = self.shared.wait(LIMIT, |it| it.gone || it.is_stuck);
        let (gone, path) = (waiting.gone, self.shared.path.display());
        drop(waiting);
        match self.writer.take() {
            Some(writer) if gone => {
                if writer.join().is_err() {
                    tracing::warn!("the thread that writes {path} has panicked");
                }
            }
            _ => tracing::warn!("{path} takes no lines: its last ones are not written"),
        }
    }
}

/// However the thread ends, who waits for it is told.
struct Gone(Arc<Shared>);

impl Drop for Gone {
    fn drop(&mut self) {
        lock(&self.0.waiting).gone = true;
        self.0.news.notify_all();
    }
}

impl Waiting {
    fn is_urgent(&self) -> bool {
        self.asked || self.closing
    }
}

impl Shared {
    /// Wakes the thread, and waits until something is so, or for so long.
    fn wait(&self, limit: Duration, is_so: impl Fn(&Waiting) -> bool) -> MutexGuard<'_, Waiting> {
        self.news.notify_all();
        let waited = self.news.wait_timeout_while(lock(&self.waiting), limit, |it| !is_so(it));
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// Writes lines as they come, until the table is dropped.
    fn serve(&self, mut out: Out) {
        let mut waiting = lock(&self.waiting);
        loop {
            let is_idle = |it: &mut Waiting| it.lines.is_empty() && !it.is_urgent();
            waiting = self.news.wait_while(waiting, is_idle).unwrap_or_else(PoisonError::into_inner);
            let is_patient = |it: &mut Waiting| it.lines.len() < PLENTY && !it.is_urgent();
            let waited = self.news.wait_timeout_while(waiting, PATIENCE, is_patient);
            waiting = waited.unwrap_or_else(PoisonError::into_inner).0;
            let (asked, closing) = (waiting.asked, waiting.closing);
            // A table that never had a line, and that nobody has finished, is of a run that never was.
            let is_wanted = asked || out.head.is_none() || !waiting.lines.is_empty();
            drop(waiting);
            let failed = if is_wanted { self.write(&mut out).err() } else { None };
            waiting = lock(&self.waiting);
            if failed.is_none() && (asked || closing) {
                out.release(&self.path);
            }
            let is_new = failed.is_some() && waiting.failed.is_none();
            waiting.failed = failed.map(|it| it.to_string());
            // Who asked meanwhile has lines that were not taken.
            waiting.asked &= !asked;
            if is_new && let Some(why) = &waiting.failed {
                tracing::warn!("cannot write {}: {why}; it is tried again each second", self.path.display());
            }
            self.news.notify_all();
            if closing {
                return;
            }
            if waiting.failed.is_some() {
                let waited = self.news.wait_timeout_while(waiting, PATIENCE, |it| !it.is_urgent());
                waiting = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
        }
    }

    fn write(&self, out: &mut Out) -> io::Result<()> {
        if out.rest.is_empty() {
            std::mem::swap(&mut lock(&self.waiting).lines, &mut out.rest);
        }
        out.write()?;
        // What came meanwhile, where there was a rest to write first.
        std::mem::swap(&mut lock(&self.waiting).lines, &mut out.rest);
        out.write()
    }
}

impl Out {
    /// The file is for others from now on. Not left to closing it: a process that is just being started may have it, too.
    fn release(&self, path: &Path) {
        if let Err(error) = self.file.unlock() {
            tracing::debug!("{} stays locked until this program ends: {error}", path.display());
        }
    }

    fn write(&mut self) -> io::Result<()> {
        if let Some(head) = self.head.take() {
            if self.file.metadata()?.is_file() {
                self.file.set_len(0).inspect_err(|_| self.head = Some(head.clone()))?;
            }
            self.rest.splice(0..0, head);
        }
        while !self.rest.is_empty() {
            match self.file.write(&self.rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => drop(self.rest.drain(..written)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Keeps others from writing a file. Where the file system knows no locks, nobody is kept from it.
fn claim(file: &File, path: &Path) -> io::Result<()> {
    let deadline = Instant::now() + LETTING_GO;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => std::thread::sleep(PAUSE),
            Err(TryLockError::WouldBlock) => {
                return Err(io::Error::other(
                    "another run, or another plugin, writes it: name another `path`, or wait until that run has ended",
                ));
            }
            Err(TryLockError::Error(error)) => {
                tracing::warn!("{} cannot be locked ({error}): let no other run write it", path.display());
                return Ok(());
            }
        }
    }
}

/// Whether a file is empty, or begins as a table does, of which the first three columns are always the same. The head may
/// be cut short.
fn is_own(file: &File, head: &str) -> io::Result<bool> {
    let own = head.match_indices(['\t', ',']).nth(2).map_or(head, |(at, _)| &head[..at]);
    let mut begin = Vec::new();
    file.take(own.len() as u64).read_to_end(&mut begin)?;
    Ok(own.as_bytes().starts_with(&begin))
}

/// Tells each whole line, and cuts off what follows the last.
fn read(file: &mut File, mut seen: impl FnMut(&[u8])) -> io::Result<()> {
    file.seek(SeekFrom::Start(0))?;
    let (mut reader, mut line, mut sound) = (BufReader::new(&*file), Vec::new(), 0);
    loop {
        line.clear();
        let bytes = reader.read_until(b'\n', &mut line)?;
        if line.pop_if(|it| *it == b'\n').is_none() {
            break if bytes > 0 { file.set_len(sound) } else { Ok(()) };
        }
        sound += bytes as u64;
        seen(&line);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What earlier runs on the work directory left, if this one goes on with it. Only in `on_init`.
pub(crate) fn past(run: &Run) -> Result<Option<WorkDirView>, WorkDirError> {
    if run.is_fresh() {
        return Ok(None);
    }
    match WorkDirView::open(run.workdir()) {
        Ok(view) => Ok((!view.is_empty()).then_some(view)),
        Err(WorkDirError::NoRun { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
