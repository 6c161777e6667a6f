//! What does a test of this backend need? A work directory, jobs in it, and a way to hear from them.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::time::Duration;

use tokio::net::unix::pipe;

use crate::backend::local::Local;
use crate::backend::{Accepted, Backend, Env, Kill, Observation, Refused, Submission};
use crate::job::{Argv, Failure, JobFiles, Output, Usage};

/// How a job ended, and what it used.
pub(super) type End = (Result<(), Failure>, Option<Usage>);

pub(super) struct Scene {
    pub(super) backend: Local,
    pub(super) workdir: tempfile::TempDir,
}

impl Scene {
    pub(super) fn new() -> Self {
        Self { backend: Local::new(), workdir: tempfile::tempdir().unwrap() }
    }

    /// Job 0, with its directory.
    pub(super) fn job<W: Into<OsString>>(&self, words: impl IntoIterator<Item = W>) -> Submission {
        let job = Submission {
            index: 0,
            attempt: 0,
            argv: Argv::new(words).unwrap(),
            env: Env::default(),
            cwd: None,
            files: JobFiles::new(self.workdir.path().into(), 0),
            output: Output::Files,
            script: None,
            run: "run".into(),
            at_once: None,
        };
        fs::create_dir_all(job.files.metadir()).unwrap();
        job
    }

    /// A job in bash, which finds the path of the [`Fifo`] in `$1`.
    pub(super) fn bash(&self, script: &str) -> Submission {
        self.job([
            "bash".as_ref(),
            "-c".as_ref(),
            script.as_ref(),
            "job".as_ref(),
            self.fifo_path().as_os_str(),
        ])
    }

    pub(super) async fn submit(&self, job: Submission) -> Result<Accepted, Refused> {
        self.backend.submit(&[job]).await.remove(0)
    }

    pub(super) async fn kill(&self, job: &Accepted, how: Kill) {
        self.backend.kill(std::slice::from_ref(&job.jid), how).await.unwrap();
    }

    /// What is told next, which is of one job.
    pub(super) async fn observe(&self) -> Observation {
        let mut told = self.backend.observe(&[]).await.unwrap();
        assert_eq!(told.len(), 1, "{told:?}");
        told.remove(0)
    }

    /// How this job ends, which is told next.
    pub(super) async fn end(&self, job: &Accepted) -> End {
        let told = self.observe().await;
        assert_eq!(told.jid, job.jid);
        let crate::backend::Seen::Exited { end, usage } = told.seen else { panic!("{told:?}") };
        (end, usage)
    }

    /// Runs a job to its end.
    pub(super) async fn run(&self, job: Submission) -> End {
        let accepted = self.submit(job).await.unwrap();
        let end = tokio::time::timeout(Duration::from_secs(60), self.end(&accepted)).await;
        if end.is_err() {
            self.kill(&accepted, Kill::Kill).await;
        }
        end.unwrap()
    }

    fn fifo_path(&self) -> PathBuf {
        self.workdir.path().join("fifo")
    }

    pub(super) fn fifo(&self) -> Fifo {
        rustix::fs::mknodat(
            rustix::fs::CWD,
            self.fifo_path(),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
            0,
        )
        .unwrap();
        Fifo(pipe::OpenOptions::new().open_receiver(self.fifo_path()).unwrap())
    }
}

/// Where processes say that they are ready, and that they have ended: whoever holds it open lives.
pub(super) struct Fifo(pipe::Receiver);

impl Fifo {
    /// Waits until so many bytes were written; gives them in order of the alphabet.
    pub(super) async fn ready(&self, bytes: usize) -> String {
        let mut told = Vec::new();
        while told.len() < bytes {
            self.0.readable().await.unwrap();
            let mut some = [0; 64];
            if let Ok(size) = self.0.try_read(&mut some) {
                told.extend_from_slice(&some[..size]);
            }
            // At its end it is readable always.
            tokio::task::yield_now().await;
        }
        told.sort_unstable();
        String::from_utf8(told).unwrap()
    }

    /// Whether a process holds it open.
    pub(super) fn is_held(&self) -> bool {
        let mut some = [0; 64];
        match self.0.try_read(&mut some) {
            Ok(size) => size > 0,
            Err(error) => error.kind() == std::io::ErrorKind::WouldBlock,
        }
    }
}

/// The bytes between `name=` and the next NUL.
pub(super) fn variable<'a>(environ: &'a [u8], name: &str) -> Option<&'a OsStr> {
    environ
        .split(|it| *it == 0)
        .find_map(|it| Some(OsStr::from_bytes(it.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?)))
}
