//! What do tests about ends share? Pipes that say whether a process still holds them, and a run's events.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::{OpenOptions, Receiver};
use xqute::{Events, Job, Moment, RunEvent};

/// A named pipe that jobs write to.
pub(crate) struct Pipe {
    pub(crate) path: PathBuf,
    reader: Receiver,
}

impl Pipe {
    /// It ends when the last process that has it open is gone.
    pub(crate) fn new(dir: &TempDir, name: &str) -> Self {
        let path = fifo(dir, name);
        let reader = OpenOptions::new().open_receiver(&path).unwrap();
        Self { path, reader }
    }

    /// It never ends, whoever comes and goes.
    pub(crate) fn without_end(dir: &TempDir, name: &str) -> Self {
        let path = fifo(dir, name);
        let reader = OpenOptions::new().read_write(true).open_receiver(&path).unwrap();
        Self { path, reader }
    }

    /// Waits for a line.
    pub(crate) async fn line(&mut self) -> String {
        let mut line = Vec::new();
        loop {
            match self.reader.read_u8().await.unwrap() {
                b'\n' => return String::from_utf8(line).unwrap(),
                byte => line.push(byte),
            }
        }
    }

    /// What else was written, when the last process that has it open is gone.
    pub(crate) async fn rest(&mut self) -> String {
        let mut rest = String::new();
        self.reader.read_to_string(&mut rest).await.unwrap();
        rest
    }

    /// Whether no process has it open any more, now. Somebody must have had.
    pub(crate) fn is_deserted(&self) -> bool {
        match self.reader.try_read(&mut [0; 64]) {
            Ok(0) => true,
            Ok(_) => panic!("something was written that the test did not read"),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                false
            }
        }
    }
}

/// A named pipe that jobs read from: each line lets one go on.
pub(crate) struct Gate {
    pub(crate) path: PathBuf,
    writer: File,
}

impl Gate {
    pub(crate) fn new(dir: &TempDir, name: &str) -> Self {
        let path = fifo(dir, name);
        // Open for both: it does not wait for who reads, and keeps what nobody has read.
        let writer = File::options().read(true).write(true).open(&path).unwrap();
        Self { path, writer }
    }

    pub(crate) fn open(&mut self) {
        self.writer.write_all(b"\n").unwrap();
    }
}

fn fifo(dir: &TempDir, name: &str) -> PathBuf {
    let path = dir.path().join(name);
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    path
}

/// A job that runs this text in `sh`, with these files as `$1`, `$2`, ….
pub(crate) fn sh(text: &str, files: &[&Path]) -> Vec<std::ffi::OsString> {
    let words = ["sh", "-c", text, "sh"].into_iter().map(Into::into);
    words.chain(files.iter().map(|it| it.as_os_str().to_owned())).collect()
}

/// Says `up` into `$1`, and runs until it is killed; so does a child, which has `$1` open too.
pub(crate) const SLEEPER: &str = "exec 3>\"$1\"; sleep 1000 & echo up >&3; wait";

/// The same, and both ignore SIGTERM.
pub(crate) const STUBBORN: &str = "trap '' TERM; exec 3>\"$1\"; sleep 1000 & echo up >&3; wait";

/// The next event about a job.
pub(crate) async fn next(events: &mut Events) -> Option<(Moment, Job)> {
    match events.next().await {
        Some(RunEvent::Reached(moment, job)) => Some((moment, job)),
        None => None,
        other => panic!("{other:?}"),
    }
}

/// Passes over events until this one.
pub(crate) async fn until(events: &mut Events, index: usize, moment: Moment) -> Job {
    loop {
        let (it, job) = next(events).await.expect("the run ended before");
        if job.index() == index && it == moment {
            return job;
        }
        let is_over = job.index() == index && job.outcome().is_some() && !job.will_retry();
        assert!(
            !is_over || it == Moment::Verifying,
            "job {index} ended otherwise: {it:?} {:?}",
            job.outcome()
        );
    }
}

/// All events until the run ends.
pub(crate) async fn rest(events: &mut Events) -> Vec<(Moment, Job)> {
    let mut all = Vec::new();
    while let Some(event) = next(events).await {
        all.push(event);
    }
    all
}

/// How a job ended, in words, by the last of its events.
pub(crate) fn outcome(events: &[(Moment, Job)], index: usize) -> String {
    let last = events.iter().rfind(|(_, job)| job.index() == index).expect("the job is told of");
    last.1.outcome().expect("its last event is its end").to_string()
}

/// What happened to a job, in order.
pub(crate) fn moments(events: &[(Moment, Job)], index: usize) -> Vec<Moment> {
    events.iter().filter(|(_, job)| job.index() == index).map(|(moment, _)| *moment).collect()
}

/// Whether a process of this number runs, or has ended and nobody has taken its end.
pub(crate) fn is_process(pid: &str) -> bool {
    Path::new("/proc").join(pid).exists()
}
