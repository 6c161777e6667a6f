//! Which shell reads a text, and who must not read an argument as one, on the real binary.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// Exit code, standard output, standard error.
fn xqute(desk: &TempDir, env: &[(&str, &str)], args: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xqute"));
    command.args(args).envs(env.iter().copied()).current_dir(desk.path()).stdin(Stdio::null());
    let out = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (out.status.code(), text(out.stdout), text(out.stderr))
}

/// Which shell it is.
const WHICH: &str = "echo ${BASH_VERSION:+bash} $0 {}";

#[test]
fn the_shell_is_sh_or_the_one_that_is_named() {
    let desk = tempfile::tempdir().unwrap();
    let which = |env: &[(&str, &str)], options: &[&str]| {
        let fixed = [&["run", "-q", "--fresh"][..], options, &[WHICH, ":::", "a b"]].concat();
        let (code, out, err) = xqute(&desk, env, &fixed);
        assert_eq!((code, err.as_str()), (Some(0), ""), "{options:?}");
        out
    };
    assert!(which(&[], &["--shell"]).ends_with("sh a b\n"));
    assert_eq!(which(&[], &["--shell=bash"]), "bash bash a b\n");
    assert_eq!(which(&[("XQUTE_SHELL", "bash")], &[]), "bash bash a b\n");
    assert_eq!(which(&[("XQUTE_SHELL", "bash")], &["--shell"]), which(&[], &["--shell"]));
    assert!(which(&[("XQUTE_SHELL", "yes")], &[]).ends_with("sh a b\n"));
    let bash = fs::canonicalize("/bin/bash").unwrap();
    assert_eq!(
        which(&[], &[&format!("--shell={}", bash.display())]),
        format!("bash {} a b\n", bash.display())
    );
    fs::write(desk.path().join("xqute.toml"), "shell = \"bash\"").unwrap();
    assert_eq!(which(&[], &[]), "bash bash a b\n");
    assert!(xqute(&desk, &[], &["config"]).1.contains("shell = \"bash\" "));
    assert_eq!(which(&[], &["--no-shell"]), "${BASH_VERSION:+bash} $0 a b\n");
    assert_eq!(which(&[("XQUTE_NO_SHELL", "1")], &[]), "${BASH_VERSION:+bash} $0 a b\n");
    fs::write(desk.path().join("xqute.toml"), "shell = true").unwrap();
    assert!(which(&[], &[]).ends_with("sh a b\n"));
}

#[test]
fn what_only_bash_knows_runs_and_lines_are_read_by_it_too() {
    let desk = tempfile::tempdir().unwrap();
    let line = "set -o pipefail; [[ {} == *.gz ]] && cat {} | wc -c";
    let (code, _, err) = xqute(&desk, &[], &["run", "--shell=bash", line, ":::", "none.gz"]);
    assert!(code == Some(1) && err.contains("none.gz: No such file"), "{err}");
    let (code, out, _) =
        xqute(&desk, &[], &["run", "-q", "--fresh", "--shell=bash", ":::", "a=(1 2); echo ${#a[@]}"]);
    assert_eq!((code, out.as_str()), (Some(0), "2\n"));
}

#[test]
fn what_is_no_shell_is_an_error() {
    let desk = tempfile::tempdir().unwrap();
    for (args, told) in [
        (&["run", "--shell=zsh", "true"][..], "write `sh`, `bash`, `dash`, or a path to one of these"),
        (&["run", "--shell", "bash", "wc -l {}", ":::", "a"], "write `--shell=bash`"),
    ] {
        let (code, _, err) = xqute(&desk, &[], args);
        assert!(code == Some(2) && err.contains(told), "{args:?}: {err}");
    }
    for (toml, told) in [
        ("shell = 'fish'", "xqute.toml:1:1: invalid value 'fish'"),
        ("no-shell = 'bash'", "`true` or `false`"),
    ] {
        fs::write(desk.path().join("xqute.toml"), toml).unwrap();
        let (code, _, err) = xqute(&desk, &[], &["run", "true"]);
        assert!(code == Some(2) && err.contains(told), "{toml}: {err}");
    }
}

#[test]
fn no_argument_becomes_code_or_arithmetic() {
    let desk = tempfile::tempdir().unwrap();
    let hostile = "a[$(touch hit)]";
    for words in [
        &["--shell=bash", "echo $(( {} ))"][..],
        &["--shell=bash", "[[ {} -gt 1 ]]"],
        &["--shell=bash", "let x={}"],
        &["--shell=bash", "unset {}"],
        &["--shell", "bash -c 'wc -l {}'"],
        &["bash", "-c", "wc -l {}"],
        &["bash", "-o", "pipefail", "-ec", "wc -l {.} | sort"],
        &["env", "A=1", "/bin/sh", "-c", "--", "wc -l {1}"],
        &["bash -c 'wc -l {}'"],
    ] {
        let args = [&["run"][..], words, &[":::", hostile, "$(touch hit)"]].concat();
        let (code, _, err) = xqute(&desk, &[], &args);
        assert!(code == Some(2) && err.contains("run"), "{words:?}: {err}");
        let dash_c = !words[0].starts_with("--shell");
        assert!(!dash_c || err.contains("write `xqute run --shell="), "{words:?}: {err}");
    }
    assert_eq!(fs::read_dir(desk.path()).unwrap().count(), 0, "a mistake leaves nothing");
    let (_, _, err) = xqute(&desk, &[], &["run", "zsh", "-c", "wc -l {}", ":::", "a"]);
    assert!(err.contains("`zsh` would run") && err.contains("--shell=bash"), "{err}");
    // What is told to be written instead.
    for words in [&["--shell=bash", "echo {}"][..], &["bash", "-c", "echo \"$1\"", "_", "{}"]] {
        let args = [&["run", "-q", "--fresh"][..], words, &[":::", hostile]].concat();
        assert_eq!(xqute(&desk, &[], &args).1, format!("{hostile}\n"));
    }
    // An argument that is all of the code is meant to be code.
    let (code, out, _) =
        xqute(&desk, &[], &["run", "-q", "--fresh", "bash", "-c", "{}", ":::", "echo $((1+1))"]);
    assert_eq!((code, out.as_str()), (Some(0), "2\n"));
}
