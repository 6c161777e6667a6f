//! Does one plugin serve both families, and how is it heard?

use xqute::Xqute;
use xqute_frame::{FrameError, Pipeline, Process};

use crate::scene::{Scene, UPPER, bash, builder, error, told};

/// Sees the failures of xqute and the cached jobs of the framework, in one state.
mod both {
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    use xqute::{Run, StateError, hook};
    use xqute_frame::{FrameHooks, Pipeline};

    xqute::plugin!(enabled = false);

    #[derive(Default)]
    struct Seen {
        processes: AtomicUsize,
        failed: AtomicUsize,
        cached: AtomicUsize,
    }

    #[hook]
    fn on_init(run: &Run) -> Result<(), StateError> {
        run.init_state(Seen::default())
    }

    #[hook(FrameHooks)]
    fn on_pipeline_init(run: &Run, pipeline: &Pipeline) {
        run.state::<Seen>().unwrap().processes.store(pipeline.processes().len(), Relaxed);
    }

    #[hook]
    fn on_job_failed(run: &Run) {
        run.state::<Seen>().unwrap().failed.fetch_add(1, Relaxed);
    }

    #[hook(FrameHooks)]
    fn on_job_cached(run: &Run) {
        run.state::<Seen>().unwrap().cached.fetch_add(1, Relaxed);
    }

    #[hook]
    fn on_run_done(run: &Run) {
        let Seen { processes, failed, cached } = run.state().unwrap();
        let [processes, failed, cached] = [processes, failed, cached].map(|it| it.load(Relaxed));
        run.note(format!("{processes} processes, {failed} failed, {cached} cached"));
    }
}

/// Lets the second job be prepared when the first has succeeded; says how that went.
mod stager {
    use std::time::Duration;

    use tokio::sync::Notify;
    use tokio::time::timeout;
    use xqute::{BoxError, Run, StateError, hook};
    use xqute_frame::{FrameHooks, Task};

    xqute::plugin!(enabled = false);

    #[hook]
    fn on_init(run: &Run) -> Result<(), StateError> {
        run.init_state(Notify::new())
    }

    #[hook]
    fn on_job_succeeded(run: &Run) {
        run.state::<Notify>().unwrap().notify_one();
    }

    #[hook(FrameHooks)]
    async fn on_job_prepare(run: &Run, task: &Task) -> Result<(), BoxError> {
        if task.name() != "upper/a" {
            let first = run.state::<Notify>().unwrap().notified();
            timeout(Duration::from_secs(60), first)
                .await
                .map_err(|_| "the first job has not run meanwhile")?;
        }
        run.note(format!("prepared {}", task.name()));
        Ok(())
    }
}

/// Finds nothing good enough.
mod refuses {
    use xqute::hook;
    use xqute_frame::{FrameHooks, Task};

    xqute::plugin!(enabled = false);

    #[hook(FrameHooks)]
    fn on_job_prepare(task: &Task) -> Result<(), String> {
        if task.name().ends_with("/b") { Err(format!("{} is not wanted", task.name())) } else { Ok(()) }
    }
}

/// `upper` of texts of which the last may not be there.
fn upper(scene: &Scene, texts: &[&str]) -> Pipeline {
    let mut pipeline = scene.pipeline();
    let texts = texts.iter().map(|it| scene.path(it));
    let script = format!(r#"grep -q . "$1"; {UPPER}"#);
    pipeline.add(Process::each("upper", texts).outputs(["{stem}"]).command(bash(&script))).unwrap();
    pipeline
}

fn with(plugin: &str) -> xqute::XquteBuilder {
    builder().select(["frame", "recorder", plugin])
}

#[tokio::test]
async fn one_plugin_sees_both_families() {
    let scene = Scene::new(&["a", "b"]);
    std::fs::write(scene.path("empty"), "").unwrap();
    let pipeline = upper(&scene, &["a", "b", "empty"]);
    for cached in [0, 2] {
        let run = told(&pipeline, with("both")).await;
        assert!(run.0.notes.contains(&format!("1 processes, 1 failed, {cached} cached")), "{run:?}");
        assert_eq!(run.0.fault_count(), 0, "{run:?}");
    }
}

#[tokio::test]
async fn jobs_run_while_others_are_prepared() {
    let scene = Scene::new(&["a", "b", "c"]);
    let pipeline = upper(&scene, &["a", "b", "c"]);
    let run = told(&pipeline, with("stager")).await;
    let all = ["upper/a", "upper/b", "upper/c"];
    run.assert_ran(&all);
    assert_eq!(run.of("prepared "), all);
}

#[tokio::test]
async fn a_plugin_that_cannot_prepare_a_job_ends_the_pipeline() {
    let scene = Scene::new(&["a", "b"]);
    let pipeline = upper(&scene, &["a", "b"]);
    let why = error(&pipeline, with("refuses")).await;
    assert!(matches!(&why, FrameError::Hook(fault) if fault.plugin() == "refuses"), "{why}");
    assert!(why.to_string().ends_with("returned an error: upper/b is not wanted"), "{why}");
    // What was fed before it may have run, and nothing is lost.
    let run = told(&pipeline, builder()).await;
    assert_eq!((run.0.counts.total(), run.0.is_success()), (2, true), "{run:?}");
}

#[tokio::test]
async fn without_its_own_plugin_the_framework_does_nothing() {
    let scene = Scene::new(&["a"]);
    let pipeline = upper(&scene, &["a"]);
    let why = error(&pipeline, Xqute::builder().select(["recorder"])).await;
    assert!(matches!(why, FrameError::Off), "{why}");
    assert!(!scene.result("upper/a").exists());
}
