//! What `[hooks.NAME]` says of a plugin's hooks, and what plugins have cost, with the real binary.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use common::{bash, bash_in};

/// A command that goes wrong when a job starts, and what follows from that.
fn desk(rule: &str) -> TempDir {
    let desk = tempfile::tempdir().unwrap();
    let broken = "[[plugins.exec.on]]\nhook = 'on_job_started'\ncommand = ['false']\n";
    fs::write(desk.path().join("xqute.toml"), format!("{broken}{rule}")).unwrap();
    desk
}

#[test]
fn a_broken_hook_fails_its_job() {
    let desk = desk("[hooks.exec]\non-fault = 'fail-job'");
    let (code, out, err) = bash_in(&desk, "xqute run -j 2 sleep ::: 1000 1001; xqute status 1");
    assert_eq!(code, Some(0), "{err}");
    assert!(
        err.contains("2 jobs: 0 succeeded, 2 failed, in ") && err.contains("hook `on_job_started`"),
        "{err}"
    );
    assert!(out.contains("failed: plugin `exec`, hook `on_job_started`"), "{out}");
}

#[test]
fn a_broken_hook_stops_the_run() {
    let desk = desk("[hooks.exec]\non-fault = 'halt'");
    let (code, _, err) = bash_in(&desk, "xqute run -j 2 --halt soon,success=1 sleep ::: 1000 1001 1002");
    assert_eq!(code, Some(1), "it is no success: {err}");
    assert!(err.contains("xqute: halted by a broken plugin: 3 jobs: 0 succeeded, "), "{err}");
    assert!(err.contains("halted by a broken plugin: plugin `exec`, hook `on_job_started` ("), "{err}");
    let (_, out, _) = bash_in(&desk, "xqute journal");
    assert!(out.contains("halted by a broken plugin: plugin `exec`"), "{out}");
}

/// Without it the run would go on as if nothing had been said.
#[test]
fn what_was_said_of_hooks_is_not_missing_when_a_run_is_resumed() {
    let desk = desk("[hooks.exec]\non-fault = 'halt'");
    bash_in(&desk, "mv xqute.toml my.toml; xqute run -q -c my.toml -j 1 sleep ::: 1000 1001 1002");
    let (code, _, err) = bash_in(&desk, "grep '^.hooks' .xqute/run.toml; xqute resume");
    assert_eq!(code, Some(2), "{err}");
    let why = "since it may be secret: name the file that has [hooks.exec], [plugins.exec]: `-c FILE`";
    assert!(err.contains(why), "{err}");
    let (code, _, err) =
        bash_in(&desk, "grep -v hooks my.toml | grep -v on-fault > less.toml; xqute resume -c less.toml");
    assert!(code == Some(2) && err.contains("name the file that has [hooks.exec]: `-c FILE`"), "{err}");
    let (code, _, err) = bash_in(&desk, "xqute resume -c my.toml");
    assert!(code == Some(1) && err.contains("halted by a broken plugin"), "{err}");
}

#[test]
fn a_plugin_that_is_broken_too_often_is_called_no_more() {
    let desk = tempfile::tempdir().unwrap();
    // A job is asked about when the one before it has been answered: those who only watch several at once may be broken once more.
    let toml = "[[plugins.exec.on]]\nhook = 'on_job_submitting'\ncommand = ['/nowhere']\n\
                [hooks.exec]\non-fault = { disable-after = 2 }";
    fs::write(desk.path().join("xqute.toml"), toml).unwrap();
    let (code, out, err) = bash_in(&desk, "xqute run -j 1 --json true ::: 1 2 3 4 5");
    assert!(code == Some(0) && err.contains("5 jobs: 5 succeeded"), "{err}");
    let told = "plugin `exec` is called no more in this run; its last fault: ";
    assert_eq!(err.lines().filter(|it| it.starts_with(told)).count(), 1, "{err}");
    let run: Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
    let exec = run["plugins"].as_array().unwrap().iter().find(|it| it["plugin"] == "exec").unwrap();
    assert_eq!(exec["faults"], 2);
    assert!(exec["seconds"].as_f64().unwrap() > 0.0 && exec["share"].as_f64().unwrap() > 0.0, "{exec}");
}

#[test]
fn a_hook_has_a_limit() {
    let desk = tempfile::tempdir().unwrap();
    let toml = "[[plugins.exec.on]]\nhook = 'on_job_started'\ncommand = ['sleep', '1000']\n\
                [hooks.exec.timeouts]\non_job_started = '50ms'";
    fs::write(desk.path().join("xqute.toml"), toml).unwrap();
    let (code, _, err) = bash_in(&desk, "xqute run true");
    assert_eq!(code, Some(0), "{err}");
    assert!(err.contains("hook `on_job_started`: of 1 calls 1 timed out"), "{err}");
}

#[test]
fn what_cannot_hold_is_told_with_its_place() {
    for (rule, told) in [
        (
            "[hooks.exec]\non_fault = 'halt'",
            "xqute.toml:5:1: `[hooks.exec]`: unknown key `on_fault`, did you mean `on-fault`?",
        ),
        (
            "[hooks.exec]\non-fault = 'stop'",
            "xqute.toml:5:1: `[hooks.exec]`: `on-fault`: unknown variant `…`, expected one of `by-hook`, ",
        ),
        ("[hooks.exec]\non-fault = { disable-after = 0 }", "xqute.toml:5:"),
        ("[hooks.exce]", "xqute.toml:4:8: no plugin is named `exce`, did you mean `exec`?"),
        (
            "[hooks.exec.timeouts]\non_job_strated = '1s'",
            "xqute.toml:5:1: plugin `exec` cannot have a limit at `on_job_strated`: it does not implement that hook, did you mean `on_job_started`?",
        ),
        (
            "[hooks.exec.timeouts]\non_init = '1s'",
            "xqute.toml:5:1: plugin `exec` cannot have a limit at `on_init`: it is no `async fn`",
        ),
        ("[hooks]\nexec = 'halt'", "xqute.toml:5:1: `exec` must be a table"),
    ] {
        let desk = desk(rule);
        for line in ["xqute config", "xqute run --dry-run true", "xqute run true"] {
            let (code, _, err) = bash_in(&desk, line);
            assert!(code == Some(2) && err.starts_with(&format!("xqute: {told}")), "{rule}: {err}");
        }
    }
}

#[test]
fn what_is_printed_is_read_again() {
    let desk = desk(
        "[hooks.exec]\non-fault = { disable-after = 3 }\ntimeout = '90s'\ntimeouts = { on_job_started = '2s' }",
    );
    let (code, printed, err) = bash_in(&desk, "xqute config");
    assert_eq!(code, Some(0), "{err}");
    let told = "[hooks.exec]\non-fault = { disable-after = 3 }\ntimeout = \"90s\"\ntimeouts = { on_job_started = \"2s\" }\n";
    assert!(printed.ends_with(told), "{printed}");
    fs::write(desk.path().join("xqute.toml"), &printed).unwrap();
    assert!(bash_in(&desk, "xqute config").1.ends_with(told));
}

#[test]
fn what_plugins_have_cost_is_told_where_it_is_much_or_asked_for() {
    let desk = tempfile::tempdir().unwrap();
    let toml = "[[plugins.exec.on]]\nhook = 'on_job_started'\ncommand = ['sleep', '1.1']\n";
    fs::write(desk.path().join("xqute.toml"), toml).unwrap();
    let (_, _, err) = bash_in(&desk, "xqute run true");
    let lines: Vec<&str> = err.lines().filter(|it| it.contains("of its hooks took")).collect();
    assert!(lines.len() == 1 && lines[0].starts_with("xqute: plugin `exec`: "), "{err}");
    let (_, _, err) = bash_in(&desk, "xqute run -v --plugins -exec true");
    let told = |name: &str| err.lines().any(|it| it.starts_with(&format!("xqute: plugin `{name}`: ")));
    assert!(told("log") && told("print"), "{err}");
    let (_, _, err) = bash_in(&desk, "xqute run --plugins -exec true");
    assert!(!err.contains("hooks took"), "{err}");
}

#[test]
fn who_leaves_out_what_verifies_outputs_is_told() {
    let line = |plugins: &str| bash(&format!("xqute run --out {{}} {plugins} touch ::: a")).2;
    assert!(line("--plugins resources").contains("the plugin `outputs` is not among those of --plugins"));
    for plugins in ["--plugins resources,outputs", "--plugins -outputs", ""] {
        assert!(!line(plugins).contains("not among"), "{plugins}");
    }
}
