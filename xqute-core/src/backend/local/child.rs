//! How does a process become a job, so that there is no moment at which it runs and nobody knows?
//!
//! Its process is made by `clone(CLONE_VM | CLONE_VFORK)`: it uses the memory of its parent, which stands still meanwhile, so
//! that the price does not grow with that memory. It writes its own start down before it becomes the job's program.
//!
//! One of the files with `unsafe`: until `execve`, the child may touch only what was made ready for it, and must not allocate.
#![expect(unsafe_code, reason = "clone, execve and signals")]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::fs::File;
use std::io;
use std::mem;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr;

use rustix::fs::{Mode, OFlags};
use rustix::io::{Errno, FdFlags, fcntl_setfd};
use rustix::process::Pid;
use rustix::time::{ClockId, clock_gettime};

use super::forget::Environment;
use super::guardian::{self, Ward};
use super::record::{self, Attempt, Record, SIZE};

/// What a job's process needs.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    pub(super) attempt: Attempt,
    /// Files to execute, tried in order as a shell does.
    pub(super) programs: &'a [&'a CStr],
    pub(super) argv: &'a [&'a CStr],
    /// `NAME=VALUE`.
    pub(super) env: &'a [&'a CStr],
    /// `None`: where this process is.
    pub(super) cwd: Option<&'a CStr>,
    pub(super) stdout: &'a CStr,
    /// May be the same.
    pub(super) stderr: &'a CStr,
    /// Whether its output is added to what the files have.
    pub(super) append: bool,
}

/// What of a start went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// There could be no process.
    Process = 1,
    Stdout,
    Stderr,
    Directory,
    /// Its start could not be written down.
    Log,
    Program,
}

impl Stage {
    pub(super) fn from_number(number: u8) -> Option<Self> {
        let all = [Self::Process, Self::Stdout, Self::Stderr, Self::Directory, Self::Log, Self::Program];
        all.into_iter().find(|it| *it as u8 == number)
    }
}

/// Why there is no job: at which stage, and the system's error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotStarted {
    pub(super) stage: Stage,
    pub(super) errno: i32,
}

/// A process that has become a job.
#[derive(Debug)]
pub(super) struct Started {
    pub(super) pid: Pid,
    /// Readable when it has ended: its own, or its guardian's pipe. `None`: the system has no such descriptors.
    pub(super) pidfd: Option<OwnedFd>,
    /// Whose child it is, if it is not this process's.
    pub(super) guardian: Option<Pid>,
    /// When it began, in ticks since boot: no earlier than the first, no later than the second.
    pub(super) ticks: (u64, u64),
}

/// What starts jobs from one thread, which has blocked all signals.
#[derive(Debug)]
pub(super) struct Starter {
    null: OwnedFd,
    /// Room for the child's calls, aligned as every machine wants it.
    stack: Vec<u128>,
    /// Whether this is a thread of a program. It may have signal handlers, which its memory's other user must not run; and if it
    /// is killed, somebody else has to see how the jobs end: each has a guardian.
    guarded: bool,
    /// Where in its memory a guardian has what the program began with.
    environment: Option<Environment>,
}

const STACK: usize = 128 * 1024;

impl Starter {
    /// `guarded`: other threads of this process have a life of their own.
    pub(super) fn new(guarded: bool) -> io::Result<Self> {
        let null = File::open("/dev/null")?;
        // Not one of the three that the child will put in place.
        let null = rustix::io::fcntl_dupfd_cloexec(&null, 3)?;
        let environment = if guarded { Environment::of_this_process() } else { None };
        Ok(Self { null, stack: vec![0; STACK / size_of::<u128>()], guarded, environment })
    }

    /// Starts a process. When this returns, it has become its program. `whole`: its end is all that there is to write down, so that
    /// a guardian can.
    pub(super) fn start(
        &mut self,
        plan: &Plan<'_>,
        log: BorrowedFd<'_>,
        whole: bool,
    ) -> Result<Started, NotStarted> {
        let [programs, argv, env] = [plan.programs, plan.argv, plan.env].map(pointers);
        let (attempt, when) = (plan.attempt, 0);
        let earliest = ticks();
        let mut errand = Errand {
            null: self.null.as_fd(),
            log,
            stdout: plan.stdout,
            stderr: (plan.stderr != plan.stdout).then_some(plan.stderr),
            kept: if plan.append { OFlags::APPEND } else { OFlags::TRUNC },
            cwd: plan.cwd,
            programs: &programs,
            argv: argv.as_ptr(),
            env: env.as_ptr(),
            handlers: self.guarded,
            started: Record::Started { attempt, pid: 0, start: 0, when }.encode(),
            not_executed: Record::NotExecuted { attempt, pid: 0, errno: 0, when }.encode(),
            latest: 0,
            failed: None,
        };
        if self.guarded && whole {
            let environment = self.environment.as_ref();
            let ward = Ward { attempt, log, null: self.null.as_fd(), environment };
            let it = guardian::start(&mut self.stack, &mut errand, &ward)?;
            let (pid, guardian, ticks) = (it.pid, Some(it.guardian), (earliest, it.latest));
            return Ok(Started { pid, pidfd: Some(it.end), guardian, ticks });
        }
        let (pid, pidfd) = clone_process(&mut self.stack, &mut errand);
        let Some(pid) = Pid::from_raw(pid.max(0)) else {
            return Err(NotStarted { stage: Stage::Process, errno: last_error() });
        };
        match errand.failed {
            None => Ok(Started { pid, pidfd, guardian: None, ticks: (earliest, errand.latest) }),
            Some(failed) => {
                // It has ended. If somebody else took that, it is as good.
                let _ = rustix::process::waitpid(Some(pid), rustix::process::WaitOptions::empty());
                Err(failed)
            }
        }
    }
}

pub(super) fn clone_process(stack: &mut [u128], errand: &mut Errand<'_>) -> (c_int, Option<OwnedFd>) {
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::CLONE_PIDFD | libc::SIGCHLD;
    let mut pidfd: c_int = -1;
    // SAFETY: the child runs `become_job` on a stack of its own, which nothing else uses and which outlives the
    // call; stacks grow downwards, so its end is given. `errand`, and all that it refers to, is not touched here until
    // the child has left this memory (`CLONE_VFORK`), by `execve` or by its end. No handler of a signal can run in either
    // until then: the thread has blocked them all. The last argument is where the descriptor is written.
    let pid = unsafe {
        let top = stack.as_mut_ptr_range().end.cast::<c_void>();
        libc::clone(become_job, top, flags, ptr::from_mut(errand).cast(), &raw mut pidfd)
    };
    // SAFETY: where the system has written one, it has opened it for this process, and nobody else knows of it.
    let pidfd = (pid > 0 && pidfd >= 0).then(|| unsafe { OwnedFd::from_raw_fd(pidfd) });
    (pid, pidfd)
}

/// Now, in clock ticks since boot, as `/proc` tells when a process began.
fn ticks() -> u64 {
    let now = clock_gettime(ClockId::Boottime);
    let rate = rustix::param::clock_ticks_per_second();
    let nanos =
        u128::from(now.tv_sec.unsigned_abs()) * 1_000_000_000 + u128::from(now.tv_nsec.unsigned_abs());
    u64::try_from(nanos / u128::from(1_000_000_000 / rate.max(1))).unwrap_or(u64::MAX)
}

/// As `execve` takes them: the last is null.
fn pointers(texts: &[&CStr]) -> Vec<*const c_char> {
    texts.iter().map(|it| it.as_ptr()).chain([ptr::null()]).collect()
}

fn last_error() -> i32 {
    io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

/// What the child does, and what it leaves for its parent to read.
pub(super) struct Errand<'a> {
    null: BorrowedFd<'a>,
    log: BorrowedFd<'a>,
    stdout: &'a CStr,
    /// `None`: where the standard output goes.
    stderr: Option<&'a CStr>,
    kept: OFlags,
    cwd: Option<&'a CStr>,
    /// The last is null.
    programs: &'a [*const c_char],
    argv: *const *const c_char,
    env: *const *const c_char,
    handlers: bool,
    started: [u8; SIZE],
    not_executed: [u8; SIZE],
    /// When it wrote its start down, in ticks since boot.
    latest: u64,
    failed: Option<NotStarted>,
}

/// Where the child begins. If it returns, it ends.
extern "C" fn become_job(errand: *mut c_void) -> c_int {
    // SAFETY: it is the errand that `clone_process` was given, whose owner stands still until this process is gone from its
    // memory.
    let errand = unsafe { &mut *errand.cast::<Errand<'_>>() };
    let (stage, errno) = match errand.run() {
        Err((stage, errno)) => (stage, errno.raw_os_error()),
        Ok(errno) => (Stage::Program, errno),
    };
    errand.failed = Some(NotStarted { stage, errno });
    127
}

impl Errand<'_> {
    /// Why it did not become its program, if it did not.
    pub(super) fn failed(&self) -> Option<NotStarted> {
        self.failed
    }

    /// When it wrote its start down, in ticks since boot.
    pub(super) fn latest(&self) -> u64 {
        self.latest
    }

    /// Returns only where there is no job: the error of `execve`, or of a stage before.
    fn run(&mut self) -> Result<i32, (Stage, Errno)> {
        let at = |stage| move |errno| (stage, errno);
        rustix::process::setpgid(None, None).map_err(at(Stage::Process))?;
        rustix::stdio::dup2_stdin(self.null).map_err(at(Stage::Process))?;
        let stdout = self.open(self.stdout).map_err(at(Stage::Stdout))?;
        put(&stdout, 1, |it| rustix::stdio::dup2_stdout(it)).map_err(at(Stage::Stdout))?;
        let stderr = self.stderr.map(|it| self.open(it)).transpose().map_err(at(Stage::Stderr))?;
        put(stderr.as_ref().unwrap_or(&stdout), 2, |it| rustix::stdio::dup2_stderr(it))
            .map_err(at(Stage::Stderr))?;
        // The program's `execve` closes them.
        mem::forget((stdout, stderr));
        if let Some(cwd) = self.cwd {
            rustix::process::chdir(cwd).map_err(at(Stage::Directory))?;
        }
        self.write_down().map_err(at(Stage::Log))?;
        self.reset_signals();
        let errno = self.execute();
        self.write_failure(errno);
        Ok(errno)
    }

    fn open(&self, path: &CStr) -> Result<OwnedFd, Errno> {
        let flags = OFlags::CREATE | OFlags::WRONLY | OFlags::CLOEXEC | self.kept;
        rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR)
    }

    fn write_down(&mut self) -> Result<(), Errno> {
        self.latest = ticks();
        record::fill_in(&mut self.started, own_pid(), record::now(), self.latest);
        append(self.log, &self.started)
    }

    fn write_failure(&mut self, errno: i32) {
        record::fill_in(&mut self.not_executed, own_pid(), record::now(), u64::from(errno.cast_unsigned()));
        // If it cannot, then whoever reads the log finds a start without an end, and its process gone.
        let _ = append(self.log, &self.not_executed);
    }

    /// As std leaves them to a program: nothing is blocked, and what this program handles or std ignores is as by default.
    fn reset_signals(&self) {
        // SAFETY: dispositions are those of this process alone (no `CLONE_SIGHAND`), no handler is installed, and the values
        // live longer than the calls.
        unsafe {
            if self.handlers {
                for signal in 1..=64 {
                    let mut now: libc::sigaction = mem::zeroed();
                    let read = libc::sigaction(signal, ptr::null(), &raw mut now) == 0;
                    let is_handled = now.sa_sigaction != libc::SIG_DFL && now.sa_sigaction != libc::SIG_IGN;
                    if read && (is_handled || signal == libc::SIGPIPE) {
                        libc::signal(signal, libc::SIG_DFL);
                    }
                }
            }
            let mut none: libc::sigset_t = mem::zeroed();
            libc::sigemptyset(&raw mut none);
            libc::sigprocmask(libc::SIG_SETMASK, &raw const none, ptr::null_mut());
        }
    }

    /// Becomes the first of the programs that there is. Which errors let the next be tried is as in `execvp`.
    fn execute(&self) -> i32 {
        let mut told = libc::ENOENT;
        for program in self.programs.iter().filter(|it| !it.is_null()) {
            // SAFETY: all of them are texts that end with NUL, and arrays of such that end with null: see `pointers`.
            unsafe { libc::execve(*program, self.argv, self.env) };
            match last_error() {
                libc::EACCES => told = libc::EACCES,
                libc::ENOENT | libc::ENOTDIR | libc::ESTALE | libc::ENODEV | libc::ETIMEDOUT => {}
                other => return other,
            }
        }
        told
    }
}

fn own_pid() -> i32 {
    rustix::process::getpid().as_raw_nonzero().get()
}

/// In one call, or not at all: half a record is none.
pub(super) fn append(log: BorrowedFd<'_>, record: &[u8; SIZE]) -> Result<(), Errno> {
    match rustix::io::write(log, record)? {
        SIZE => Ok(()),
        _ => Err(Errno::NOSPC),
    }
}

/// Gives a file one of the three numbers; it may have that already, in a program that has closed its own.
fn put(file: &OwnedFd, number: c_int, copy: impl FnOnce(&OwnedFd) -> Result<(), Errno>) -> Result<(), Errno> {
    match file.as_raw_fd() == number {
        true => fcntl_setfd(file, FdFlags::empty()),
        false => copy(file),
    }
}
