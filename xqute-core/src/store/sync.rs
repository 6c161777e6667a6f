//! When is what was written safe from a power cut? A thread of its own sees to it, for many writes at a time.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How old a record is at most before it is on the disk.
pub(crate) const SYNC_INTERVAL: Duration = Duration::from_millis(50);
/// How long a sync waits for more records to take along. The rest of the interval is for the disk.
const WAIT: Duration = Duration::from_millis(SYNC_INTERVAL.as_millis() as u64 / 2);

/// A sync that failed. It is told again at every write: what the system forgot of the file, no later sync brings back.
#[derive(Debug, Clone)]
pub(super) struct Failed {
    kind: io::ErrorKind,
    what: String,
}

impl Failed {
    pub(super) fn new(error: &io::Error) -> Self {
        Self { kind: error.kind(), what: error.to_string() }
    }

    pub(super) fn error(&self) -> io::Error {
        io::Error::new(self.kind, self.what.clone())
    }
}

/// The thread that syncs. It sleeps while nothing is written, and ends with this, after a last sync.
#[derive(Debug)]
pub(super) struct Syncer {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    unsynced: bool,
    closing: bool,
    failed: Option<Failed>,
}

impl Syncer {
    pub(super) fn start(sync: impl FnMut() -> io::Result<()> + Send + 'static) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let thread = thread::Builder::new().name("xqute-journal".into()).spawn(move || theirs.serve(sync))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Something was written.
    pub(super) fn written(&self) -> io::Result<()> {
        let mut state = self.shared.lock();
        if !state.unsynced {
            state.unsynced = true;
            self.shared.changed.notify_one();
        }
        state.check()
    }

    /// Whether all syncs have succeeded.
    pub(super) fn check(&self) -> io::Result<()> {
        self.shared.lock().check()
    }

    /// Syncs what is left, and ends the thread.
    pub(super) fn close(&mut self) -> io::Result<()> {
        self.shared.lock().closing = true;
        self.shared.changed.notify_one();
        if self.thread.take().is_some_and(|it| it.join().is_err()) {
            return Err(io::Error::other("the thread that syncs the journal panicked"));
        }
        self.check()
    }
}

impl Drop for Syncer {
    fn drop(&mut self) {
        if self.thread.is_some()
            && let Err(error) = self.close()
        {
            tracing::error!("{error}");
        }
    }
}

impl Shared {
    fn serve(&self, mut sync: impl FnMut() -> io::Result<()>) {
        while self.wait() {
            if let Err(error) = sync() {
                self.lock().failed = Some(Failed::new(&error));
                return;
            }
        }
    }

    /// Waits until something is to be synced. `false`: never again.
    fn wait(&self) -> bool {
        let idle = |state: &mut State| !state.unsynced && !state.closing;
        let state = self.changed.wait_while(self.lock(), idle).unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(state, WAIT, |state| !state.closing);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut state.unsynced)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn check(&self) -> io::Result<()> {
        self.failed.as_ref().map_or(Ok(()), |it| Err(it.error()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;
    use std::time::Instant;

    #[test]
    fn where_nothing_is_written_nothing_is_synced() {
        let mut syncer = Syncer::start(|| panic!("nothing is to be synced")).unwrap();
        syncer.check().unwrap();
        syncer.close().unwrap();
    }

    #[test]
    fn what_is_written_is_synced_by_itself_and_not_at_once() {
        let (told, synced) = mpsc::channel();
        let syncer = Syncer::start(move || told.send(Instant::now()).map_err(io::Error::other)).unwrap();
        for _ in 0..3 {
            let written = Instant::now();
            syncer.written().unwrap();
            assert!(synced.recv().unwrap() >= written + WAIT, "others had no time to come along");
        }
    }

    #[test]
    fn many_writes_share_a_sync() {
        let (begun, syncs) = mpsc::channel();
        let (go_on, gate) = mpsc::channel();
        let sync = move || {
            begun.send(()).map_err(io::Error::other)?;
            gate.recv().map_err(io::Error::other)
        };
        let mut syncer = Syncer::start(sync).unwrap();
        syncer.written().unwrap();
        syncs.recv().unwrap();
        (0..100).for_each(|_| syncer.written().unwrap());
        go_on.send(()).unwrap();
        go_on.send(()).unwrap();
        syncer.close().unwrap();
        assert_eq!(syncs.iter().count(), 1, "the 100 writes of the first sync's time");
    }

    #[test]
    fn the_last_write_is_synced_before_it_ends() {
        let count = Arc::new(AtomicUsize::new(0));
        let theirs = Arc::clone(&count);
        let syncer = Syncer::start(move || {
            theirs.fetch_add(1, Ordering::Relaxed);
            Ok(())
        })
        .unwrap();
        syncer.written().unwrap();
        drop(syncer);
        assert_eq!(count.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_sync_that_failed_is_told_for_ever() {
        let (ended, end) = mpsc::channel::<()>();
        let mut syncer = Syncer::start(move || {
            let _until_the_thread_ends = &ended;
            Err(io::Error::from_raw_os_error(5))
        })
        .unwrap();
        syncer.written().unwrap();
        end.recv().unwrap_err();
        for _ in 0..2 {
            let error = syncer.written().unwrap_err();
            assert!(error.to_string().contains("Input/output error"), "{error}");
        }
        assert!(syncer.check().is_err() && syncer.close().is_err());
    }
}
