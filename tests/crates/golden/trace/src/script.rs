//! What goes around a command, so that its job is wrapped? Three fragments that do no more than say that they ran.

use xqute::{hook, Job};

xqute::plugin!(name = "trace-script", enabled = false);

#[hook]
fn on_jobcmd_init(job: &Job) -> String {
    format!("echo \"init of {}\"", job.index())
}

#[hook]
fn on_jobcmd_prep() -> &'static str {
    "echo \"prep${cmd:+ with a command}\""
}

#[hook]
fn on_jobcmd_end() -> Option<&'static str> {
    Some("echo \"end with $rc\"")
}
