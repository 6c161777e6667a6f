//! What can a text after the command do? Neither change the job's code, nor keep another text from running.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use super::scene::{Ended, Scene};

fn told(ended: &Ended, place: &str, code: i32) {
    let line = format!("xqute: {place} did not come to its end: exit code {code}\n");
    assert!(ended.log.contains(&line), "{ended:?}");
}

fn mode(file: &Path) -> u32 {
    file.metadata().unwrap().permissions().mode() & 0o777
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
    let misuse = "cd /; exec >/dev/null; builtin() { false; }; XQUTE_JOB_METADIR=/no/such; rc=9; set -eu";
    let misuse = &format!("{misuse}; kill -KILL $BASHPID");
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
fn the_files_are_the_owners_alone() {
    let ended = Scene::new().run().ran(0);
    let files = &ended.files;
    for file in [files.rc(), files.status(), files.stdout(), files.stderr()] {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[test]
fn what_the_job_makes_has_the_umask_that_the_job_was_given() {
    let scene = Scene::new().command(["/bin/sh", "-c", "umask"]);
    let given = Command::new("/bin/sh").args(["-c", "umask"]).output().unwrap().stdout;
    assert_eq!(scene.run().ended_with(0, "lost").stdout, given);
    let scene = Scene::new().init("umask 027").command(["touch", "made"]);
    let made = scene.folder().join("made");
    let ended = scene.run().ended_with(0, "lost");
    assert_eq!(mode(&made), 0o640, "{ended:?}");
}

#[test]
fn a_directory_that_the_job_removed_changes_no_code() {
    let ended = Scene::new().prep(r#"cmd="rm -rf \"$XQUTE_JOB_METADIR\"; exit 3""#).run();
    assert_eq!(ended.code, Some(3), "{ended:?}");
}

#[test]
fn a_code_that_cannot_be_written_runs_the_end_once() {
    let blocks = r#"cd "$XQUTE_JOB_METADIR"; rm job.rc.new; mkdir job.rc.new; KEPT=kept"#;
    for (scene, rc) in [(Scene::new().prep(blocks), 0), (Scene::new().prep(format!("{blocks}; exit 5")), 5)] {
        let ended = scene.run();
        assert_eq!((ended.code, ended.ended), (Some(rc), format!("{rc} lost\n")), "{}", ended.log);
        // What is not known to be done is not said to be.
        assert_eq!((ended.rc.as_str(), ended.status.as_str()), ("", "4\n"));
    }
}
