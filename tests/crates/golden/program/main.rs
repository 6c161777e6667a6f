//! Which trace do the hooks leave in each scenario? Plays them all, direct and wrapped, checks each, and prints the traces.

mod check;
mod scenes;
mod tell;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use xqute::{Hooks, JobSpec, Moment, RunEvent, Summary, Xqute, XquteBuilder};
use xqute_plugin_trace::{Call, seen, trace};

xqute::link_plugins!();

/// A run and its jobs.
pub struct Scene {
    /// What it shows.
    name: &'static str,
    /// The pipes that its jobs and hooks wait for one another with.
    pipes: &'static [&'static str],
    settings: fn(XquteBuilder) -> XquteBuilder,
    /// The jobs, as they are fed; the directory is where the pipes are.
    jobs: fn(&Path) -> Vec<JobSpec>,
}

/// What a scenario left.
struct Played {
    run: Xqute,
    wrapped: bool,
    calls: Vec<Call>,
    /// What whoever follows the run was told: the hook of the moment, the job, and what it saw.
    events: Vec<(&'static str, usize, String)>,
    summary: Summary,
}

/// Far longer than any scenario takes. One that waits for ever is to be told with its trace.
const FOREVER: Duration = Duration::from_secs(120);

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let plugins = Xqute::builder().workdir(scratch().path().join("work")).build().unwrap();
    let hooks = format!("{:#?}", Hooks::build(plugins.plugins()));
    assert!(hooks.contains("trace::on_init") && !hooks.contains("[]"), "a hook is missing: {hooks}");
    for scene in scenes::all() {
        for wrapped in [false, true] {
            let dir = scratch();
            let played = play(&scene, wrapped, dir.path()).await;
            check::all(&played);
            print!("{}", tell::all(scene.name, &played));
        }
    }
}

fn scratch() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

async fn play(scene: &Scene, wrapped: bool, dir: &Path) -> Played {
    for pipe in scene.pipes {
        assert!(Command::new("mkfifo").arg(dir.join(pipe)).status().unwrap().success());
    }
    let builder = (scene.settings)(Xqute::builder());
    let builder = builder.workdir(dir.join("work")).poll_interval(Duration::from_millis(10));
    // The plugin of the fragments is off by default.
    let builder = if wrapped { builder.select(["+trace-script"]) } else { builder };
    let run = builder.build().unwrap();
    let mut stream = run.events();
    let reader = tokio::spawn(async move {
        let mut events = Vec::new();
        while let Some(event) = stream.next().await {
            let RunEvent::Reached(moment, job) = event else { panic!("events were missed: {event:?}") };
            events.push((hook_of(moment), job.index(), seen(&job)));
        }
        events
    });
    for (index, job) in (scene.jobs)(dir).into_iter().enumerate() {
        assert_eq!(run.feed(job).await.unwrap(), index);
    }
    let end = tokio::time::timeout(FOREVER, run.run_until_complete()).await;
    let calls = trace(run.run()).calls();
    let Ok(summary) = end else { panic!("`{}` does not end:\n{}", scene.name, tell::calls(&calls)) };
    Played { wrapped, calls, events: reader.await.unwrap(), summary: summary.unwrap(), run }
}

/// The hook that is called for a moment which is told to whoever reads events.
fn hook_of(moment: Moment) -> &'static str {
    match moment {
        Moment::Init => "on_job_init",
        Moment::Queued => "on_job_queued",
        Moment::Submitting => "on_job_submitting",
        Moment::Submitted => "on_job_submitted",
        Moment::Started => "on_job_started",
        Moment::Verifying => "on_job_verify",
        Moment::Killing => "on_job_killing",
        Moment::Killed => "on_job_killed",
        Moment::Failed => "on_job_failed",
        Moment::Succeeded => "on_job_succeeded",
        Moment::Cancelled => "on_job_cancelled",
        other => panic!("an event of a moment that has none: {other:?}"),
    }
}
