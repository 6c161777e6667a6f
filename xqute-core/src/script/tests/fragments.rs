//! What can a text that runs before the command do to the job? Nothing that is not its right.

use std::fs;

use super::scene::Scene;

const STARTER: &str = "on_jobcmd_init of plugin `starter`";
const STAGER: &str = "on_jobcmd_prep of plugin `stager`";

/// The page's example, with a folder of the test's for `/tmp/workdir`.
fn the_pages_example(scene: Scene, folder: &str) -> Scene {
    let init = "\n# Custom initialization\nset -e\nexport CUSTOM_VAR=\"value\"\n";
    let prep = "\n# Preparation\ncd /tmp/workdir\necho \"Preparing job 3\"\n";
    let end = "\n# Cleanup\nrm -rf /tmp/workdir\necho \"Job 3 completed\"\n";
    let here = |text: &str| text.replace("/tmp/workdir", folder);
    scene.init(here(init)).prep(here(prep)).end(here(end))
}

#[test]
fn the_pages_example_wraps_a_command() {
    let scene = Scene::new().command(["/bin/sh", "-c", r#"echo "$CUSTOM_VAR in $PWD""#]);
    let folder = scene.folder().join("workdir");
    fs::create_dir(&folder).unwrap();
    let ended = the_pages_example(scene, folder.to_str().unwrap()).run().ended_with(0, "lost");
    assert_eq!(ended.stdout, format!("value in {}\n", folder.display()).as_bytes());
    assert_eq!(ended.log, "Preparing job 3\nJob 3 completed\n");
    assert!(!folder.exists());
}

#[test]
fn the_pages_example_fails_where_the_folder_is_missing() {
    let scene = Scene::new();
    let folder = scene.folder().join("missing");
    let ended = the_pages_example(scene, folder.to_str().unwrap()).run().did_not_run(1, STAGER);
    assert!(ended.log.contains("No such file or directory"), "{ended:?}");
    assert!(ended.log.ends_with("Job 3 completed\n"), "{ended:?}");
}

#[test]
fn a_command_without_texts_runs() {
    let ended = Scene::new().run().ran(0);
    assert_eq!((ended.log.as_str(), ended.stderr.as_str()), ("", ""));
}

#[test]
fn the_commands_code_and_output_are_its_own() {
    let scene = Scene::new().init("set -e").command(["/bin/sh", "-c", "echo ran; echo told >&2; exit 3"]);
    let ended = scene.run().ran(3);
    assert_eq!((ended.log.as_str(), ended.stderr.as_str()), ("", "told\n"));
}

#[test]
fn a_command_that_is_not_there_has_the_shells_code() {
    let ended = Scene::new().command(["/no/such/program"]).run().ended_with(127, "lost");
    assert!(ended.stderr.contains("No such file"), "{ended:?}");
    let ended = Scene::new().command([""]).run().ended_with(127, "lost");
    assert_eq!(ended.log, "", "{ended:?}");
}

#[test]
fn a_text_that_exits_ends_the_job_before_its_command() {
    Scene::new().init("KEPT=kept; exit 5").run().did_not_run_but_kept(5, STARTER, "kept");
    Scene::new().prescript("KEPT=kept; exit 5").run().did_not_run_but_kept(5, "prescript", "kept");
    Scene::new().init("KEPT=kept").prep("exit 5").run().did_not_run_but_kept(5, STAGER, "kept");
}

#[test]
fn a_text_that_exits_with_0_skips_the_command_and_is_told() {
    Scene::new().prep("exit 0").run().did_not_run(0, STAGER);
}

#[test]
fn set_e_ends_the_job_where_something_fails() {
    Scene::new().init("KEPT=kept; set -e\nfalse").run().did_not_run_but_kept(1, STARTER, "kept");
    Scene::new().init("set -e").prescript("false").run().did_not_run(1, "prescript");
    Scene::new().init("set -eu -o pipefail").prep("false | true").run().did_not_run(1, STAGER);
    Scene::new().init("set -e").prep("false || true; if false; then :; fi").run().ran(0);
}

#[test]
fn without_set_e_a_failure_is_passed_over() {
    Scene::new().init("false").prescript("false").prep("cd /no/such/folder").run().ran(0);
}

#[test]
fn set_u_harms_only_what_uses_no_variable() {
    Scene::new().init("set -u").prep("echo \"$1\"").run().did_not_run(1, STAGER);
    let scene = Scene::new().init("set -eu -o pipefail").postscript("echo \"post $1.\"");
    let ended = scene.run().ran(0);
    assert_eq!(ended.log, "post postscript.\n");
}

#[test]
fn set_e_holds_within_a_command_too() {
    let scene = Scene::new().init("set -e").prep(r#"cmd="$cmd; false; echo on""#);
    scene.run().ran(1);
    let ended = Scene::new().prep(r#"cmd="$cmd; false; echo on""#).run().ended_with(0, "lost");
    assert_eq!(ended.stdout, b"ran\non\n");
}

#[test]
fn a_text_may_have_the_exit_trap() {
    let ended = Scene::new().init("trap 'echo mine' EXIT").run().ran(0);
    assert_eq!(ended.log, "mine\n");
    let fails = Scene::new().init("set -e; KEPT=kept; trap 'echo mine' EXIT").command(["false"]);
    fails.run().ended_with(1, "kept");
    // Here the first shell runs the end.
    Scene::new().init("KEPT=k; trap 'echo mine' EXIT").prep("exit 4").run().did_not_run(4, STAGER);
    Scene::new().init("trap - EXIT; set -e").prep("false").run().did_not_run(1, STAGER);
    Scene::new().init("trap 'exit 9' EXIT").run().ran(0);
    Scene::new().init("trap 'echo failed; exit 6' ERR").prep("false").run().did_not_run(6, STAGER);
}

#[test]
fn a_text_may_replace_its_shell() {
    Scene::new().init("exec true").run().did_not_run(0, STARTER);
    Scene::new().prep("exec /bin/sh -c 'exit 8'").run().did_not_run(8, STAGER);
    Scene::new().prep("set -n").run().did_not_run(0, STAGER);
    Scene::new().prep("kill -KILL $BASHPID").run().did_not_run(137, STAGER);
}

#[test]
fn where_the_shell_is_lost_its_variables_are_not_empty_but_an_error() {
    let scene = Scene::new().init("folder=/precious").prep("exec false");
    let ended = scene.end(r#"echo rm -rf "$folder"/*"#).run().did_not_run(1, STAGER);
    assert!(ended.log.contains("folder: unbound variable"), "{ended:?}");
    assert!(!ended.log.contains("rm -rf /"), "{ended:?}");
}

#[test]
fn a_signal_that_ends_the_shell_is_its_code() {
    let ended = Scene::new().prep("kill -HUP $BASHPID").run();
    assert_eq!((ended.code, ended.rc.as_str(), ended.status.as_str()), (Some(129), "129\n", "7\n"));
    assert_eq!(ended.ended.lines().count(), 1, "{ended:?}");
}

#[test]
fn a_text_that_is_no_bash_fails_the_job_by_name() {
    for text in ["echo 'open", "echo \"open", "f() {", "}", ")", "if true; then", "case x in", "echo $("] {
        let ended = Scene::new().init(text).prep("echo second").run().did_not_run(2, STARTER);
        assert!(ended.log.contains("eval: line"), "{ended:?}");
        assert!(!ended.log.contains("second"), "{ended:?}");
        for before in ["set -e", "POSIXLY_CORRECT=1", "exec >/dev/null 2>&1", "trap 'echo mine' EXIT"] {
            Scene::new().init(before).prep(text).run().did_not_run(2, STAGER);
        }
    }
}

#[test]
fn a_text_ends_where_it_ends() {
    for text in
        ["true \\", "true # comment", "true # comment \\", "cat <<X\nhere", "", "\n\n", "true &", "true;"]
    {
        Scene::new().init(text).prep(text).postscript(text).run().ran(0);
    }
}

#[test]
fn a_text_may_do_what_it_likes_to_its_descriptors() {
    for text in
        ["exec >/dev/null 2>&1", "exec 1>&-", "exec 2>&-", "exec 0<&- 1>&- 2>&-", "exec >&2 3>&1 4<&-"]
    {
        Scene::new().init(text).run().ran(0);
        Scene::new().init(text).prep("exit 5").run().did_not_run(5, STAGER);
    }
}

#[test]
fn functions_and_aliases_of_a_text_stay_out_of_the_scripts_own() {
    let names = "cd mv printf echo read eval exit trap set umask return";
    let functions = format!("for it in {names}; do builtin eval \"$it() {{ false; }}\"; done");
    let aliases = format!("shopt -s expand_aliases; for it in {names} case if; do alias \"$it=false\"; done");
    for text in [&functions, &aliases] {
        Scene::new().init(text.as_str()).run().ran(0);
        Scene::new().init(text.as_str()).prep("builtin exit 5; false").run();
    }
    Scene::new().init(functions).prep("builtin exit 5").run().did_not_run(5, STAGER);
}

#[test]
fn functions_of_the_environment_stay_out_of_the_scripts_own() {
    for name in ["mv", "command", "printf", "read", "trap", "umask", "exit"] {
        Scene::new().env(format!("BASH_FUNC_{name}%%"), "() { false; }").prescript("").run().ran(0);
    }
}

#[test]
fn no_option_of_the_shell_changes_the_scripts_own() {
    let options = [
        "IFS=0123456789",
        "IFS=",
        "POSIXLY_CORRECT=1",
        "set -o posix",
        "unset PATH",
        "PATH=",
        "cd /",
        "set -f",
        "set -C",
        "set -a",
        "set -m",
        "shopt -s nullglob failglob nocasematch extglob lastpipe",
        "export LC_ALL=C",
        "umask 777",
        "ulimit -c 0",
        "readonly IFS",
        "set -- a b c",
        "unset HOME",
    ];
    for text in options {
        Scene::new().init(text).run().ended_with(0, "lost");
        Scene::new().init(text).prep("exit 5").run().did_not_run(5, STAGER);
        Scene::new().init(text).prep("exec false").run();
    }
}

#[test]
fn the_environments_options_are_the_texts_alone() {
    for (name, value) in
        [("POSIXLY_CORRECT", "1"), ("SHELLOPTS", "errexit:nounset:noclobber"), ("BASHOPTS", "failglob")]
    {
        Scene::new().env(name, value).prep("true").run().ran(0);
        Scene::new().env(name, value).prep("exit 5").run().did_not_run(5, STAGER);
    }
}

#[test]
fn what_texts_print_goes_to_the_log_alone() {
    let print = "printf '%2000000s\\n' x; echo told >&2";
    let ended =
        Scene::new().init(print).prescript(print).prep(print).postscript(print).end(print).run().ran(0);
    assert_eq!(ended.log.len(), 5 * (2_000_000 + 1 + 5));
    assert_eq!(ended.stderr, "");
}

#[test]
fn a_text_changes_the_command_its_environment_and_its_directory() {
    let scene = Scene::new().command(["/bin/sh", "-c", "echo $0 $A-$B $(pwd)", "it's"]);
    let scene =
        scene.init("export A=a; B=b; declare -x C=c").prescript("cd /").prep(r#"cmd="$cmd; echo $C""#);
    assert_eq!(scene.run().ended_with(0, "lost").stdout, b"it's a- /\nc\n");
}

#[test]
fn a_function_of_a_text_can_be_the_command() {
    let scene = Scene::new().init("greet() { echo \"$1\"; return 4; }").command(["greet", "ran"]);
    scene.run().ran(4);
}

#[test]
fn texts_run_in_their_order() {
    let ended = Scene::new()
        .prep("echo prep")
        .init("echo init")
        .end("echo end $rc")
        .postscript("echo postscript $rc")
        .prescript("echo prescript ${cmd-none}")
        .init("echo again")
        .run()
        .ran(0);
    assert_eq!(ended.log, "init\nagain\nprescript none\nprep\npostscript 0\nend 0\n");
}

#[test]
fn a_stale_code_of_an_earlier_attempt_is_no_code() {
    let scene = Scene::new();
    let files = crate::job::JobFiles::new(scene.folder().join("work").into(), 3);
    fs::create_dir_all(files.metadir()).unwrap();
    fs::write(crate::job::JobFiles::unfinished(&files.rc()), "0\n").unwrap();
    scene.init("exec false").run().did_not_run(1, STARTER);
}
