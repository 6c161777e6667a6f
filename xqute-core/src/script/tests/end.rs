//! What can a text that runs after the command do? Neither change the job's code, nor keep another from running.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use super::scene::{Ended, Scene};

fn told(ended: &Ended, place: &str, code: i32) {
    let line = format!("xqute: {place} did not come to its end: exit code {code}\n");
    assert!(ended.log.contains(&line), "{ended:?}");
}

const CLEANER: &str = "on_jobcmd_end of plugin `cleaner`";

#[test]
fn a_text_after_the_command_changes_no_code() {
    for (text, code) in [
        ("exit 7", 7),
        ("set -e; false", 1),
        ("set -u; echo $1$2$3", 1),
        ("exec false", 1),
        ("echo 'open", 2),
    ] {
        told(&Scene::new().end(text).run().ran(0), CLEANER, code);
        told(&Scene::new().postscript(text).run().ran(0), "postscript", code);
        told(&Scene::new().prep("set -e").end(text).run().ran(0), CLEANER, code);
    }
    let fails = || Scene::new().command(["/bin/sh", "-c", "echo ran; exit 3"]);
    told(&fails().end("exit 0; ").postscript("exit 7").run().ran(3), "postscript", 7);
    fails().end("rc=0; trap 'exit 0' EXIT").run().ran(3);
}

#[test]
fn a_text_after_the_command_may_fail_within() {
    let ended = Scene::new().init("set -eu").end("false; cd /no/such; echo \"on $UNSET\"").run().ran(0);
    assert!(ended.log.ends_with("on \n"), "{ended:?}");
}

#[test]
fn a_text_after_the_command_does_nothing_to_the_next() {
    let misuse = "cd /; exec >/dev/null; builtin() { false; }; XQUTE_JOB_METADIR=/no/such; rc=9; set -eu; kill -KILL $BASHPID";
    Scene::new().postscript(misuse).end(misuse).run().ran(0);
}

#[test]
fn the_end_sees_what_the_shell_before_it_knew() {
    Scene::new().init("KEPT=kept").run().ended_with(0, "kept");
    Scene::new().prescript("export KEPT=kept").command(["false"]).run().ended_with(1, "kept");
    let ended = Scene::new().init("f() { echo called; }").end("f").run().ran(0);
    assert_eq!(ended.log, "called\n");
}

#[test]
fn a_job_is_not_done_before_its_end_is() {
    let look = r#"cd "$XQUTE_JOB_METADIR"; cat job.status; ls job.rc"#;
    let ended = Scene::new()
        .prep("cd \"$XQUTE_JOB_METADIR\"; cat job.status")
        .postscript(look)
        .end(look)
        .run()
        .ran(0);
    let lines: Vec<&str> = ended.log.lines().collect();
    assert_eq!([lines[0], lines[1], lines[3]], ["4", "4", "4"], "{ended:?}");
    assert!(lines[2].contains("No such file") && lines[4].contains("No such file"), "{ended:?}");
}

#[test]
fn the_files_are_the_owners_and_what_the_job_makes_has_its_umask() {
    let scene = Scene::new().init("umask 027").command(["touch", "made"]);
    let made = scene.folder().join("made");
    let ended = scene.run().ended_with(0, "lost");
    let mode = |file: PathBuf| file.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(made), 0o640);
    let files = &ended.files;
    for file in [files.rc(), files.status(), files.stdout(), files.stderr()] {
        assert_eq!(mode(file), 0o600);
    }
}

#[test]
fn a_directory_that_the_job_removed_changes_no_code() {
    let ended = Scene::new().prep(r#"cmd="rm -rf \"$XQUTE_JOB_METADIR\"; exit 3""#).run();
    assert_eq!(ended.code, Some(3), "{ended:?}");
}
