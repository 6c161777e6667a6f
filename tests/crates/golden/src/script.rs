//! The hooks that write script: with them a job is wrapped.

use xqute::{hook, Job, Run};

xqute::plugin!(name = "trace-script", enabled = false);

#[hook]
fn on_jobcmd_init(run: &Run, job: &Job) -> &'static str {
    super::note(run, job, "on_jobcmd_init");
    "set -eu"
}

#[hook]
fn on_jobcmd_prep(run: &Run, job: &Job) -> String {
    super::note(run, job, "on_jobcmd_prep");
    format!("echo preparing job {}", job.index())
}

#[hook]
fn on_jobcmd_end(run: &Run, job: &Job) -> Option<String> {
    super::note(run, job, "on_jobcmd_end");
    Some("echo ended with $rc".to_owned())
}
