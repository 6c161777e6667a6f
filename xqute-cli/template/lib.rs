//! A plugin for xqute: it refuses the programs that its configuration names, and tells at the end how many jobs there were.
#![forbid(unsafe_code)]

use xqute::{BoxError, Job, Run, Submit, Summary, hook};

#[cfg(test)]
mod tests;

const NAME: &str = "{{name}}";

// This crate is a plugin, called as the crate is, without `xqute-plugin-`. It is on where it is linked; `enabled = false` changes that.
xqute::plugin!(config = Config);

/// What may stand in xqute.toml below `[plugins.{{name}}]`; `xqute plugins show {{name}}` tells it, with these comments.
#[xqute::config]
#[derive(Debug, Default)]
struct Config {
    /// Programs that no job may run.
    refuse: Vec<String>,
}

/// When a run is built. An error ends it before it has begun. What is put into the run's state, the other hooks find there.
#[hook]
fn on_init(run: &Run) -> Result<(), BoxError> {
    let config: Option<Config> = run.config(NAME)?;
    run.init_state(config.unwrap_or_default())?;
    Ok(())
}

/// Before a job is submitted: this hook decides. A hook takes the arguments that it needs, by name; any may be `async`.
#[hook]
fn on_job_submitting(job: &Job, run: &Run) -> Submit {
    let program = job.argv().program();
    let config: Option<&Config> = run.state();
    match config.and_then(|it| it.refuse.iter().find(|name| program == name.as_str())) {
        Some(name) => Submit::veto(format!("{name} is not wanted here")),
        None => Submit::Proceed,
    }
}

/// After the last job: this hook only observes. The note is shown when the run has ended.
#[hook]
async fn on_run_done(run: &Run, summary: &Summary) {
    let (succeeded, all) = (summary.counts.succeeded, summary.counts.total());
    run.note(format!("{NAME}: {succeeded} of {all} jobs succeeded"));
}
