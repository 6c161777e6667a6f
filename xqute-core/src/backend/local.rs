//! This machine: a job is a process group of its own.
//!
//! One of the two files with `unsafe`, for system calls.
#![expect(unsafe_code, reason = "a descriptor is registered with the reactor")]

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;

use rustix::process::{Pid, PidfdFlags, Signal as Kill, kill_process_group, pidfd_open};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::{Mutex, mpsc};

use super::contract::{Accepted, Answer, Backend, Jid, Observation, Rejected, Submission};
use crate::job::{Failure, Signal};

/// Most observations told at once.
const BATCH: usize = 256;

/// Runs jobs on this machine. Its methods must be called within a tokio runtime that lives as long as the jobs.
#[derive(Debug)]
pub(crate) struct Local {
    seen: mpsc::UnboundedSender<Observation>,
    /// Taken by one `observe` at a time; what is not received stays for the next.
    unseen: Mutex<mpsc::UnboundedReceiver<Observation>>,
}

impl Local {
    pub(crate) fn new() -> Self {
        let (seen, unseen) = mpsc::unbounded_channel();
        Self { seen, unseen: Mutex::new(unseen) }
    }

    fn start(&self, job: &Submission) -> Result<Accepted, Rejected> {
        let child = spawn(job).map_err(|error| Rejected(error.to_string()))?;
        let jid: Jid = child.id().to_string().into();
        tokio::spawn(watch(child, Arc::clone(&jid), self.seen.clone()));
        Ok(Accepted { jid, running: true })
    }
}

impl Backend for Local {
    fn name(&self) -> &'static str {
        "local"
    }

    fn submit<'a>(&'a self, jobs: &'a [Submission]) -> Answer<'a, Vec<Result<Accepted, Rejected>>> {
        Box::pin(async move { jobs.iter().map(|job| self.start(job)).collect() })
    }

    fn observe<'a>(&'a self, _: &'a [Jid]) -> Answer<'a, Vec<Observation>> {
        Box::pin(async move {
            let mut told = Vec::new();
            self.unseen.lock().await.recv_many(&mut told, BATCH).await;
            told
        })
    }

    fn kill<'a>(&'a self, jids: &'a [Jid]) -> Answer<'a, ()> {
        Box::pin(async move {
            for group in jids.iter().filter_map(|jid| Pid::from_raw(jid.parse().ok()?)) {
                // No such group: it has ended, and that is observed.
                if let Err(error) = kill_process_group(group, Kill::KILL)
                    && error != rustix::io::Errno::SRCH
                {
                    tracing::warn!("cannot kill the process group {group:?}: {error}");
                }
            }
        })
    }
}

/// Starts the job's process: leader of its own group, its output in its files, its standard input empty.
fn spawn(job: &Submission) -> io::Result<Child> {
    let (stdout, stderr) = (job.files.stdout(), job.files.stderr());
    let mut command = Command::new(job.argv.program());
    command
        .args(job.argv.args())
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(output(&stdout)?)
        .stderr(output(&stderr)?);
    command.spawn().map_err(|error| told(job.argv.program().as_ref(), &error))
}

fn output(path: &Path) -> io::Result<File> {
    let opened = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(path);
    opened.map_err(|error| {
        io::Error::new(error.kind(), format!("cannot write its output to {}: {error}", path.display()))
    })
}

/// Why a program did not start, in words that say what to do.
fn told(program: &Path, error: &io::Error) -> io::Error {
    let name = program.display();
    let why = match error.kind() {
        io::ErrorKind::NotFound if program.components().count() == 1 => {
            format!("`{name}`: command not found in PATH")
        }
        io::ErrorKind::NotFound => {
            format!("`{name}`: no such file, or the interpreter that its first line names is missing")
        }
        io::ErrorKind::PermissionDenied => format!("`{name}`: not executable (chmod +x makes a script so)"),
        _ => format!("`{name}`: {error}"),
    };
    io::Error::new(error.kind(), why)
}

/// Waits for the job's process and tells how it ended.
async fn watch(mut child: Child, jid: Jid, seen: mpsc::UnboundedSender<Observation>) {
    let waited = match exited(&child).await {
        Ok(()) => child.wait(),
        // A kernel before 5.3 has no pidfd, and a process may run out of descriptors: a thread waits instead.
        Err(_) => {
            tokio::task::spawn_blocking(move || child.wait()).await.unwrap_or_else(|error| Err(error.into()))
        }
    };
    let exited = match waited {
        Ok(status) => failure(status),
        Err(error) => Err(Failure::Lost(error.to_string().into())),
    };
    // Nobody receives any more: the run is gone.
    let _ = seen.send(Observation { jid, exited });
}

/// Returns when the process is ready to be waited for.
async fn exited(child: &Child) -> io::Result<()> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::InvalidInput)?;
    let pidfd: OwnedFd = pidfd_open(pid, PidfdFlags::NONBLOCK)?;
    // SAFETY: an `OwnedFd` is open as long as it lives, stays the same descriptor, and is owned by the `AsyncFd`.
    let pidfd = unsafe { AsyncFd::register_with_interest(pidfd, Interest::READABLE) }?;
    pidfd.readable().await.map(drop)
}

fn failure(status: ExitStatus) -> Result<(), Failure> {
    match (status.code(), status.signal()) {
        (Some(0), _) => Ok(()),
        (Some(code), _) => Err(Failure::ExitCode(code)),
        (None, Some(signal)) => Err(Failure::Signal(Signal(signal))),
        (None, None) => Err(Failure::Lost(status.to_string().into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{Argv, JobFiles};

    async fn run(words: &[&str]) -> Result<(Result<(), Failure>, JobFiles, tempfile::TempDir), Rejected> {
        let workdir = tempfile::tempdir().unwrap();
        let files = JobFiles::new(workdir.path().into(), 0);
        std::fs::create_dir(files.metadir()).unwrap();
        let backend = Local::new();
        let job =
            Submission { index: 0, argv: Argv::new(words.iter().copied()).unwrap(), files: files.clone() };
        let accepted = backend.submit(&[job]).await.remove(0)?;
        let seen = backend.observe(std::slice::from_ref(&accepted.jid)).await.remove(0);
        assert_eq!(seen.jid, accepted.jid);
        Ok((seen.exited, files, workdir))
    }

    #[tokio::test]
    async fn a_job_runs_without_a_shell_and_its_output_is_kept() {
        let (exited, files, _workdir) = run(&["printf", "%s", "$(id) `id` 'x'"]).await.unwrap();
        assert_eq!(exited, Ok(()));
        assert_eq!(std::fs::read_to_string(files.stdout()).unwrap(), "$(id) `id` 'x'");
        assert_eq!(std::fs::read_to_string(files.stderr()).unwrap(), "");
    }

    #[tokio::test]
    async fn an_end_is_told_as_it_was() {
        assert_eq!(run(&["sh", "-c", "exit 3"]).await.unwrap().0, Err(Failure::ExitCode(3)));
        assert_eq!(run(&["sh", "-c", "kill -9 $$"]).await.unwrap().0, Err(Failure::Signal(Signal(9))));
        assert_eq!(
            run(&["sh", "-c", "read line"]).await.unwrap().0,
            Err(Failure::ExitCode(1)),
            "stdin is empty"
        );
    }

    #[tokio::test]
    async fn a_program_that_cannot_start_is_told() {
        let told = |words: &'static [&'static str]| async move { run(words).await.unwrap_err().0 };
        assert_eq!(told(&["no-such-program"]).await, "`no-such-program`: command not found in PATH");
        assert!(told(&["/no/such/program"]).await.contains("no such file"));
        assert!(told(&["/"]).await.contains("not executable"));
    }
}
