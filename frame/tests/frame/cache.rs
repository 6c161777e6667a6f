//! What does a second run do? What has changed, what depends on that, and nothing else.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::scene::{SIZE, Scene};

const ALL: [&str; 5] = ["size/a", "size/b", "sum/sum", "upper/a", "upper/b"];

#[tokio::test]
async fn the_second_run_does_nothing() {
    let scene = Scene::new(&["a", "bb"]);
    let first = scene.run(&["a", "bb"], SIZE).await;
    first.assert_ran(&["size/a", "size/bb", "sum/sum", "upper/a", "upper/bb"]);
    assert_eq!((scene.read("upper/bb.txt"), scene.read("sum/sum")), ("BB".to_owned(), "1\n2\n".to_owned()));
    assert_eq!(first.of("done "), ["size: 2 succeeded", "sum: 1 succeeded", "upper: 2 succeeded"]);
    for _ in 0..3 {
        let again = scene.run(&["a", "bb"], SIZE).await;
        again.assert_ran(&[]);
        assert_eq!(again.of("cached ").len(), 5);
        let done =
            ["size: 0 succeeded, 2 skipped", "sum: 0 succeeded, 1 skipped", "upper: 0 succeeded, 2 skipped"];
        assert_eq!(again.of("done "), done);
    }
}

#[tokio::test]
async fn a_touched_input_runs_what_depends_on_it() {
    let scene = Scene::new(&["a", "b"]);
    scene.run(&["a", "b"], SIZE).await.assert_ran(&ALL);
    // Neither newer nor larger: it is another, which is all that counts.
    scene.touch("b", 999_999);
    let again = scene.run(&["a", "b"], SIZE).await;
    again.assert_ran(&["size/b", "sum/sum", "upper/b"]);
    assert_eq!(again.of("cached "), ["size/a", "upper/a"]);
    scene.run(&["a", "b"], SIZE).await.assert_ran(&[]);
}

#[tokio::test]
async fn another_command_runs_its_process_and_what_depends_on_it() {
    let scene = Scene::new(&["a", "b"]);
    scene.run(&["a", "b"], SIZE).await.assert_ran(&ALL);
    let twice = r#"cat "$1" "$1" | wc -c >"$2""#;
    scene.run(&["a", "b"], twice).await.assert_ran(&["size/a", "size/b", "sum/sum"]);
    assert_eq!(scene.read("sum/sum"), "2\n2\n");
    scene.run(&["a", "b"], twice).await.assert_ran(&[]);
}

#[tokio::test]
async fn a_result_that_was_removed_or_changed_is_made_again() {
    let scene = Scene::new(&["a", "b"]);
    scene.run(&["a", "b"], SIZE).await.assert_ran(&ALL);
    fs::remove_file(scene.result("size/a")).unwrap();
    scene.run(&["a", "b"], SIZE).await.assert_ran(&["size/a", "sum/sum"]);
    fs::write(scene.result("sum/sum"), "of somebody else").unwrap();
    scene.run(&["a", "b"], SIZE).await.assert_ran(&["sum/sum"]);
    assert_eq!(scene.read("sum/sum"), "1\n1\n");
}

#[tokio::test]
async fn other_inputs_change_nothing_for_those_that_were_there() {
    let scene = Scene::new(&["a", "b", "aa"]);
    scene.run(&["a", "b"], SIZE).await.assert_ran(&ALL);
    // In between: all that follow have other places in the list.
    scene.run(&["a", "aa", "b"], SIZE).await.assert_ran(&["size/aa", "sum/sum", "upper/aa"]);
    assert_eq!(scene.read("sum/sum"), "1\n2\n1\n");
    scene.run(&["a", "b"], SIZE).await.assert_ran(&["sum/sum"]);
    scene.run(&["b"], SIZE).await.assert_ran(&["sum/sum"]);
}

#[tokio::test]
async fn a_torn_signature_is_none() {
    let scene = Scene::new(&["a"]);
    let whole = ["size/a", "sum/sum", "upper/a"];
    scene.run(&["a"], SIZE).await.assert_ran(&whole);
    let path = scene.path("pipeline/cache/upper/a.done");
    let signature = fs::read(&path).unwrap();
    for kept in [0, 1, signature.len() / 2, signature.len() - 1] {
        fs::write(&path, &signature[..kept]).unwrap();
        scene.run(&["a"], SIZE).await.assert_ran(&whole);
    }
}

#[tokio::test]
async fn commands_are_written_down_for_their_owner_alone() {
    let scene = Scene::new(&["a"]);
    scene.run(&["a"], SIZE).await;
    let mode = |path: &str| fs::metadata(scene.path(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!(
        (mode("pipeline/cache"), mode("pipeline/cache/upper"), mode("pipeline/jobs")),
        (0o700, 0o700, 0o700)
    );
    assert_eq!((mode("pipeline/cache/upper/a.begun"), mode("pipeline/cache/upper/a.done")), (0o600, 0o600));
}
