//! How does a process of this program become the supervisor of a run's jobs? It is started by the program as itself, and says
//! so before it does anything else.

use std::env;
use std::fs::{self, File};
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::FileType;

use super::forget::Environment;
use super::log::Log;
use super::nursery::Nursery;
use super::supervisor::{Supervisor, introduction};
use super::system;

/// What asks a process to be a supervisor: the number of the process that asks.
const ASKED: &str = "XQUTE_SUPERVISE";

/// Whether this program has said that it can: every process of it says so.
static ABLE: AtomicBool = AtomicBool::new(false);

/// Lets jobs on this machine outlive the program: the first line of `main`.
///
/// The jobs of a run are looked after by a small process of their own, which is this same program, started again. If the
/// program is killed, they go on, and how they end is written down; the next run in the same work directory takes that over. In
/// the process that is to be that supervisor this does not return; in any other it does nothing, at once.
///
/// Without it, jobs are started by a thread of the program, each by a guardian of its own: a copy of the program, made by `fork`, which
/// waits for the job and writes its end down. That is as safe, and slower, the more so the more memory the program has; the summary
/// says so.
///
/// ```no_run
/// # use xqute_core as xqute;
/// # use std::process::ExitCode;
/// fn main() -> ExitCode {
///     xqute::supervise();
///     // …
///     ExitCode::SUCCESS
/// }
/// ```
///
/// It may stand in an `async fn main`, too. What runs before it runs in the supervisor's process as well.
pub fn supervise() {
    ABLE.store(true, Ordering::Relaxed);
    if is_asked() {
        // Without who asked, nobody wants it. Nor is it that program: its standard files are the run's.
        let becomes = if is_wanted() {
            Task::taken().and_then(Task::serve)
        } else {
            Err(io::ErrorKind::NotFound.into())
        };
        system::end_process(i32::from(becomes.is_err()));
    }
}

/// Whether this program can be started as a supervisor.
pub(super) fn is_able() -> bool {
    // With rights that its caller has not, it starts nothing that a caller's variable could start too.
    ABLE.load(Ordering::Relaxed) && !system::is_privileged()
}

/// What a supervisor is given.
pub(super) struct Task {
    /// Where clients come in; the first waits there already.
    pub(super) door: OwnedFd,
    pub(super) log: File,
    /// Locked.
    pub(super) lock: File,
}

impl Task {
    /// Starts this program again, to be the supervisor, without these variables. The process that is given back ends when the supervisor has begun.
    pub(super) fn give(self, withheld: &[String]) -> io::Result<Child> {
        let mut command = Command::new("/proc/self/exe");
        for name in withheld {
            command.env_remove(name);
        }
        command
            .arg0("xqute-supervisor")
            .env(ASKED, std::process::id().to_string())
            .stdin(self.door)
            .stdout(self.log)
            .stderr(self.lock)
            .spawn()
    }

    /// Takes what the three standard files are, and puts nothing in their places.
    fn taken() -> io::Result<Self> {
        let copy = |it: BorrowedFd<'_>| rustix::io::fcntl_dupfd_cloexec(it, 3);
        let [door, log, lock] =
            [copy(rustix::stdio::stdin())?, copy(rustix::stdio::stdout())?, copy(rustix::stdio::stderr())?];
        let null = File::options().read(true).write(true).open("/dev/null")?;
        rustix::stdio::dup2_stdin(&null)?;
        rustix::stdio::dup2_stdout(&null)?;
        rustix::stdio::dup2_stderr(&null)?;
        Ok(Self { door, log: log.into(), lock: lock.into() })
    }

    fn serve(self) -> io::Result<()> {
        system::block_signals();
        system::default_signals();
        system::leave_the_parent()?;
        // The next program that it serves may have secrets that were none to the first.
        if let Some(environment) = Environment::of_this_process() {
            environment.forget();
        }
        // For those who look at processes. It was the name of a link in `/proc`.
        let _ = fs::write("/proc/self/comm", "xqute-jobs");
        // Away from the program's terminal, whose end is not the end of the jobs.
        rustix::process::setsid()?;
        let log = Log::of(self.log);
        log.append(&introduction().encode())?;
        let nursery = Nursery::new(log, false)?;
        Supervisor::alone(nursery, UnixListener::from(self.door), self.lock)?.serve();
        Ok(())
    }
}

/// Whether the process that asked is the one that started this, and lives.
fn is_wanted() -> bool {
    let parent = rustix::process::getppid().map(|it| it.as_raw_nonzero().get().to_string());
    env::var_os(ASKED).is_some_and(|asks| parent.is_some_and(|it| *asks == *it))
}

/// Whether this process was asked to be a supervisor, and given what it needs for that.
fn is_asked() -> bool {
    let is_file = |it: BorrowedFd<'_>| {
        rustix::fs::fstat(it).is_ok_and(|it| FileType::from_raw_mode(it.st_mode) == FileType::RegularFile)
    };
    let listens = rustix::net::sockopt::socket_acceptconn(rustix::stdio::stdin()).unwrap_or(false);
    env::var_os(ASKED).is_some()
        && !system::is_privileged()
        && listens
        && is_file(rustix::stdio::stdout())
        && is_file(rustix::stdio::stderr())
}

/// Whether a variable is only for a supervisor.
pub(super) fn is_private(name: &std::ffi::OsStr) -> bool {
    name == ASKED
}
