//! How does a run come to somebody who starts its jobs? To the supervisor that the work directory has, or to a new one.

use std::env;
use std::ffi::{CString, OsString};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream as Stream;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::thread;
use std::time::Duration;

use rustix::fs::{Mode, fchmod};
use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, connect, listen, socket_with,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::{Instant, sleep, timeout};

use super::awaken::{self, Task};
use super::child::NotStarted;
use super::log::{History, Log};
use super::nursery::Nursery;
use super::record::Record;
use super::supervisor::{Supervisor, introduction};
use super::sweep::sweep;
use super::system;
use super::wire::{self, Reply, Request, VERSION};
use crate::job::{LOCAL_LOCK, LOCAL_SOCKET};

/// How long a new supervisor may take to begin, and one that goes to be gone.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks at one that comes or goes.
const PAUSE: Duration = Duration::from_millis(5);

/// Somebody who starts jobs.
pub(super) struct Reached {
    /// It does not block.
    pub(super) stream: Stream,
    /// What it said behind its welcome.
    pub(super) rest: Vec<u8>,
    /// What runs with it already.
    pub(super) live: Vec<Record>,
    /// Why it is a thread of this program, so that jobs have a guardian each.
    pub(super) note: Option<String>,
}

/// Who may start jobs of a work directory.
pub(super) enum Turn {
    /// This program, as long as it holds the lock.
    Ours(File),
    /// The supervisor that answers.
    Theirs(Reached),
}

/// Finds out whose turn it is. `withheld`: the variables that jobs must not have. A supervisor that goes, and a process that it has not quite started, are waited for.
pub(super) async fn turn(workdir: &Path, withheld: &[String]) -> io::Result<Turn> {
    let deadline = Instant::now() + PATIENCE;
    let lock = OpenOptions::new().create(true).append(true).mode(0o600).open(workdir.join(LOCAL_LOCK))?;
    let lock = File::from(system::apart(lock.into())?);
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(Turn::Ours(lock)),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) => {}
        }
        let answered = match knock(workdir) {
            Ok(stream) => hello(stream, withheld).await,
            Err(error) => Err(error),
        };
        match answered {
            Ok(reached) => return Ok(Turn::Theirs(reached)),
            // One that is going closes the door without a word, or has closed it. Then the lock is free soon.
            Err(error) if error.kind() != io::ErrorKind::InvalidData && Instant::now() < deadline => {}
            Err(error) => {
                let why = format!("who has {LOCAL_LOCK} locked does not let this program in: {error}");
                return Err(io::Error::new(error.kind(), why));
            }
        }
        sleep(PAUSE).await;
    }
}

/// Comes to somebody who starts jobs. `fresh`: this run has started none yet, so what has ended is known to whoever wants to.
pub(super) async fn reach(workdir: &Path, fresh: bool, withheld: &[String]) -> io::Result<Reached> {
    let lock = match turn(workdir, withheld).await? {
        Turn::Theirs(reached) => return Ok(reached),
        Turn::Ours(lock) => lock,
    };
    let history = History::read(workdir)?;
    sweep(workdir, &history)?;
    if fresh && !has_live(&history) {
        Log::open(workdir)?.clear()?;
    }
    if !awaken::is_able() {
        let why = "this program does not call `xqute::supervise()`";
        return within(workdir, lock, why, withheld).await;
    }
    match alone(workdir, lock.try_clone()?, withheld).await {
        Ok(reached) => Ok(reached),
        Err(error) => {
            tracing::warn!("cannot start a supervisor for jobs on this machine: {error}");
            within(workdir, lock, &format!("no supervisor could be started: {error}"), withheld).await
        }
    }
}

/// Whether somebody looks after jobs of a work directory, be it a program or the supervisor that it has left.
pub(super) fn is_attended(workdir: &Path) -> io::Result<bool> {
    let lock = match File::open(workdir.join(LOCAL_LOCK)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        opened => opened?,
    };
    // Shared: two who look do not see each other. Who wants it meanwhile tries again.
    match lock.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Whether something may still run of what a log tells.
fn has_live(history: &History) -> bool {
    history.open().any(|(_, it)| super::stranger::is_alive(it.pid, it.start))
}

/// A supervisor in a process of its own.
async fn alone(workdir: &Path, lock: File, withheld: &[String]) -> io::Result<Reached> {
    let log = Log::open(workdir)?.into_file();
    let door = open_door(workdir)?;
    // Its client waits there before it comes: it never has to wait for one.
    let stream = knock(workdir)?;
    let mut starting = Task { door, log, lock }.give(withheld)?;
    let reached = hello(stream, withheld).await;
    bury(&mut starting, reached.is_err());
    reached
}

/// The process that becomes the supervisor's parent has ended, or is about to.
fn bury(starting: &mut Child, failed: bool) {
    if failed {
        let _ = starting.kill();
    }
    // If somebody else took its end, that is as good.
    let _ = starting.wait();
}

/// A supervisor that is a thread of this program, and why.
async fn within(workdir: &Path, lock: File, why: &str, withheld: &[String]) -> io::Result<Reached> {
    let log = Log::open(workdir)?;
    log.append(&introduction().encode())?;
    let (ours, theirs) = Stream::pair()?;
    let supervisor = Supervisor::within(Nursery::new(log, true)?, theirs, lock)?;
    let body = move || {
        system::block_signals();
        supervisor.serve();
    };
    thread::Builder::new().name("xqute-jobs".to_owned()).spawn(body)?;
    let mut reached = introduce(ours, withheld).await?;
    reached.note = Some(format!(
        "each job has a guardian, because {why}: starting one copies this program's page tables, which is slower the more memory it has"
    ));
    Ok(reached)
}

/// A process may stand still; a thread of this program does not.
async fn hello(stream: Stream, withheld: &[String]) -> io::Result<Reached> {
    let late = |_| io::Error::from(io::ErrorKind::TimedOut);
    timeout(PATIENCE, introduce(stream, withheld)).await.map_err(late)?
}

/// Says how this program's surroundings are, and waits for a welcome.
async fn introduce(stream: Stream, withheld: &[String]) -> io::Result<Reached> {
    stream.set_nonblocking(true)?;
    let mut stream = UnixStream::from_std(stream)?;
    let is_for_jobs =
        |name: &OsString| !awaken::is_private(name) && !withheld.iter().any(|it| name == it.as_str());
    let env: Vec<CString> =
        env::vars_os().filter(|(name, _)| is_for_jobs(name)).filter_map(variable).collect();
    let env = env.iter().map(CString::as_c_str).collect();
    let cwd = env::current_dir().map(|it| it.into_os_string().into_vec()).unwrap_or_default();
    let cwd = CString::new(cwd).unwrap_or_default();
    let mut message = Vec::new();
    Request::Hello { version: VERSION, cwd: &cwd, env }.encode(&mut message);
    stream.write_all(&message).await?;
    let mut rest = Vec::new();
    loop {
        if let Some((message, size)) = wire::message(&rest).map_err(invalid)? {
            let (version, live) = match Reply::decode(message).map_err(invalid)? {
                Reply::Welcome { version, live } => (version, live),
                Reply::Refused(why) => return Err(kept_out(&why)),
                _ => return Err(invalid(wire::Broken)),
            };
            if version != VERSION {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "the supervisor of jobs that still run here is of another version of xqute: wait until they have ended",
                ));
            }
            rest.drain(..size);
            return Ok(Reached { stream: stream.into_std()?, rest, live, note: None });
        }
        if stream.read_buf(&mut rest).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// The supervisor cannot be where this program is, and so no job of it can.
fn kept_out(why: &NotStarted) -> io::Error {
    let error = io::Error::from_raw_os_error(why.errno);
    let text = format!(
        "the supervisor of jobs that still run here cannot enter this program's working directory ({error}): wait until they have \
         ended, or start from a directory that it sees"
    );
    io::Error::new(io::ErrorKind::InvalidData, text)
}

fn invalid(error: wire::Broken) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

fn variable((name, value): (OsString, OsString)) -> Option<CString> {
    // What the system gave has no NUL in it.
    CString::new([name.as_bytes(), b"=", value.as_bytes()].concat()).ok()
}

/// Makes the socket, for its owner alone. The lock is held: nobody listens there.
fn open_door(workdir: &Path) -> io::Result<OwnedFd> {
    let door = socket()?;
    fchmod(&door, Mode::RUSR | Mode::WUSR)?;
    let path = workdir.join(LOCAL_SOCKET);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let directory = File::open(workdir)?;
    bind(&door, &address(&path, &directory)?)?;
    listen(&door, 8)?;
    Ok(door)
}

fn knock(workdir: &Path) -> io::Result<Stream> {
    let (socket, directory) = (socket()?, File::open(workdir)?);
    connect(&socket, &address(&workdir.join(LOCAL_SOCKET), &directory)?)?;
    Ok(Stream::from(socket))
}

fn socket() -> io::Result<OwnedFd> {
    Ok(socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?)
}

/// The system takes 108 bytes. A longer path is shortened by a descriptor of its directory.
fn address(path: &Path, directory: &File) -> io::Result<SocketAddrUnix> {
    let address = SocketAddrUnix::new(path)
        .or_else(|_| SocketAddrUnix::new(format!("/proc/self/fd/{}/{LOCAL_SOCKET}", directory.as_raw_fd())));
    Ok(address?)
}

/// Takes the socket away, which is beside the lock that is held.
pub(super) fn remove_door(lock: &File) {
    let own = fs::read_link(format!("/proc/self/fd/{}", lock.as_fd().as_raw_fd()));
    let path =
        own.ok().as_deref().and_then(Path::parent).map(|it: &Path| -> PathBuf { it.join(LOCAL_SOCKET) });
    // Whoever comes next takes it away too.
    let _ = path.map(fs::remove_file);
}
