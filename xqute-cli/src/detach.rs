//! `--detach`: how does a run come to be in the background? As another process, which says when it has begun.

use std::env;
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::{exit, say};

/// What the run prints, in its work directory.
const LOG: &str = "run.log";

/// Starts this command line once more, in the background. Returns when its run has begun, or why it has not.
pub(crate) fn start() -> Result<u8> {
    let told = "cannot start the run in the background";
    let mut words: Vec<OsString> = env::args_os().skip(1).collect();
    // Behind the verb, before anything that belongs to COMMAND.
    words.insert(words.len().min(1), "--detached".into());
    let program = env::current_exe().context(told)?;
    let mut child = Command::new(program).args(words).stdout(Stdio::piped()).spawn().context(told)?;
    let mut line = String::new();
    if let Some(stdout) = child.stdout.take() {
        BufReader::new(stdout).read_line(&mut line).context(told)?;
    }
    if let Some(workdir) = line.strip_suffix('\n') {
        say(format_args!(
            "the run goes on in the background, as process {}; what it prints is in {workdir}/{LOG}; see `xqute attach`, `wait`, `kill`, `status`",
            child.id()
        ));
        return Ok(exit::SUCCESS);
    }
    // It has said why, on the same standard error.
    let code = child.wait().context(told)?.code().and_then(|it| u8::try_from(it).ok());
    Ok(code.unwrap_or(exit::WRONG))
}

/// A run in the background that has not begun yet: whoever started it waits, and is to be told if it does not begin.
#[derive(Debug)]
pub(crate) struct Beginning {
    workdir: PathBuf,
    waits: File,
    errors: File,
    has_begun: bool,
}

impl Beginning {
    /// Leaves the terminal. What is printed goes to the log from now on.
    pub(crate) fn new(workdir: &Path) -> Result<Self> {
        let path = workdir.join(LOG);
        let told = || format!("cannot write to {}", path.display());
        let log = OpenOptions::new().create(true).append(true).mode(0o600).open(&path).with_context(told)?;
        // A session leader has left its terminal already.
        let _ = rustix::process::setsid();
        let kept = |it: io::Result<OwnedFd>| it.map(File::from).with_context(told);
        let waits = kept(io::stdout().as_fd().try_clone_to_owned())?;
        let errors = kept(io::stderr().as_fd().try_clone_to_owned())?;
        rustix::stdio::dup2_stdout(&log).with_context(told)?;
        rustix::stdio::dup2_stderr(&log).with_context(told)?;
        Ok(Self { workdir: workdir.to_owned(), waits, errors, has_begun: false })
    }

    /// The run has its first job.
    pub(crate) fn has_begun(mut self) -> Result<()> {
        self.has_begun = true;
        let told = "cannot tell that the run has begun";
        writeln!(self.waits, "{}", self.workdir.display()).context(told)
    }
}

impl Drop for Beginning {
    fn drop(&mut self) {
        if !self.has_begun {
            // If that fails, the log has what the program says last.
            let _ = rustix::stdio::dup2_stderr(&self.errors);
        }
    }
}
