//! `xqute explain`: is what a job is told by the rule that decided?

use std::fs;
use std::process::Command;

use super::desk::{Desk, desk};

fn told(desk: &Desk, index: &str) -> Vec<String> {
    desk.told(&["explain", index]).lines().map(|it| it.trim_start().to_owned()).collect()
}

/// Waits until so many jobs are told to be in a state.
fn until(desk: &Desk, state: &str, jobs: u64) {
    while desk.json(&["status", "--json"])["counts"][state].as_u64().unwrap() < jobs {}
}

#[test]
fn a_job_that_succeeded_and_one_that_failed() {
    let desk = desk();
    assert_eq!(told(&desk, "0")[..2], ["job 0 succeeded: echo 'a  b'", "its command exited with 0"]);
    let failed = told(&desk, "1");
    assert_eq!(failed[1], "failed: exit code 3");
    assert!(
        failed[3].starts_with("attempt 1: began ") && failed[3].ends_with(" s: exit code 3"),
        "{failed:?}"
    );
    // Later runs leave both as they are.
    let jobs = fs::read_to_string(desk.path().join("jobs")).unwrap();
    desk.run(&["-q"], &jobs.lines().collect::<Vec<_>>());
    desk.run(&["-q"], &jobs.lines().collect::<Vec<_>>());
    assert_eq!(told(&desk, "0")[2], "2 runs began since, and did not run it: what is done is not run again");
    let again =
        "2 runs began since, and did not run it: what has ended is run again only with --retry-failed";
    assert_eq!(told(&desk, "1")[2], again);
}

#[test]
fn attempts_are_told_with_the_rule_that_decided_about_the_next() {
    let desk = Desk::new();
    desk.run(&["-q", "--num-retries", "2", "--retry-delay", "1ms"], &["sh -c 'exit 3'"]);
    let json = desk.json(&["explain", "0", "--json"]);
    let attempts = json["attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 3);
    for (number, attempt) in (1..).zip(attempts) {
        assert_eq!((&attempt["attempt"], &attempt["rc"]), (&number.into(), &3.into()));
        assert_eq!((&attempt["used"], &attempt["retries"]), (&number.min(2).into(), &2.into()));
        assert_eq!(attempt["next"].is_u64(), number < 3);
    }
    assert_eq!(json["reasons"][1], "all of its 2 retries were used");
    assert!(
        told(&desk, "0")[4].contains("; 1 of 2 retries used, the next one due "),
        "{:?}",
        told(&desk, "0")
    );
}

#[test]
fn a_job_whose_run_was_halted_is_told_because_of_which_job() {
    let desk = Desk::new();
    desk.pipe("up");
    let lines = ["sh -c 'read line <up; exit 3'", "sh -c 'echo up >up; exec sleep 1000'", "echo 2"];
    desk.run(&["-q", "-j2", "--halt", "now,fail=1"], &lines);
    for (index, how) in [("1", "killed"), ("2", "cancelled")] {
        let told = told(&desk, index);
        assert_eq!(told[1], format!("{how}: the run was halted"));
        assert_eq!(told[2], "the run was halted (--halt now,fail=1), when job 0 had ended");
        assert_eq!(told[3], "it is run again when the same list is");
    }
    assert!(told(&desk, "2").last().unwrap().starts_with("not submitted: cancelled "));
}

#[test]
fn a_timeout_is_told() {
    let desk = Desk::new();
    desk.run(&["-q", "--timeout", "10ms"], &["sleep 1000"]);
    assert_eq!(told(&desk, "0")[1], "failed: timed out after 10ms");
}

#[test]
fn jobs_of_a_run_that_goes_on_and_of_one_that_was_killed() {
    let desk = Desk::new();
    let (up, go) = (desk.pipe("up"), desk.pipe("go"));
    let lines = ["sh -c 'exit 3'", "sh -c 'echo up >up; read line <go'", "echo 2", "echo 3"];
    let mut program =
        desk.start(&["-j1", "--num-retries", "4", "--retry-delay", "1h", "--memfree", "1"], &lines);
    fs::read_to_string(up).unwrap();
    until(&desk, "running", 1);
    until(&desk, "total", 3);
    let (retries, runs, waits) = (told(&desk, "0"), told(&desk, "1"), told(&desk, "2"));
    assert_eq!(retries[0], "job 0 is retrying: sh -c 'exit 3'");
    assert!(retries[1].starts_with("its next attempt is due "), "{retries:?}");
    assert_eq!(retries[2..4], ["the last one failed: exit code 3", "1 of 4 retries used"]);
    assert!(runs[0].starts_with("job 1 is running: ") && runs[1].starts_with("it runs since "), "{runs:?}");
    assert_eq!(waits[0], "job 2 is queued: echo 2");
    assert_eq!(
        waits[1],
        "it waits for its turn: at most 1 job runs at once, 1 is submitted, and 0 wait before it"
    );
    assert_eq!(waits[2], "starts are held back: --memfree 1");

    program.kill().unwrap();
    program.wait().unwrap();
    let gone = told(&desk, "1");
    assert_eq!(gone[1], "its end is not written down: the program ended before it did");
    assert_eq!(gone[2], "it is run again when the same list is");
    fs::write(go, "go\n").unwrap();
}

#[test]
fn a_run_that_was_interrupted_is_told() {
    let desk = Desk::new();
    let up = desk.pipe("up");
    let mut program = desk.start(&["-j1"], &["sh -c 'echo up >up; exec sleep 1000'", "echo 1"]);
    fs::read_to_string(up).unwrap();
    until(&desk, "running", 1);
    until(&desk, "total", 2);
    let pid = program.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    until(&desk, "cancelled", 1);
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    program.wait().unwrap();
    for index in ["0", "1"] {
        let told = told(&desk, index);
        assert!(told[2].starts_with("the run was stopped by SIGTERM"), "{told:?}");
    }
}

#[test]
fn a_job_that_waits_for_others_is_told_for_which() {
    let desk = Desk::new();
    let (up, go) = (desk.pipe("up"), desk.pipe("go"));
    let jobs = r#"
[[job]]
argv = ["sh", "-c", "echo up >up; read line <go; exit 3"]
name = "first"
[[job]]
argv = ["echo", "second"]
after = ["first"]
"#;
    fs::write(desk.path().join("jobs.toml"), jobs).unwrap();
    let mut program = desk.start(&["-q", "--file", "jobs.toml"], &[]);
    fs::read_to_string(up).unwrap();
    until(&desk, "total", 2);
    assert_eq!(told(&desk, "1")[1], "it waits for the end of job 0");
    fs::write(go, "go\n").unwrap();
    program.wait().unwrap();
    assert!(told(&desk, "1")[1].starts_with("cancelled: "), "{:?}", told(&desk, "1"));
}
