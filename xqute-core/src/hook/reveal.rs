//! What is a secret? Fetched from where its configuration says that it is.

use std::env;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{MemfdFlags, OFlags, memfd_create};
use rustix::process::{Pid, Signal, kill_process_group};

use super::secret::{Revealed, Secret, SecretError};

/// The longest secret, in bytes.
const LONGEST: u64 = 64 * 1024;
/// How long a program may take to print one. It may ask somebody for a password.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks at such a program.
const PAUSE: Duration = Duration::from_millis(5);
/// Of what it says on standard error so many bytes are told, the last.
const SAID: usize = 500;

impl Secret {
    /// Fetches it.
    pub(super) fn fetch(&self) -> Result<Revealed, SecretError> {
        let fetched = match self {
            Self::Env(name) => from_environment(name),
            Self::File(path) => from_file(path),
            Self::Command(words) => from_command(words, PATIENCE),
        };
        fetched.and_then(checked).map_err(|why| SecretError { place: self.clone(), why })
    }
}

fn from_environment(name: &str) -> Result<Vec<u8>, String> {
    use std::os::unix::ffi::OsStringExt;
    let value = env::var_os(name).ok_or("it is not set: set and export it where xqute is started")?;
    Ok(value.into_vec())
}

fn from_file(path: &Path) -> Result<Vec<u8>, String> {
    // Who waits for the other end of a pipe waits for ever.
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    let opened = OpenOptions::new().read(true).custom_flags(flags).open(path);
    let file = opened.map_err(|error| format!("it cannot be read: {error}"))?;
    let is = file.metadata().map_err(|error| format!("it cannot be read: {error}"))?;
    let user = rustix::process::geteuid().as_raw();
    if !is.is_file() {
        return Err("that is no file: a secret is kept in an ordinary one".to_owned());
    }
    if ![0, user].contains(&is.uid()) {
        return Err("it belongs to another user, who can read it: keep it in a file of your own".to_owned());
    }
    if is.mode() & 0o077 != 0 {
        return Err(format!(
            "others than its owner may read or change it (its mode is {:03o}): `chmod 600 {}`",
            is.mode() & 0o777,
            path.display()
        ));
    }
    text_of(&file).map_err(|error| format!("it cannot be read: {error}"))
}

/// At most one byte more than a secret may have.
fn text_of(mut file: &File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.take(LONGEST + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn from_command(words: &[String], patience: Duration) -> Result<Vec<u8>, String> {
    let Some((program, arguments)) = words.split_first() else {
        return Err("it names no program".to_owned());
    };
    // Memory that is a file: nothing of it is on a disk, and nobody holds the other end of a pipe for too long.
    let memory = |name| memfd_create(name, MemfdFlags::CLOEXEC).map(File::from);
    let files = || -> io::Result<_> {
        let (out, said) = (memory(c"secret")?, memory(c"said")?);
        let stdio = (out.try_clone()?, said.try_clone()?);
        Ok((out, said, stdio))
    };
    let (out, said, (stdout, stderr)) =
        files().map_err(|error| format!("there is no memory for it: {error}"))?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(stdout).stderr(stderr);
    // Who is to ask for a password at a terminal has to be in its foreground; elsewhere, all that it starts can be killed with it.
    let has_group = File::open("/dev/tty").is_err();
    if has_group {
        command.process_group(0);
    }
    let ended = wait(&mut command, has_group, &out, patience)?;
    if !ended.success() {
        return Err(format!("the program ended with {ended}{}", told(&said)));
    }
    text_of(&out).map_err(|error| format!("it cannot be read: {error}"))
}

/// Waits for the end of a program, but not for ever, nor for more than anybody wants to read.
fn wait(
    command: &mut Command,
    has_group: bool,
    out: &File,
    patience: Duration,
) -> Result<ExitStatus, String> {
    let mut child = command.spawn().map_err(|error| format!("the program cannot be started: {error}"))?;
    let deadline = Instant::now() + patience;
    let why = loop {
        match child.try_wait() {
            Ok(Some(ended)) => return Ok(ended),
            Err(error) => break format!("how the program ended cannot be told: {error}"),
            Ok(None) if Instant::now() >= deadline => {
                break format!(
                    "the program has not ended within {} seconds, and was killed",
                    patience.as_secs()
                );
            }
            Ok(None) if out.metadata().is_ok_and(|it| it.len() > LONGEST) => break too_long(),
            Ok(None) => thread::sleep(PAUSE),
        }
    };
    // It may have ended by now.
    if has_group {
        let _ = kill_process_group(Pid::from_child(&child), Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
    Err(why)
}

/// The end of what a program has said, as one line.
fn told(said: &File) -> String {
    let bytes = text_of(said).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes[bytes.len().saturating_sub(SAID)..]);
    let line = super::notes::line(text.trim());
    if line.is_empty() { line } else { format!(": {line}") }
}

/// Takes the ends of lines away that are behind it; what remains has to be a text that can be a secret.
fn checked(bytes: Vec<u8>) -> Result<Revealed, String> {
    if bytes.len() as u64 > LONGEST {
        return Err(too_long());
    }
    let text = String::from_utf8(bytes).map_err(|_| "it is no text (UTF-8)".to_owned())?;
    let text = text.trim_end_matches(['\n', '\r']);
    match text {
        "" => Err("it is empty".to_owned()),
        _ if text.contains('\0') => Err("there is a NUL in it".to_owned()),
        _ => Ok(Revealed(text.into())),
    }
}

fn too_long() -> String {
    format!("it is longer than {} KiB", LONGEST / 1024)
}

#[cfg(test)]
mod tests;
