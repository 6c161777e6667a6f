//! When is written what is logged? Warnings at once; the rest some lines at a time, so that a plugin that logs each step of a job
//! costs a job no system call a step.

use std::io::{self, Write};
use std::sync::{Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

use super::screen;

/// How long a line may wait.
const WAIT: Duration = Duration::from_millis(20);
/// So many bytes do not wait.
const MOST: usize = 64 * 1024;

/// Standard error for what is logged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Log {
    at_once: bool,
}

impl Log {
    /// Whether lines may wait is as their level says, unless there is nobody who would write them then.
    pub(crate) fn start() -> Self {
        let writer =
            thread::Builder::new().name("xqute-log".to_owned()).spawn(|| LINES.write_again_and_again());
        Self { at_once: writer.is_err() }
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        *self
    }

    fn make_writer_for(&'a self, meta: &Metadata<'_>) -> Self {
        Self { at_once: self.at_once || *meta.level() <= Level::WARN }
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LINES.add(bytes, self.at_once);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes what waits.
pub(crate) fn write() {
    write_all(&mut LINES.lock());
}

/// Writes what waits, unless somebody is writing it.
pub(super) fn write_if_free() {
    if let Ok(mut waiting) = LINES.waiting.try_lock() {
        write_all(&mut waiting);
    }
}

static LINES: LazyLock<Lines> = LazyLock::new(Lines::default);

/// What was logged and is not written yet.
#[derive(Debug, Default)]
struct Lines {
    waiting: Mutex<Vec<u8>>,
    some: Condvar,
}

impl Lines {
    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, line: &[u8], at_once: bool) {
        let mut waiting = self.lock();
        if waiting.is_empty() && !at_once {
            self.some.notify_one();
        }
        waiting.extend_from_slice(line);
        if at_once || waiting.len() >= MOST {
            write_all(&mut waiting);
        }
    }

    fn write_again_and_again(&self) {
        loop {
            let waiting = self.lock();
            drop(self.some.wait_while(waiting, |it| it.is_empty()).unwrap_or_else(PoisonError::into_inner));
            thread::sleep(WAIT);
            write_all(&mut self.lock());
        }
    }
}

fn write_all(waiting: &mut Vec<u8>) {
    if !waiting.is_empty() {
        screen::write_log(waiting);
        waiting.clear();
    }
}
