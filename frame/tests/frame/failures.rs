//! What becomes of a pipeline in which something goes wrong? What depends on it does not run, the rest does, and the next run goes on.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use xqute::RetryPolicy;
use xqute_frame::{FrameError, Process};

use crate::scene::{SUM, Scene, UPPER, bash, builder, told};

#[tokio::test]
async fn what_depends_on_a_failed_job_does_not_run_and_the_rest_does() {
    let scene = Scene::new(&["a", "b"]);
    let texts = ["a", "b"].map(|it| scene.path(it));
    let needed = scene.path("needed");
    let mut pipeline = scene.pipeline();
    let script = format!(r#"[ "$1" = '{}' ] || cat '{}'; {UPPER}"#, texts[0].display(), needed.display());
    let fragile = Process::each("fragile", texts.clone()).outputs(["{stem}"]).command(bash(&script));
    let fragile = pipeline.add(fragile).unwrap();
    pipeline.add(Process::each("next", fragile.clone()).outputs(["{stem}"]).command(bash(UPPER))).unwrap();
    pipeline.add(Process::all("sum", fragile).outputs(["sum"]).command(bash(SUM))).unwrap();
    pipeline.add(Process::each("aside", texts).outputs(["{stem}"]).command(bash(UPPER))).unwrap();

    let first = told(&pipeline, builder()).await;
    assert_eq!(first.of("ran "), ["aside/a", "aside/b", "fragile/a", "next/a"], "{first:?}");
    assert_eq!(first.of("failed "), ["fragile/b: failed: exit code 1"]);
    let why = "cancelled: it waited for job 1, which did not succeed";
    assert_eq!(first.of("cancelled "), [format!("next/b: {why}"), format!("sum/sum: {why}")]);
    assert!(first.of("done ").contains(&"fragile: 1 succeeded, 1 failed"), "{first:?}");
    assert!(first.of("done ").contains(&"next: 1 succeeded, 1 cancelled"), "{first:?}");

    fs::write(needed, "").unwrap();
    told(&pipeline, builder()).await.assert_ran(&["fragile/b", "next/b", "sum/sum"]);
}

/// That is judged while it may still be tried again.
#[tokio::test]
async fn a_job_that_claims_success_without_its_output_fails_and_is_tried_again() {
    let scene = Scene::new(&["a"]);
    let mut pipeline = scene.pipeline();
    let liar = r#"if [ -e "$1.second" ]; then echo b >"$3"; fi; echo >"$1.second"; echo a >"$2""#;
    let outputs = ["{stem}.one", "{stem}.two"];
    let liar = Process::each("liar", [scene.path("a")]).outputs(outputs).command(bash(liar));
    pipeline.add(liar).unwrap();
    let again = told(&pipeline, builder().retry(RetryPolicy::new(1).delay(Duration::from_millis(1)))).await;
    let missing = scene.result("liar/a.two");
    let why = format!(
        "liar/a: failed: rejected by plugin `frame`: the output {}: No such file or directory (os error 2)",
        missing.display()
    );
    assert_eq!((again.of("failed "), again.of("ran ")), (vec![&*why], vec!["liar/a"]));
    assert_eq!(
        (again.0.attempts, again.0.is_success(), again.of("done ")),
        (2, true, vec!["liar: 1 succeeded"])
    );
}

#[tokio::test]
async fn what_a_killed_job_has_written_is_no_result() {
    let scene = Scene::new(&["a"]);
    let mut pipeline = scene.pipeline();
    let killed = r#"[ ! -e "$2" ] || exit 3; echo half >"$2"; [ -e "$1.second" ] || { echo >"$1.second"; kill -9 $$; }"#;
    let killed = Process::each("killed", [scene.path("a")]).outputs(["{stem}"]).command(bash(killed));
    pipeline.add(killed).unwrap();
    assert_eq!(told(&pipeline, builder()).await.of("failed "), ["killed/a: failed: killed by SIGKILL"]);
    assert_eq!(scene.read("killed/a"), "half\n");
    told(&pipeline, builder()).await.assert_ran(&["killed/a"]);
    told(&pipeline, builder()).await.assert_ran(&[]);
}

#[tokio::test]
async fn an_input_that_is_not_there_is_named() {
    let scene = Scene::new(&["a"]);
    let mut pipeline = scene.pipeline();
    let texts = ["a", "b"].map(|it| scene.path(it));
    pipeline.add(Process::each("upper", texts).outputs(["{stem}"]).command(bash(UPPER))).unwrap();
    let run = told(&pipeline, builder()).await;
    let input = scene.path("b");
    let why = format!(
        "upper/b: cancelled: vetoed by plugin `frame`: the input {}: No such file or directory (os error 2)",
        input.display()
    );
    assert_eq!((run.of("ran "), run.of("cancelled ")), (vec!["upper/a"], vec![&*why]));
}

#[test]
fn a_pipeline_that_cannot_be_says_why() {
    let scene = Scene::new(&[]);
    let each =
        |name: &str, inputs: &[&str]| Process::each(name, inputs).outputs(["{stem}"]).command(["true"]);
    let mut pipeline = scene.pipeline();
    pipeline.add(each("one", &["a.txt"])).unwrap();
    let mut why = |process| pipeline.add(process).unwrap_err();
    assert!(matches!(why(each("a/b", &["a"])), FrameError::Name(name) if name == "a/b"));
    assert!(matches!(why(each("..", &["a"])), FrameError::Name(_)));
    assert!(matches!(why(each("", &["a"])), FrameError::Name(_)));
    assert!(matches!(why(each("one", &["a"])), FrameError::SameName(name) if name == "one"));
    assert!(matches!(why(each("two", &[])), FrameError::NoInputs(name) if name == "two"));
    assert!(matches!(why(Process::all("two", [""; 0]).outputs(["x"])), FrameError::NoInputs(_)));
    assert!(matches!(why(Process::all("two", ["a"])), FrameError::NoOutputs(name) if name == "two"));
    let twice = why(each("two", &["a.txt", "b.txt", "x/a.md"]));
    assert!(twice.to_string().contains("pipeline/results/two/a: put `{stem}`"), "{twice}");
    // What was refused has left nothing.
    assert_eq!(pipeline.processes().count(), 1);
    pipeline.add(each("two", &["a.txt", "b.txt"])).unwrap();
}

/// The user's own file would be lost.
#[tokio::test]
async fn an_output_that_is_an_input_or_anywhere_else_is_refused() {
    let scene = Scene::new(&["a"]);
    let text = scene.path("a");
    let mut pipeline = scene.pipeline();
    let process = |input: &Path, output: &str| Process::each("s", [input]).outputs([output]);
    for outside in [text.to_str().unwrap(), "../a", "sub/../../a", ".", ""] {
        let told = pipeline.add(process(&text, outside)).unwrap_err();
        assert!(matches!(&told, FrameError::Outside(it) if it == outside), "{told}");
    }
    let result = scene.result("s/a");
    fs::create_dir_all(result.parent().unwrap()).unwrap();
    fs::write(&result, "mine").unwrap();
    // However it is spelled.
    symlink(scene.path("pipeline"), scene.path("link")).unwrap();
    for same in [&result, &scene.result("s/../s/a"), &scene.path("link/results/s/a")] {
        let told = pipeline.add(process(same, "{stem}")).unwrap_err();
        assert!(matches!(&told, FrameError::OutputIsInput(it) if *it == result), "{told}");
    }
    assert_eq!(fs::read_to_string(&result).unwrap(), "mine");
}

/// What goes is the link.
#[tokio::test]
async fn an_output_may_be_a_link_to_its_input() {
    let scene = Scene::new(&["a"]);
    for ran in [&["link/a"][..], &[]] {
        let mut pipeline = scene.pipeline();
        let link = Process::each("link", [scene.path("a")]).outputs(["{stem}"]);
        pipeline.add(link.command(["ln", "-s", "{in}", "{out}"])).unwrap();
        told(&pipeline, builder()).await.assert_ran(ran);
    }
    assert_eq!(scene.read("link/a"), "a");
}
