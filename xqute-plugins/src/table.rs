//! How does a file of lines survive whatever happens to the program that writes it? `joblog` and `trace` keep theirs so.
//!
//! Lines are collected and written once a second, in one call, and when the run ends. What a killed program had not written
//! is added by the next run on the work directory, which reads the journal for that.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use xqute::{BoxError, Run, WorkDirError, WorkDirView};

/// A line waits so long at most until it is written.
const PATIENCE: Duration = Duration::from_secs(1);
/// So much is written at once, however short it has waited.
const PLENTY: usize = 256 << 10;
/// So much is kept where the file cannot be written; more is left for the next run to add.
const MOST: usize = 8 << 20;

/// A file of lines.
#[derive(Debug)]
pub(crate) struct Table {
    shared: Arc<Shared>,
    writer: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    waiting: Mutex<Waiting>,
    news: Condvar,
    out: Mutex<Out>,
}

/// Lines that are not written yet.
#[derive(Debug, Default)]
struct Waiting {
    lines: Vec<u8>,
    /// How many there was no room for.
    dropped: u64,
    closing: bool,
}

#[derive(Debug)]
struct Out {
    path: PathBuf,
    file: File,
    /// What is to happen before the first line is written: the file is emptied, and begins with this.
    head: Option<Vec<u8>>,
    /// What was taken to be written, and could not be.
    rest: Vec<u8>,
    /// Why not.
    failed: Option<String>,
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
    /// end; the first may be the head.
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
            if is_file && before == Before::Stays {
                read(&mut file, seen)?;
            }
            let is_new = is_file && (before == Before::Goes || file.metadata()?.len() == 0);
            let head = (is_new || !is_file).then(|| format!("{head}\n").into_bytes());
            Ok(Out { path: path.clone(), file, head, rest: Vec::new(), failed: None })
        };
        let out = open().map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        let (waiting, news) = (Mutex::default(), Condvar::new());
        let shared = Arc::new(Shared { waiting, news, out: Mutex::new(out) });
        let of_thread = Arc::clone(&shared);
        let writer = std::thread::Builder::new().name("table".to_owned()).spawn(move || of_thread.serve())?;
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

    /// Writes what there is, and tells what could not be written. A table without lines has its head.
    pub(crate) fn finish(&self) -> Result<(), String> {
        let mut out = lock(&self.shared.out);
        self.shared.write(&mut out);
        let dropped = lock(&self.shared.waiting).dropped;
        match &out.failed {
            Some(why) => Err(format!(
                "{} lacks the last lines, which could not be written: {why}; the next run on the work directory adds them",
                out.path.display()
            )),
            None if dropped > 0 => Err(format!(
                "{} lacks {dropped} lines, because it could not be written for a while; the next run on the work directory adds them",
                out.path.display()
            )),
            None => Ok(()),
        }
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        lock(&self.shared.waiting).closing = true;
        self.shared.news.notify_one();
        if self.writer.take().is_some_and(|it| it.join().is_err()) {
            tracing::warn!("the thread that writes {} has panicked", lock(&self.shared.out).path.display());
        }
    }
}

impl Shared {
    /// Writes lines as they come, until the table is dropped.
    fn serve(&self) {
        let mut waiting = lock(&self.waiting);
        loop {
            let is_idle = |it: &mut Waiting| it.lines.is_empty() && !it.closing;
            waiting = self.news.wait_while(waiting, is_idle).unwrap_or_else(PoisonError::into_inner);
            let is_patient = |it: &mut Waiting| it.lines.len() < PLENTY && !it.closing;
            let waited = self.news.wait_timeout_while(waiting, PATIENCE, is_patient);
            let closing = waited.unwrap_or_else(PoisonError::into_inner).0.closing;
            let mut out = lock(&self.out);
            // A table that never had a line, and that nobody has finished, is of a run that never was.
            if !closing || out.head.is_none() || !lock(&self.waiting).lines.is_empty() {
                self.write(&mut out);
            }
            let is_stuck = out.failed.is_some();
            drop(out);
            waiting = lock(&self.waiting);
            if closing {
                return;
            }
            if is_stuck {
                let is_open = |it: &mut Waiting| !it.closing;
                let waited = self.news.wait_timeout_while(waiting, PATIENCE, is_open);
                waiting = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
        }
    }

    fn write(&self, out: &mut Out) {
        if out.rest.is_empty() {
            std::mem::swap(&mut lock(&self.waiting).lines, &mut out.rest);
        }
        let written = out.write();
        // What came meanwhile, where there was a rest to write first.
        let written = written.and_then(|()| {
            std::mem::swap(&mut lock(&self.waiting).lines, &mut out.rest);
            out.write()
        });
        if let Err(error) = &written
            && out.failed.is_none()
        {
            tracing::warn!("cannot write {}: {error}; it is tried again each second", out.path.display());
        }
        out.failed = written.err().map(|it| it.to_string());
    }
}

impl Out {
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
