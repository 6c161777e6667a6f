//! What is left of a job that is asked to end? A code, a status, and its end run once.

use super::scene::{Running, Scene};

const STAGER: &str = "on_jobcmd_prep of plugin `stager`";

const READY: &str = r#": >"$XQUTE_JOB_METADIR/ready""#;

const UNTIL_GO: &str = r#"while [ ! -e "$XQUTE_JOB_METADIR/go" ]; do sleep 0.01; done"#;

/// Programs for a text to run. They tell themselves that they are ready: a signal that reaches bash while it
/// starts a program can pass that by.
fn scene() -> Scene {
    Scene::new()
        .env("SLEEP", format!("{READY}; exec sleep 100"))
        .env("GENTLE", format!("trap 'exit 0' TERM; {READY}; sleep 100 & wait"))
}

fn termed(scene: Scene) -> Running {
    scene.start().until("ready").term()
}

#[test]
fn a_command_that_takes_the_signal_has_its_code() {
    let ends_in = |script: &str, rc| {
        let script = format!("echo ran; {script}");
        termed(Scene::new().command(["/bin/sh", "-c", &script])).make("go").wait().ran(rc);
    };
    ends_in(&format!("{READY}; exec sleep 100"), 143);
    ends_in(&format!("{READY}; sleep 100; true"), 143);
    ends_in(&format!("trap 'exit 0' TERM; {READY}; sleep 100 & wait"), 0);
    ends_in(&format!("trap 'exit 9' TERM; {READY}; sleep 100 & wait"), 9);
    ends_in(&format!("trap '' TERM; {READY}; {UNTIL_GO}; exit 4"), 4);
}

/// A command that a text changed is told to end.
#[track_caller]
fn changed_ends_in(cmd: &str, rc: i32) {
    termed(scene().prep(format!("cmd='echo ran; {cmd}'"))).wait().ran(rc);
}

#[test]
fn a_command_that_is_shell_ends_where_it_is() {
    changed_ends_in(&format!("{READY}; while :; do :; done"), 143);
    changed_ends_in(&format!("{READY}; for ((;;)); do ((1)); done"), 143);
    changed_ends_in(&format!("f() {{ while true; do true; done; }}; {READY}; f; exit 0"), 143);
    changed_ends_in(&format!("{READY}; sleep 100 & wait"), 143);
    changed_ends_in(&format!("({READY}; while :; do :; done)"), 143);
    changed_ends_in(r#"while :; do /bin/sh -c "$SLEEP"; done"#, 143);
    changed_ends_in(r#"/bin/sh -c "$SLEEP" | cat"#, 143);
    changed_ends_in(r#"x=$(/bin/sh -c "$SLEEP"); echo on"#, 143);
}

#[test]
fn what_follows_in_a_command_is_not_begun() {
    changed_ends_in(r#"/bin/sh -c "$GENTLE""#, 0);
    changed_ends_in(r#"/bin/sh -c "$GENTLE"; echo on"#, 143);
    changed_ends_in(r#"/bin/sh -c "$GENTLE" && exec echo on"#, 143);
    changed_ends_in(r#"f() { /bin/sh -c "$GENTLE"; echo on; }; f; echo on"#, 143);
    changed_ends_in(r#"f() { /bin/sh -c "$GENTLE"; }; f; echo on"#, 143);
}

#[test]
fn a_text_before_the_command_ends_and_the_command_is_not_run() {
    let keeps = |text: &str, kept: &str| {
        let ended = termed(scene().prep(format!("KEPT=kept; {text}"))).wait();
        ended.did_not_run_but_kept(143, STAGER, kept);
        let ended = termed(scene().init(format!("KEPT=kept; {text}"))).wait();
        ended.did_not_run_but_kept(143, "on_jobcmd_init of plugin `starter`", kept);
    };
    keeps(r#"/bin/sh -c "$SLEEP""#, "kept");
    keeps(r#"/bin/sh -c "$GENTLE""#, "kept");
    keeps(r#"set -e; /bin/sh -c "$SLEEP""#, "kept");
    keeps(&format!("{READY}; while :; do :; done"), "kept");
    keeps(&format!("{READY}; sleep 100 & wait"), "kept");
    // Here the first shell runs the end.
    keeps(r#"trap 'echo mine' EXIT; /bin/sh -c "$SLEEP""#, "lost");
    keeps(r#"exec /bin/sh -c "$SLEEP""#, "lost");
}

#[test]
fn what_runs_after_the_command_comes_to_its_end() {
    let waits =
        format!(r#"{READY}; while [ ! -e "$XQUTE_JOB_METADIR/go" ]; do sleep 0.01; done; echo cleaned"#);
    for scene in [
        Scene::new().end(&waits),
        Scene::new().postscript(&waits),
        Scene::new().prep("KEPT=lost").end(&waits),
    ] {
        let ended = scene.start().until("ready").term().make("go").wait().ran(0);
        assert_eq!(ended.log, "cleaned\n");
    }
    // Where the first shell runs it, too.
    let scene = Scene::new().prep("exec false").end(&waits);
    let ended = scene.start().until("ready").term().make("go").wait().did_not_run(1, STAGER);
    assert!(ended.log.ends_with("cleaned\n"), "{ended:?}");
}

#[test]
fn a_command_that_is_about_to_begin_is_not_begun() {
    let trap = r#"trap '[[ $BASH_COMMAND != __xqute_flags=* ]] || kill -TERM $BASHPID' DEBUG"#;
    let ended = Scene::new().prep(trap).run().ended_with(143, "lost");
    assert_eq!(ended.stdout, b"", "{ended:?}");
}

#[test]
fn a_signal_before_any_step_of_the_script_leaves_all_right() {
    for whom in ["$BASHPID", "-$$"] {
        let mut skipped = 0;
        for step in 1..=60 {
            let trap = format!("set -T; trap '[[ $((++__steps)) != {step} ]] || kill -TERM {whom}' DEBUG");
            let ended = Scene::new().prep(trap).run();
            let rc: i32 = ended.rc.trim().parse().unwrap_or_else(|_| panic!("step {step}: {ended:?}"));
            if ended.stdout.is_empty() {
                assert_eq!(rc, 143, "step {step}: {ended:?}");
                skipped += 1;
            }
            ended.ended_with(rc, "lost");
        }
        assert!(skipped > 5, "{skipped}");
    }
}
