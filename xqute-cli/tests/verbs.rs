//! The verbs that look at a work directory, on the real binary.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// An empty folder to work in.
struct Desk(TempDir);

/// A folder with a run: job 0 succeeded, job 1 failed.
fn desk() -> Desk {
    let desk = Desk(tempfile::tempdir().unwrap());
    fs::write(desk.path().join("jobs"), "echo 'a  b'\nsh -c 'echo out; echo err >&2; exit 3'\n").unwrap();
    let jobs = fs::File::open(desk.path().join("jobs")).unwrap();
    let ran = desk.xqute(&["run", "-j1"]).stdin(jobs).output().unwrap();
    assert_eq!(ran.status.code(), Some(1), "{ran:?}");
    desk
}

impl Desk {
    fn path(&self) -> &Path {
        self.0.path()
    }

    fn xqute(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xqute"));
        command.args(args).current_dir(self.path()).env_remove("XQUTE_LOG").stdin(Stdio::null());
        command
    }

    fn output(&self, args: &[&str]) -> (Option<i32>, String, String) {
        let Output { status, stdout, stderr } = self.xqute(args).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (status.code(), text(stdout), text(stderr))
    }

    /// What is told; it has to be all right.
    fn told(&self, args: &[&str]) -> String {
        let (code, stdout, stderr) = self.output(args);
        assert_eq!(code, Some(0), "{args:?}: {stderr}");
        stdout
    }

    fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.told(args)).unwrap()
    }

    fn refused(&self, args: &[&str], why: &str) {
        let (code, stdout, stderr) = self.output(args);
        assert_eq!((code, &*stdout), (Some(2), ""), "{args:?}");
        assert!(stderr.contains(why), "{args:?}: {stderr}");
    }
}

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
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let desk = Desk(tempfile::tempdir().unwrap());
    desk.xqute(&["run", "true"]).arg(OsStr::from_bytes(b"\xFF")).output().unwrap();
    let job = &desk.json(&["status", "--json", "0"])["jobs"][0];
    assert_eq!((&job["argv"][1], &job["argv_lossy"]), (&"\u{FFFD}".into(), &true.into()));
    assert_eq!(desk.xqute(&["script", "0"]).output().unwrap().stdout, b"true '\xFF'\n");
}

#[test]
fn logs_go_where_the_job_wrote_them() {
    let desk = desk();
    let all = desk.output(&["logs", "0", "1"]);
    assert_eq!(all, (Some(0), "a  b\nout\n".to_owned(), "err\n".to_owned()));
    assert_eq!(desk.output(&["logs", "--stdout", "1"]).2, "");
    assert_eq!(desk.output(&["logs", "--stderr", "1"]), (Some(0), String::new(), "err\n".to_owned()));
    let told = desk.json(&["logs", "--json", "1"]);
    let expected = serde_json::json!({"index": 1, "state": "failed", "stdout": "out\n", "stderr": "err\n", "lossy": false});
    assert_eq!(told, expected);
}

#[test]
fn a_running_job_is_seen_and_followed_to_its_end() {
    let desk = Desk(tempfile::tempdir().unwrap());
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
    let desk = Desk(tempfile::tempdir().unwrap());
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
fn a_script_does_again_what_the_job_did() {
    let desk = desk();
    assert_eq!(desk.told(&["script", "0"]), "echo 'a  b'\n");
    let script = desk.told(&["script", "1"]);
    let ran = Command::new("sh").arg("-c").arg(&script).output().unwrap();
    assert_eq!((ran.status.code(), &*ran.stdout, &*ran.stderr), (Some(3), &b"out\n"[..], &b"err\n"[..]));
    desk.output(&["run", "-w", "other", "if", "A=b"]);
    assert_eq!(desk.told(&["script", "-w", "other", "0"]), "'if' 'A=b'\n", "no word is a shell's grammar");
    fs::write(desk.path().join(".xqute/1/job.wrapped.local"), "#!/bin/bash\nsomething around it\n").unwrap();
    assert_eq!(
        desk.told(&["script", "1"]),
        "#!/bin/bash\n# As it ran. If you run it again, it replaces this job's output and exit code.\nsomething around it\n"
    );
}

#[test]
fn what_is_not_there_is_told_and_nothing_is_made() {
    let desk = Desk(tempfile::tempdir().unwrap());
    for args in [&["status"][..], &["logs", "0"], &["script", "0"], &["status", "-w", "none", "--json"]] {
        desk.refused(args, "no run was made in ");
    }
    desk.refused(&["man", "--dir", "none"], "none is no directory");
    desk.refused(&["man", "rnu"], "there is no verb `rnu`");
    assert_eq!(fs::read_dir(desk.path()).unwrap().count(), 0);
    let desk = self::desk();
    for args in [&["status", "7"][..], &["logs", "7"], &["script", "7"]] {
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
    for args in [&["status"][..], &["logs", "-f", "1"], &["script", "1"]] {
        assert_eq!(desk.output(args).0, Some(0), "{args:?}");
    }
    assert_eq!(fs::read(&journal).unwrap(), bytes);
}

#[test]
fn whoever_reads_may_stop() {
    let desk = desk();
    for args in
        [&["status"][..], &["logs", "0"], &["script", "0"], &["plugins"], &["man"], &["completions", "zsh"]]
    {
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
    let desk = Desk(tempfile::tempdir().unwrap());
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
        desk.told(&["plugins", "order", "on_job_verify"]),
        "nothing that is on implements on_job_verify\n"
    );
    desk.refused(&["plugins", "order", "on_job_fialed"], "did you mean `on_job_failed`? there are on_init, ");
}

#[test]
fn shells_and_the_manual_know_the_verbs() {
    let desk = Desk(tempfile::tempdir().unwrap());
    for shell in ["bash", "zsh", "fish"] {
        assert!(desk.told(&["completions", shell]).contains("status"), "{shell}");
    }
    let script = desk.told(&["completions", "bash"]);
    assert!(Command::new("bash").args(["-n", "-c", &script]).status().unwrap().success());
    assert!(desk.told(&["man"]).contains("xqute\\-status(1)"));
    assert!(desk.told(&["man", "status"]).contains(".TH xqute-status 1"));
    desk.told(&["man", "--dir", "."]);
    assert!(desk.path().join("xqute-logs.1").exists() && desk.path().join("xqute.1").exists());
}
