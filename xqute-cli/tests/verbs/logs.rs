//! Does `xqute logs` print what jobs wrote?

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::desk::{Desk, desk};

#[test]
fn logs_go_where_the_job_wrote_them() {
    let desk = desk();
    assert_eq!(desk.output(&["logs", "0"]), (Some(0), "a  b\n".to_owned(), String::new()));
    assert_eq!(desk.output(&["logs", "1"]), (Some(0), "out\n".to_owned(), "err\n".to_owned()));
    assert_eq!(desk.output(&["logs", "--stdout", "1"]).2, "");
    assert_eq!(desk.output(&["logs", "--stderr", "1"]), (Some(0), "err\n".to_owned(), String::new()));
    let told = desk.json(&["logs", "--json", "1"]);
    let expected = serde_json::json!({"index": 1, "state": "failed", "stdout": "out\n", "stderr": "err\n",
        "script": null, "lossy": false});
    assert_eq!(told, expected);
}

#[test]
fn a_running_job_is_seen_and_followed_to_its_end() {
    let desk = Desk::new();
    // The job ends when somebody has read its first line.
    let mut run = desk.xqute(&["run", "sh", "-c", "echo first; cat pipe; echo last"]);
    assert!(Command::new("mkfifo").arg(desk.path().join("pipe")).status().unwrap().success());
    let mut run = run.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while !fs::read(desk.path().join(".xqute/0/job.stdout")).is_ok_and(|it| !it.is_empty()) {
        std::thread::yield_now();
    }
    // That it runs is written down when the run has heard of it, which the job does not wait for.
    let status = loop {
        let status = desk.json(&["status", "--json", "0"]);
        if status["jobs"][0]["state"] != "submitted" {
            break status;
        }
    };
    assert_eq!(status["jobs"][0]["state"], "running");
    assert_eq!((&status["live"], &status["runs"][0]["alive"]), (&true.into(), &true.into()));
    let mut logs = desk.xqute(&["logs", "-f", "0"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(logs.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "first");
    fs::write(desk.path().join("pipe"), "middle\n").unwrap();
    let rest: Vec<String> = lines.map(Result::unwrap).collect();
    assert_eq!(rest, ["middle", "last"]);
    assert!(logs.wait().unwrap().success() && run.wait().unwrap().success());
}

#[test]
fn a_run_that_was_killed_left_its_job_unfinished() {
    let desk = Desk::new();
    let mut run = desk.xqute(&["run", "sh", "-c", "echo $$; exec sleep 60"]);
    let mut run = run.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let pid = loop {
        match fs::read_to_string(desk.path().join(".xqute/0/job.stdout")) {
            Ok(pid) if pid.ends_with('\n') => break pid,
            _ => std::thread::yield_now(),
        }
    };
    run.kill().unwrap();
    run.wait().unwrap();
    let told = desk.json(&["status", "--json", "0"]);
    assert_eq!((&told["live"], &told["runs"][0]["done"]), (&false.into(), &Value::Null));
    assert_eq!(told["jobs"][0]["state"], "unfinished");
    assert_eq!(desk.told(&["logs", "-f", "0"]), pid, "it does not wait for what nobody writes down");
    Command::new("kill").arg(pid.trim()).status().unwrap();
}

#[test]
fn several_jobs_have_a_line_before_each_and_without_an_index_those_are_told_that_failed() {
    let desk = Desk::new();
    desk.run(&[], &["sh -c 'echo a; exit 1'", "echo b", "sh -c 'echo c; echo err >&2; exit 2'"]);
    let failed = "==> job 0: exit code 1: sh -c 'echo a; exit 1' <==\na\n\n\
        ==> job 2: exit code 2: sh -c 'echo c; echo err >&2; exit 2' <==\nc\n";
    assert_eq!(desk.output(&["logs"]), (Some(0), failed.to_owned(), "err\n".to_owned()));
    let told = desk.told(&["logs", "--stdout", "0", "1"]);
    assert!(told.ends_with("\n==> job 1: succeeded: echo b <==\nb\n"), "{told}");
    let (_, stdout, stderr) = desk.output(&["logs", "--stderr"]);
    assert!(stderr.is_empty() && stdout.ends_with(" <==\nerr\n"), "{stdout}{stderr}");
    let lines = desk.told(&["logs", "--json"]);
    assert_eq!(lines.lines().count(), 2);
    desk.run(&["-w", "well"], &["echo a"]);
    let told = "xqute: no job failed or was killed; `xqute logs INDEX -w well` prints what another wrote\n";
    assert_eq!(desk.output(&["logs", "-w", "well"]), (Some(0), String::new(), told.to_owned()));
}

#[test]
fn what_is_written_around_a_command_is_told_too() {
    let desk = Desk::new();
    desk.run(&["--prescript", "echo noise; exit 3"], &["echo a"]);
    let noise = "noise\nxqute: the command was not run: exit code 3 in prescript\n";
    assert_eq!(desk.output(&["logs", "0"]), (Some(0), String::new(), noise.to_owned()));
    assert_eq!(desk.told(&["logs", "--script", "0"]), noise);
    assert_eq!(desk.output(&["logs", "--stderr", "0"]), (Some(0), String::new(), String::new()));
    assert_eq!(desk.json(&["logs", "--json", "0"])["script"], noise);
}

#[test]
fn what_earlier_attempts_wrote_is_kept_and_told() {
    let desk = Desk::new();
    let line = "sh -c 'echo >>n; wc -l <n; exit 1'";
    desk.run(&["--num-retries", "1", "--retry-delay", "0"], &[line]);
    desk.run(&["--retry-failed"], &[line]);
    for number in ["1", "2", "3"] {
        assert_eq!(desk.told(&["logs", "0", "--attempt", number]), format!("{number}\n"));
        assert_eq!(desk.json(&["logs", "0", "--json", "--attempt", number])["stdout"], format!("{number}\n"));
    }
    assert_eq!(desk.told(&["logs", "0"]), "3\n");
    for number in ["0", "4"] {
        let why = format!(
            "there is no attempt {number} of job 0: they are numbered from 1 to 3, which is the last"
        );
        desk.refused(&["logs", "0", "--attempt", number], &why);
    }
}

#[test]
fn that_there_is_nothing_to_print_is_told() {
    let desk = desk();
    fs::remove_dir_all(desk.path().join(".xqute/0")).unwrap();
    let (code, stdout, stderr) = desk.output(&["logs", "0"]);
    assert_eq!((code, &*stdout), (Some(0), ""));
    assert!(stderr.starts_with("xqute: what job 0 wrote is not there any more: "), "{stderr}");
    let told = "xqute: no job runs now; `xqute logs INDEX` prints what another wrote\n";
    assert_eq!(desk.output(&["logs", "-f"]), (Some(0), String::new(), told.to_owned()));
    let desk = Desk::new();
    desk.run(&["-j1", "--halt", "soon,fail=1"], &["false", "true"]);
    let told = "xqute: job 1 wrote nothing: it was cancelled before it ran\n";
    assert_eq!(desk.output(&["logs", "1"]), (Some(0), String::new(), told.to_owned()));
}

/// A program that prints lines.
struct Lines(std::io::Lines<BufReader<std::process::ChildStdout>>);

impl Lines {
    fn next(&mut self) -> String {
        self.0.next().unwrap().unwrap()
    }
}

#[test]
fn several_are_followed_at_a_time() {
    let desk = Desk::new();
    let ready = ["ready0", "ready1"].map(|it| desk.pipe(it));
    let pipes = ["pipe0", "pipe1"].map(|it| desk.pipe(it));
    let line = |index: usize| format!("sh -c 'echo begin {index}; echo >ready{index}; cat pipe{index}'");
    let mut run = desk.start(&["-j2"], &[&line(0), &line(1)]);
    // Who opens a pipe waits for the other.
    for pipe in ready {
        assert_eq!(fs::read_to_string(pipe).unwrap(), "\n");
    }
    // That they have started is written down behind their backs.
    while desk.told(&["status", "--running"]).lines().count() < 2 {}
    let running = desk.told(&["status", "--running"]);
    assert!(running.starts_with("job 0 has run for "), "{running}");
    assert!(desk.told(&["status"]).contains("job 1 has run for "));
    assert_eq!(desk.json(&["status", "--running", "--json"])["jobs"].as_array().unwrap().len(), 2);
    // Without an index those that run.
    let mut logs = desk.xqute(&["logs", "-f"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = Lines(BufReader::new(logs.stdout.take().unwrap()).lines());
    assert!(lines.next().starts_with("==> job 0: "));
    assert_eq!((lines.next(), lines.next()), ("begin 0".to_owned(), String::new()));
    assert!(lines.next().starts_with("==> job 1: "));
    assert_eq!(lines.next(), "begin 1");
    fs::write(&pipes[0], "end 0\n").unwrap();
    assert_eq!(lines.next(), "");
    assert!(lines.next().starts_with("==> job 0: "));
    assert_eq!(lines.next(), "end 0");
    fs::write(&pipes[1], "end 1\n").unwrap();
    assert_eq!(lines.next(), "");
    assert!(lines.next().starts_with("==> job 1: "));
    assert_eq!(lines.next(), "end 1");
    assert!(lines.0.next().is_none());
    assert!(logs.wait().unwrap().success() && run.wait().unwrap().success());
}

#[test]
fn who_follows_a_run_that_is_removed_is_told_so() {
    let other = Desk::new();
    other.run(&[], &["true", "true"]);
    for replaced in [false, true] {
        let desk = Desk::new();
        let pipe = desk.pipe("pipe");
        let mut run = desk.start(&[], &["sh -c 'echo first; cat pipe'"]);
        while !fs::read(desk.path().join(".xqute/0/job.stdout")).is_ok_and(|it| !it.is_empty()) {
            std::thread::yield_now();
        }
        let mut logs = desk.xqute(&["logs", "-f", "0"]);
        let mut logs = logs.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = Lines(BufReader::new(logs.stdout.take().unwrap()).lines());
        assert_eq!(lines.next(), "first");
        let journal = desk.path().join(".xqute/journal");
        if replaced {
            let new = desk.path().join("new");
            fs::copy(other.path().join(".xqute/journal"), &new).unwrap();
            fs::rename(new, journal).unwrap();
        } else {
            fs::remove_file(journal).unwrap();
        }
        let told = logs.wait_with_output().unwrap();
        let why = "xqute: the run was removed while it was followed, perhaps by another with --fresh: \
            `xqute status` tells of that one\n";
        assert_eq!((told.status.code(), &*String::from_utf8(told.stderr).unwrap()), (Some(2), why));
        fs::write(pipe, "").unwrap();
        run.wait().unwrap();
    }
}
