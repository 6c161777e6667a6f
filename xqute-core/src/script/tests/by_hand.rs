//! Does a script that is run by hand do what the job's did, without its files?

use super::scene::Scene;
use crate::script::{by_hand, not_run};

/// Exit code, what was printed, and what was told beside it; no file was made.
#[track_caller]
fn ends(scene: Scene, code: i32, stdout: &str, stderr: &str) {
    let (output, files) = scene.by_hand();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    assert_eq!(
        (output.status.code(), text(output.stdout), text(output.stderr)),
        (Some(code), stdout.to_owned(), stderr.to_owned())
    );
    assert!(files.is_empty(), "{files:?}");
}

#[test]
fn only_what_the_command_prints_is_printed() {
    let scene = Scene::new().command(["sh", "-c", "echo out $A; echo err >&2; cat; exit 3"]);
    let scene = scene.init("echo init").prescript("export A=it\\'s").prep("echo prep");
    ends(
        scene.postscript("echo post $rc").end("echo end"),
        3,
        "out it's\n",
        "init\nprep\nerr\npost 3\nend\n",
    );
}

#[test]
fn a_text_that_gives_up_runs_the_end_and_not_the_command() {
    let told = "xqute: the command was not run: exit code 5 in prescript\n5 kept\n";
    ends(Scene::new().prescript("A=kept; exit 5").postscript("echo $rc $A"), 5, "", told);
    let told = "xqute: the command was not run: exit code 1 in prescript\n1\n";
    ends(Scene::new().prescript("set -e; false").postscript("echo $rc"), 1, "", told);
}

#[test]
fn a_command_may_be_changed_and_words_arrive() {
    ends(Scene::new().command(["printf", "%s|", "a  b", "it's", "\n"]), 0, "a  b|it's|\n|", "");
    ends(Scene::new().prep("cmd=\"echo changed; $cmd\"").command(["echo", "x"]), 0, "changed\nx\n", "");
}

#[test]
fn a_text_that_quotes_the_script_is_no_border_of_it() {
    let whole = include_str!("../wrapper.sh");
    let quoted = format!(": <<'WHOLE'\n{whole}\nWHOLE\necho told");
    let scene = Scene::new().prescript(&quoted).postscript(&quoted).command(["echo", "x"]);
    ends(scene, 0, "x\n", "told\ntold\n");
}

#[test]
fn another_script_is_none() {
    assert_eq!(by_hand(b"#!/bin/bash\necho another\n"), None);
    assert_eq!(by_hand(b""), None);
}

#[test]
fn the_place_where_a_command_was_given_up_is_found_in_the_log() {
    let ended = Scene::new().prescript("echo noise; exit 3").run();
    assert_eq!(not_run(&ended.log), Some("exit code 3 in prescript"), "{ended:?}");
    assert_eq!(not_run(&Scene::new().prescript("echo noise").run().log), None);
}
