//! How does another program of the same user speak to a run? Over a socket in the run's work directory, a line each way.

use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::net::{self, AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt};
use tokio::net::UnixListener;
use xqute::Xqute;

const NAME: &str = "control.sock";
/// A run that does not answer for so long is stopped, by a debugger or SIGSTOP.
const PATIENCE: Duration = Duration::from_secs(10);
/// Who only looks waits no longer.
const GLANCE: Duration = Duration::from_secs(1);

/// What is asked of a run.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Asked {
    /// Kill these jobs.
    Kill(Vec<usize>),
    /// Cancel the run.
    Cancel,
    /// Tell which hooks have not returned.
    Hooks,
}

/// What was asked for, if that is something; `Err`: why not.
type Answer = std::result::Result<Option<Vec<Waiting>>, String>;

/// Calls of one hook that wait.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Waiting {
    pub(crate) plugin: String,
    pub(crate) hook: String,
    pub(crate) calls: u64,
}

/// What a run says of its hooks.
#[derive(Debug)]
pub(crate) enum Hooks {
    /// These wait.
    Waiting(Vec<Waiting>),
    /// Nothing, although it listens.
    Silent,
    /// It cannot be asked.
    Unknown,
}

/// A run that can be spoken to, until this is dropped.
#[derive(Debug)]
pub(crate) struct Control {
    path: PathBuf,
    server: tokio::task::JoinHandle<()>,
}

/// Opens the socket. A run without one only cannot be spoken to: that is told, and no reason not to run.
pub(crate) fn listen(run: &Xqute) -> Option<Control> {
    let path = run.run().workdir().join(NAME);
    match bind(&path) {
        Ok(listener) => Some(Control { path, server: tokio::spawn(serve(listener, run.clone())) }),
        Err(error) => {
            crate::say(format_args!(
                "`xqute kill` cannot reach this run: cannot make {}: {error}",
                path.display()
            ));
            None
        }
    }
}

fn bind(path: &Path) -> io::Result<UnixListener> {
    // What is there is of a program that was killed: the work directory is this one's alone.
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = in_directory(path, |short| UnixListener::bind(short))?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// The path of a socket has 108 bytes: a longer one is reached by its directory's descriptor.
fn in_directory<T>(path: &Path, act: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<T> {
    let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let directory = std::fs::File::open(directory)?;
    act(&PathBuf::from(format!("/proc/self/fd/{}", directory.as_raw_fd())).join(name))
}

async fn serve(listener: UnixListener, run: Xqute) {
    while let Ok((stream, _)) = listener.accept().await {
        // One that says nothing holds nobody up.
        tokio::spawn(answer(stream, run.clone()));
    }
}

async fn answer(mut stream: tokio::net::UnixStream, run: Xqute) {
    let mut line = String::new();
    if tokio::io::BufReader::new(&mut stream).read_line(&mut line).await.is_err() {
        return;
    }
    let answer: Answer = match serde_json::from_str(&line) {
        Ok(Asked::Cancel) => {
            run.cancel();
            Ok(None)
        }
        Ok(Asked::Kill(indices)) => {
            let killed = indices.into_iter().try_for_each(|index| run.kill(index));
            killed.map(|()| None).map_err(|error| error.to_string())
        }
        Ok(Asked::Hooks) => Ok(Some(waiting(&run))),
        Err(error) => Err(format!("that is nothing that a run can be asked: {error}")),
    };
    let line = serde_json::to_string(&answer).unwrap_or_default() + "\n";
    // Whoever asked has gone meanwhile.
    let _ = stream.write_all(line.as_bytes()).await;
}

fn waiting(run: &Xqute) -> Vec<Waiting> {
    let waits = run.plugins().costs().into_iter().filter(|it| it.waiting > 0);
    let told = |it: xqute::HookCost| Waiting {
        plugin: it.plugin.to_string(),
        hook: it.hook.to_owned(),
        calls: it.waiting,
    };
    waits.map(told).collect()
}

impl Drop for Control {
    fn drop(&mut self) {
        self.server.abort();
        // A socket that nobody listens to says that the run is over, too.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Whoever is stopped takes nobody in: then there may be no room among those who wait, which is waited for no longer than this.
fn connect(path: &Path, patience: Duration) -> io::Result<UnixStream> {
    in_directory(path, |short| {
        let socket = net::socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
        net::sockopt::set_socket_timeout(&socket, net::sockopt::Timeout::Send, Some(patience))?;
        net::connect(&socket, &SocketAddrUnix::new(short)?)?;
        Ok(UnixStream::from(socket))
    })
}

/// Asks a run. `false`: there is none that listens.
pub(crate) fn ask(workdir: &Path, asked: &Asked) -> Result<bool> {
    let path = workdir.join(NAME);
    let stream = match connect(&path, PATIENCE) {
        Ok(stream) => stream,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
            return Ok(false);
        }
        Err(error) => {
            return Err(error).with_context(|| format!("cannot speak to the run over {}", path.display()));
        }
    };
    let told = || format!("the run does not answer over {}: is it stopped?", path.display());
    match speak(&stream, asked, PATIENCE).with_context(told)? {
        Ok(_) => Ok(true),
        Err(why) => bail!("{why}"),
    }
}

/// Asks a run which hooks have not returned.
pub(crate) fn hooks(workdir: &Path) -> Hooks {
    let said = connect(&workdir.join(NAME), GLANCE);
    match said.and_then(|stream| speak(&stream, &Asked::Hooks, GLANCE)) {
        Ok(Ok(waiting)) => waiting.map_or(Hooks::Unknown, Hooks::Waiting),
        Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
            Hooks::Silent
        }
        // It has ended meanwhile, or is of an older xqute.
        Ok(Err(_)) | Err(_) => Hooks::Unknown,
    }
}

fn speak(mut stream: &UnixStream, asked: &Asked, patience: Duration) -> io::Result<Answer> {
    stream.set_read_timeout(Some(patience))?;
    stream.write_all((serde_json::to_string(asked)? + "\n").as_bytes())?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    Ok(serde_json::from_str(&line)?)
}
