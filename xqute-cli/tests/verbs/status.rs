//! Does `xqute status` tell what became of the jobs?

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::process::Command;

use serde_json::Value;

use super::desk::{Desk, desk};

#[test]
fn status_tells_what_became_of_the_jobs() {
    let desk = desk();
    let text = desk.told(&["status"]);
    assert!(text.starts_with("2 jobs: 1 succeeded, 1 failed\nrun "), "{text}");
    assert!(text.contains("job 1 failed: ") && text.contains(".xqute/1\n"), "{text}");
    let failed = desk.told(&["status", "--failed"]);
    assert!(failed.starts_with("job 1 failed: ") && !failed.contains("job 0"), "{failed}");
    let detail = desk.told(&["status", "1"]);
    assert!(detail.contains("job 1 is failed") && detail.contains("exit code 3"), "{detail}");
}

#[test]
fn every_job_is_a_line_and_indices_may_be_ranges() {
    let desk = desk();
    let all = desk.told(&["status", "--all"]);
    let rows: Vec<Vec<&str>> = all.lines().map(|it| it.split_whitespace().collect()).collect();
    assert_eq!(rows.len(), 2, "{all}");
    assert!(rows[0][..3] == ["0", "succeeded", "0"] && rows[0][4] == "echo", "{all}");
    assert!(rows[1][..3] == ["1", "failed", "3"] && rows[1][3].parse::<f64>().is_ok(), "{all}");
    assert_eq!(desk.json(&["status", "--json", "--all"])["jobs"].as_array().unwrap().len(), 2);
    assert_eq!(desk.told(&["status", "--running"]), "");
    let both = desk.told(&["status", "0-1"]);
    assert!(both.contains("job 0 is succeeded") && both.contains("job 1 is failed"), "{both}");
    assert_eq!(desk.told(&["status", "0,1"]), both);
    assert!(desk.told(&["logs", "0-1", "--stdout"]).contains("==> job 1"));
    let scripts = desk.told(&["script", "0,1"]);
    assert_eq!(scripts, desk.told(&["script", "0"]) + &desk.told(&["script", "1"]));
    desk.refused(&["status", "1-9"], "there is no job 2: they are numbered from 0 to 1");
    desk.refused(&["status", "--all", "--failed"], "cannot be used with");
    for args in [&["status", "x"][..], &["logs", "3-1"], &["script", "1-"]] {
        desk.refused(args, "write the index of a job, from 0 on, as `3`, or a range of them, as `0-3`");
    }
    desk.refused(&["logs", "0", "--attempt", "x"], "write the number of an attempt");
    desk.refused(&["run", "--num-retries", "-1", "true"], "write a whole number, from 0 on");
}

#[test]
fn status_as_json_is_one_object() {
    let desk = desk();
    let told = desk.json(&["status", "--json"]);
    assert_eq!((&told["counts"]["succeeded"], &told["counts"]["total"]), (&1.into(), &2.into()));
    assert_eq!((&told["live"], &told["runs"][0]["alive"]), (&false.into(), &false.into()));
    assert_eq!(told["jobs"].as_array().unwrap().len(), 1);
    let job = &told["jobs"][0];
    assert_eq!((&job["index"], &job["rc"], &job["state"]), (&1.into(), &3.into(), &"failed".into()));
    assert_eq!((&job["attempts"], &job["argv_lossy"]), (&1.into(), &false.into()));
    assert!(job["ended"].as_u64() >= job["started"].as_u64() && job["cpu_seconds"].is_f64());
    let told = desk.json(&["status", "--json", "0", "1"]);
    assert_eq!(told["jobs"][0]["argv"], serde_json::json!(["echo", "a  b"]));
}

#[test]
fn bytes_that_are_no_text_are_told_to_be_replaced() {
    let desk = Desk::new();
    desk.xqute(&["run", "true"]).arg(OsStr::from_bytes(b"\xFF")).output().unwrap();
    let job = &desk.json(&["status", "--json", "0"])["jobs"][0];
    assert_eq!((&job["argv"][1], &job["argv_lossy"]), (&"\u{FFFD}".into(), &true.into()));
    let script = desk.xqute(&["script", "0"]).output().unwrap().stdout;
    assert!(script.ends_with(b"\ntrue '\xFF' </dev/null\n"), "{script:?}");
}

#[test]
fn what_is_shown_does_nothing_to_a_terminal() {
    let desk = Desk::new();
    let workdir = "w\u{1b}";
    let long = "x".repeat(1000);
    desk.xqute(&["run", "-w", workdir, "sh", "-c", "exit 1", "\u{1b}[31m\nred", &long]).output().unwrap();
    let all = desk.told(&["status", "-w", workdir]);
    let detail = desk.told(&["status", "-w", workdir, "0"]);
    for text in [&all, &detail] {
        assert!(text.chars().all(|it| it == '\n' || !it.is_control()), "{text:?}");
        assert!(text.contains(r"\u{1b}[31m\nred") && text.contains(r"w\u{1b}/0"), "{text}");
    }
    assert!(all.lines().all(|line| line.len() < 400), "the list has the beginning of a command: {all}");
    assert!(detail.contains(&long));
}

#[test]
fn what_is_to_be_typed_names_the_work_directory_if_it_is_another() {
    let desk = Desk::new();
    let lines = ["false"; 21];
    desk.run(&[], &lines);
    desk.run(&["-w", "a b"], &lines);
    assert!(desk.told(&["status"]).ends_with("\nand 1 more: `xqute status --failed` lists all\n"));
    let told = desk.told(&["status", "-w", "a b"]);
    assert!(told.ends_with("\nand 1 more: `xqute status --failed -w \"a b\"` lists all\n"), "{told}");
    // Where a setting names another, it would be looked for there.
    fs::write(desk.path().join("xqute.toml"), "workdir = 'a b'").unwrap();
    let told = desk.told(&["status", "-w", ".xqute"]);
    assert!(told.ends_with("\nand 1 more: `xqute status --failed -w .xqute` lists all\n"), "{told}");
}

#[test]
fn a_text_before_the_command_that_fails_is_told_by_name() {
    let desk = Desk::new();
    desk.run(&["--prescript", "echo noise; exit 3"], &["echo a"]);
    let why = "failed: exit code 3 in prescript: the command was not run";
    assert!(desk.told(&["status"]).contains(&format!("\njob 0 {why}: echo a\n")));
    assert!(desk.told(&["status", "0"]).contains(&format!("why       {why}\n")));
    assert_eq!(desk.json(&["status", "--json"])["jobs"][0]["why"], why);
    desk.run(&["-w", "own", "--prescript", "echo noise"], &["sh -c 'exit 3'"]);
    assert_eq!(desk.json(&["status", "-w", "own", "--json"])["jobs"][0]["why"], "failed: exit code 3");
}

#[test]
fn of_what_a_job_is_given_the_names_are_told() {
    let desk = Desk::new();
    desk.run(&["-e", "TOKEN=hidden", "-e", "LANG=C"], &["false"]);
    let told = desk.json(&["status", "--json"]);
    assert_eq!(told["jobs"][0]["env"], serde_json::json!(["TOKEN", "LANG"]));
    let all = desk.told(&["status", "0"]);
    assert!(all.contains("variables TOKEN LANG\n") && !all.contains("hidden"), "{all}");
}

/// The names of all fields of an object, and of those in it.
fn fields(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => object.iter().for_each(|(name, value)| {
            names.insert(name.clone());
            fields(value, names);
        }),
        Value::Array(values) => values.iter().for_each(|value| fields(value, names)),
        _ => {}
    }
}

#[test]
fn the_help_names_the_fields_that_json_has() {
    let desk = desk();
    for (verb, args) in [
        ("status", &["status", "--json"][..]),
        ("logs", &["logs", "--json", "1"]),
        ("explain", &["explain", "--json", "1"]),
    ] {
        let mut told = BTreeSet::new();
        fields(&desk.json(args), &mut told);
        let help = desk.told(&[verb, "--help"]);
        let (_, json) = help.split_once("The JSON is").unwrap();
        let (json, _) = json.split_once("\n\n").unwrap();
        let named: BTreeSet<String> = json.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        assert_eq!(told, named, "{verb}");
    }
}

#[test]
fn a_run_that_waits_for_a_hook_says_for_which() {
    let desk = Desk::new();
    let gate = desk.pipe("gate");
    let hook = "[[plugins.exec.on]]\nhook = 'on_job_submitting'\ncommand = ['sh', '-c', 'read go < gate']\n";
    fs::write(desk.path().join("xqute.toml"), hook).unwrap();
    let mut run = desk.start(&["-j1"], &["true"]);
    let told = "on_job_submitting of plugin `exec`: 1 call has not returned\n";
    let status = || desk.output(&["status"]).1;
    while !status().contains(told) {
        assert!(run.try_wait().unwrap().is_none(), "{}", status());
    }
    let hooks = &desk.json(&["status", "--json"])["hooks"];
    let wanted = serde_json::json!([{ "plugin": "exec", "hook": "on_job_submitting", "calls": 1 }]);
    assert_eq!(hooks, &wanted);
    assert!(!desk.told(&["status", "--all"]).contains("not returned"));
    let explained = desk.told(&["explain", "0"]);
    assert!(explained.contains("\n  fewer are submitted than may run: hooks of it, "), "{explained}");
    let signal = |name: &str| Command::new("kill").args([name, &run.id().to_string()]).status().unwrap();
    assert!(signal("-STOP").success());
    assert!(status().contains(
        "\nthe run does not answer within a second: it is stopped, or hooks that block their threads"
    ));
    assert!(signal("-CONT").success());
    fs::write(gate, "go\n").unwrap();
    assert!(run.wait().unwrap().success());
    assert!(!status().contains("not returned") && desk.json(&["status", "--json"])["hooks"].is_null());
}

#[test]
fn a_run_whose_jobs_have_ended_says_which_hook_holds_up_its_end() {
    let desk = Desk::new();
    let gate = desk.pipe("gate");
    let hook = "[[plugins.exec.on]]\nhook = 'on_run_done'\ncommand = ['sh', '-c', 'read go < gate']\n";
    fs::write(desk.path().join("xqute.toml"), hook).unwrap();
    let mut run = desk.start(&["-j1"], &["true"]);
    let status = || desk.output(&["status"]).1;
    while !status().contains("\non_run_done of plugin `exec`: 1 call has not returned\n") {
        assert!(run.try_wait().unwrap().is_none(), "{}", status());
    }
    fs::write(gate, "go\n").unwrap();
    assert!(run.wait().unwrap().success());
    assert!(!status().contains("not returned"));
}
