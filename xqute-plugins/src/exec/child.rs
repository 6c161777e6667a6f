//! How does one command run, so that it cannot hang, flood or stay? In a process group of its own, watched until its end.

use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::io::{self, PipeReader, Read, Seek, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};
use xqute::units::Time;

/// So often is looked whether anybody still waits for it.
const TICK: Duration = Duration::from_millis(100);
/// So long is waited for one that was killed.
const PATIENCE: Duration = Duration::from_secs(10);
/// So much of what it prints is kept, unless it is asked for.
pub(super) const KEPT: usize = 64 * 1024;

/// A command that is to run.
#[derive(Debug)]
pub(super) struct Order {
    /// As messages name it, and what it is run for.
    pub(super) told: (String, String),
    /// The program and its arguments.
    pub(super) words: Vec<String>,
    /// Variables that it is given; `None`: that it is not to have.
    pub(super) env: Vec<(String, Option<OsString>)>,
    /// What it can read at its standard input.
    pub(super) input: Vec<u8>,
    /// After this it is killed.
    pub(super) limit: Duration,
    /// So much of its standard output is wanted for itself; `None`: it goes where standard error goes.
    pub(super) answer: Option<usize>,
}

/// What became of it.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) end: End,
    /// Its standard output, where that is wanted.
    pub(super) answer: Kept,
    /// What else it printed.
    pub(super) told: Kept,
    /// Why that is not in the log.
    pub(super) unlogged: Option<io::Error>,
}

#[derive(Debug)]
pub(super) enum End {
    Exited(ExitStatus),
    /// It was killed, because its time was up.
    TooLong(Duration),
    /// It was killed, because nobody waits for it any more.
    Unwanted,
    NotStarted(io::Error),
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(status) => match (status.code(), status.signal()) {
                (Some(code), _) => write!(f, "exit code {code}"),
                (None, Some(signal)) => write!(f, "killed by {}", xqute::Signal(signal)),
                (None, None) => write!(f, "{status}"),
            },
            Self::TooLong(limit) => write!(f, "killed, because it had not ended after {}", Time(*limit)),
            Self::Unwanted => f.write_str("killed, because its hook is not waited for any more"),
            Self::NotStarted(error) => write!(f, "could not be run: {error}"),
        }
    }
}

/// The beginning of what was printed.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) bytes: Vec<u8>,
    /// So many more bytes were printed, and are not kept.
    pub(super) lost: u64,
}

impl Kept {
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty() && self.lost == 0
    }
}

impl Ran {
    pub(super) fn not_started(error: io::Error) -> Self {
        Self::of(End::NotStarted(error), Kept::default(), Kept::default())
    }

    fn of(end: End, answer: Kept, told: Kept) -> Self {
        Self { end, answer, told, unlogged: None }
    }
}

/// Runs it to its end, or kills it. Whatever it has started in its process group is killed then, and it is waited for.
pub(super) fn run(order: &Order, is_wanted: impl Fn() -> bool) -> Ran {
    let (mut child, mut pipes) = match start(order) {
        Ok(started) => started,
        Err(error) => return Ran::not_started(error),
    };
    let end = follow(&mut child, &mut pipes, order.limit, is_wanted).unwrap_or_else(End::NotStarted);
    pipes.iter_mut().for_each(Pipe::empty);
    let told = pipes.pop().map(|it| it.kept).unwrap_or_default();
    Ran::of(end, pipes.pop().map(|it| it.kept).unwrap_or_default(), told)
}

fn follow(
    child: &mut Child,
    pipes: &mut [Pipe],
    limit: Duration,
    is_wanted: impl Fn() -> bool,
) -> io::Result<End> {
    let group = Pid::from_child(child);
    let watched = pidfd_open(group, PidfdFlags::empty()).map_err(io::Error::from);
    let watched = watched.and_then(|pidfd| Ok((watch(&pidfd, pipes, limit, is_wanted)?, pidfd)));
    // It has not been waited for, so that its group's number is nobody else's. Who is not there any more needs no signal.
    let _ = kill_process_group(group, Signal::KILL);
    match watched {
        Ok((None, _)) => Ok(End::Exited(child.wait()?)),
        // What the system does not let end (a disk that does not answer) holds nobody up.
        Ok((Some(end), pidfd)) => {
            if wait(&pidfd, &[], PATIENCE)? {
                child.wait()?;
            }
            Ok(end)
        }
        Err(error) => child.wait().and(Err(error)),
    }
}

/// Starts it; the last pipe has what it tells, the one before its answer. The input is a file, which nobody has to write while it
/// runs, and which it may leave unread.
fn start(order: &Order) -> io::Result<(Child, Vec<Pipe>)> {
    let mut input = File::from(memfd_create("xqute-exec", MemfdFlags::CLOEXEC)?);
    input.write_all(&order.input)?;
    input.rewind()?;
    let (told, stderr) = io::pipe()?;
    let (mut pipes, mut stdout) = (vec![Pipe::new(told, KEPT)?], stderr.try_clone()?);
    if let Some(most) = order.answer {
        let (answer, apart) = io::pipe()?;
        pipes.insert(0, Pipe::new(answer, most)?);
        stdout = apart;
    }
    let mut command = Command::new(&order.words[0]);
    command.args(&order.words[1..]).process_group(0);
    for (name, value) in &order.env {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let child = command.stdin(input).stdout(stdout).stderr(Stdio::from(stderr)).spawn()?;
    Ok((child, pipes))
}

/// Reads what it prints until it has ended (`None`), or has to.
fn watch(
    pidfd: &OwnedFd,
    pipes: &mut [Pipe],
    limit: Duration,
    is_wanted: impl Fn() -> bool,
) -> io::Result<Option<End>> {
    let begun = Instant::now();
    loop {
        let left = limit.saturating_sub(begun.elapsed());
        if left.is_zero() {
            return Ok(Some(End::TooLong(limit)));
        }
        if !is_wanted() {
            return Ok(Some(End::Unwanted));
        }
        if wait(pidfd, pipes, left.min(TICK))? {
            return Ok(None);
        }
        pipes.iter_mut().for_each(Pipe::empty);
    }
}

/// Waits until there is something to read, or it has ended, which it tells.
fn wait(pidfd: &OwnedFd, pipes: &[Pipe], longest: Duration) -> io::Result<bool> {
    let mut polled = vec![PollFd::new(pidfd, PollFlags::IN)];
    polled.extend(pipes.iter().filter_map(|it| it.from.as_ref()).map(|it| PollFd::new(it, PollFlags::IN)));
    let longest = Timespec::try_from(longest).map_err(io::Error::other)?;
    match poll(&mut polled, Some(&longest)) {
        Ok(_) => Ok(!polled[0].revents().is_empty()),
        Err(rustix::io::Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// What is read of one of its outputs.
#[derive(Debug)]
struct Pipe {
    /// `None`: nobody writes to it any more.
    from: Option<PipeReader>,
    kept: Kept,
    most: usize,
}

impl Pipe {
    fn new(from: PipeReader, most: usize) -> io::Result<Self> {
        rustix::io::ioctl_fionbio(&from, true)?;
        Ok(Self { from: Some(from), kept: Kept::default(), most })
    }

    /// Reads what is there, a piece of it at most, so that one that is written without end keeps nobody from looking at the clock.
    fn empty(&mut self) {
        let (mut piece, mut rounds) = ([0; 16 * 1024], 8);
        while let (Some(from), 1..) = (&mut self.from, rounds) {
            rounds -= 1;
            match from.read(&mut piece) {
                Ok(0) => self.from = None,
                Ok(length) => {
                    let room = self.most.saturating_sub(self.kept.bytes.len()).min(length);
                    self.kept.bytes.extend_from_slice(&piece[..room]);
                    self.kept.lost += (length - room) as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // It cannot be read, so nothing is.
                Err(_) => self.from = None,
            }
        }
    }
}
