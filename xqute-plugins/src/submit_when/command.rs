//! With which code does a program exit? Run for a job, for a bounded time.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::process::{Child, Command};
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use xqute::{Job, Run};

use super::condition::{Holds, no};

/// Runs it in the job's directory, in a process group of its own, of which nothing stays. What it prints goes nowhere.
pub(super) async fn look(argv: &[String], limit: Duration, run: &Run, job: &Job) -> Holds {
    let told = argv.join(" ");
    let mut child = match command(argv, run, job).spawn() {
        Ok(child) => Group(child),
        Err(error) => return Holds::Unknown(format!("`{told}` cannot be started: {error}")),
    };
    match timeout(limit, child.ends()).await {
        Ok(Ok(status)) if status.success() => Holds::Yes,
        Ok(Ok(status)) => match status.code() {
            Some(code) => no(format!("`{told}` exits with {code}")),
            None => Holds::Unknown(format!("`{told}` was ended: {status}")),
        },
        Ok(Err(error)) => Holds::Unknown(format!("how `{told}` ended is not known: {error}")),
        Err(_) => Holds::Unknown(format!("`{told}` has not ended after {limit:?}")),
    }
}

fn command(argv: &[String], run: &Run, job: &Job) -> Command {
    let mut command = Command::new(argv.first().map_or("", String::as_str));
    command.args(argv.get(1..).unwrap_or_default());
    // As jobs, it has no secret of a plugin's.
    for name in run.withheld() {
        command.env_remove(name);
    }
    command.env("XQUTE_JOB_INDEX", job.index().to_string()).env("XQUTE_METADIR", run.workdir());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    if let Some(cwd) = job.cwd() {
        command.current_dir(cwd);
    }
    command
}

/// A child with what it has started: killed when it has ended, or nobody waits for it any more.
struct Group(Child);

impl Group {
    async fn ends(&mut self) -> io::Result<ExitStatus> {
        if let Some(pid) = self.pid() {
            // Until the child is waited for, its group's number is nobody else's: so the rest of the group can be killed first.
            let ended = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            spawn_blocking(move || waitid(WaitId::Pid(pid), ended)).await??;
            self.kill();
        }
        self.0.wait().await
    }

    /// `None`: it has been waited for.
    fn pid(&self) -> Option<Pid> {
        self.0.id().and_then(|it| Pid::from_raw(it.cast_signed()))
    }

    fn kill(&self) {
        if let Some(error) = self.pid().and_then(|pid| kill_process_group(pid, Signal::KILL).err()) {
            tracing::warn!(target: "xqute::submit-when", "a command of a rule cannot be killed: {error}");
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}
