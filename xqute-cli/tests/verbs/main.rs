//! The verbs that look at a work directory, on the real binary.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::process::{Command, Stdio};

use serde_json::Value;

use desk::{Desk, desk};

mod check;
mod compact;
mod desk;
mod explain;
mod journal;
mod logs;
mod script;
mod status;
mod stopped;

#[test]
fn what_is_not_there_is_told_and_nothing_is_made() {
    let desk = Desk::new();
    for args in [
        &["status"][..],
        &["logs", "0"],
        &["script", "0"],
        &["explain", "0"],
        &["journal"],
        &["status", "-w", "none", "--json"],
    ] {
        desk.refused(args, "no run was made in ");
    }
    desk.refused(&["man", "--dir", "none"], "none is no directory");
    desk.refused(&["man", "rnu"], "there is no verb `rnu`");
    assert_eq!(fs::read_dir(desk.path()).unwrap().count(), 0);
    let desk = desk::desk();
    for args in [&["status", "7"][..], &["logs", "7"], &["script", "7"], &["explain", "7"]] {
        desk.refused(args, "there is no job 7: they are numbered from 0 to 1");
    }
}

#[test]
fn looking_changes_nothing() {
    let desk = desk();
    let journal = desk.path().join(".xqute/journal");
    let mut bytes = fs::read(&journal).unwrap();
    bytes.extend_from_slice(b"\xF5\xC0torn");
    fs::write(&journal, &bytes).unwrap();
    for args in [&["status"][..], &["logs", "-f", "1"], &["script", "1"], &["explain", "1"], &["journal"]] {
        assert_eq!(desk.output(args).0, Some(0), "{args:?}");
    }
    assert_eq!(fs::read(&journal).unwrap(), bytes);
}

#[test]
fn whoever_reads_may_stop() {
    let desk = desk();
    for args in [
        &["status"][..],
        &["logs", "0"],
        &["script", "0"],
        &["journal"],
        &["explain", "0"],
        &["plugins"],
        &["man"],
        &["completions", "zsh"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let out = desk.xqute(args).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        assert_eq!(
            (out.status.code(), String::from_utf8(out.stderr).unwrap()),
            (Some(0), String::new()),
            "{args:?}"
        );
    }
}

#[test]
fn the_order_of_calls_is_told_with_its_reason() {
    let desk = Desk::new();
    let told = desk.told(&["plugins", "order", "on_job_failed", "--plugins", "+log"]);
    let lines: Vec<&str> = told.lines().collect();
    assert!(lines[0].starts_with("1. print, priority -1000, "), "{told}");
    assert!(
        lines[1].starts_with("2. report, ")
            && lines[2].starts_with("3. log, ")
            && lines[2].ends_with("larger priority)"),
        "{told}"
    );
    let json = desk.json(&["plugins", "order", "on_job_failed", "--plugins", "+log", "--json"]);
    assert_eq!((&json["calls"][0]["after"], &json["calls"][1]["after"]), (&Value::Null, &"priority".into()));
    assert!(desk.json(&["plugins", "--json"])["plugins"][0]["hooks"].is_array());
    assert_eq!(
        desk.told(&["plugins", "order", "on_job_polling"]),
        "nothing that is on implements on_job_polling\n"
    );
    desk.refused(&["plugins", "order", "on_job_fialed"], "did you mean `on_job_failed`? there are on_init, ");
}

#[test]
fn shells_and_the_manual_know_the_verbs() {
    let desk = Desk::new();
    for shell in ["bash", "zsh", "fish"] {
        assert!(desk.told(&["completions", shell]).contains("status"), "{shell}");
    }
    let script = desk.told(&["completions", "bash"]);
    assert!(script.contains("compgen -W \"local null\""), "{script}");
    assert!(!desk.told(&["man"]).contains("help(1)"));
    desk.refused(&["run", "-s", "nul", "true"], "did you mean `null`?");
    assert!(Command::new("bash").args(["-n", "-c", &script]).status().unwrap().success());
    assert!(desk.told(&["man"]).contains("xqute\\-status(1)"));
    assert!(desk.told(&["man", "status"]).contains(".TH xqute-status 1"));
    desk.told(&["man", "--dir", "."]);
    assert!(desk.path().join("xqute-logs.1").exists() && desk.path().join("xqute.1").exists());
}
