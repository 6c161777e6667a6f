//! A run that was stopped: does `xqute status` say what the run's summary said?

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStderr, Command};

use super::desk::Desk;

/// A run of three jobs, one at a time, the first of which runs.
struct Stopped {
    desk: Desk,
    program: Child,
    stderr: BufReader<ChildStderr>,
    lines: [String; 3],
}

impl Stopped {
    /// The first job says `up` to a pipe, then does what `first` says.
    fn start(first: &str) -> Self {
        let desk = Desk::new();
        let up = desk.pipe("up");
        let lines = [format!("sh -c '{first}'"), "echo 1".to_owned(), "echo 2".to_owned()];
        let mut program = desk.start(&["-j1"], &lines.each_ref().map(String::as_str));
        let stderr = BufReader::new(program.stderr.take().unwrap());
        assert_eq!(fs::read_to_string(up).unwrap(), "up\n");
        Self { desk, program, stderr, lines }
    }

    fn path(&self) -> &Path {
        self.desk.path()
    }

    fn interrupt(&self) {
        let pid = self.program.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    }

    /// Interrupts, and waits until that is told: signals that are not received yet are one.
    fn interrupt_and_hear(&mut self) {
        self.interrupt();
        let mut line = String::new();
        self.stderr.read_line(&mut line).unwrap();
        assert!(line.starts_with("xqute: SIGINT: no more jobs start"), "{line}");
    }

    /// The end of the program: the counts that it told, and those that status tells.
    fn end(&mut self) -> (String, String) {
        let mut told = String::new();
        self.stderr.read_to_string(&mut told).unwrap();
        assert_eq!(self.program.wait().unwrap().code(), Some(130), "{told}");
        let summary = told.lines().find_map(|line| line.strip_prefix("xqute: stopped by SIGINT: "));
        let summary = summary.map(|it| it[..it.rfind(", in ").unwrap()].replace("0 succeeded, ", ""));
        let status = self.desk.told(&["status"]);
        (summary.unwrap_or_default(), status.lines().next().unwrap().to_owned())
    }

    fn states(&self) -> Vec<String> {
        let told = self.desk.json(&["status", "--json", "0", "1", "2"]);
        let jobs = told["jobs"].as_array().unwrap();
        jobs.iter().map(|it| format!("{} {}", it["state"].as_str().unwrap(), it["runs_again"])).collect()
    }

    fn failed(&self) -> Vec<String> {
        let told = self.desk.told(&["status", "--failed"]);
        told.lines().filter(|line| line.starts_with("job ")).map(str::to_owned).collect()
    }

    /// Runs the list again.
    fn again(&self) -> String {
        self.desk.run(&["-j1"], &self.lines.each_ref().map(String::as_str));
        self.desk.told(&["status"]).lines().next().unwrap().to_owned()
    }
}

#[test]
fn interrupted_once_the_jobs_that_waited_are_cancelled_and_run_again() {
    let mut run = Stopped::start("mkfifo go; echo up >up; read line <go");
    run.interrupt_and_hear();
    fs::write(run.path().join("go"), "go\n").unwrap();
    let counts = "3 jobs: 1 succeeded, 2 cancelled".to_owned();
    assert_eq!(run.end(), (counts.clone(), counts));
    assert_eq!(run.states(), ["succeeded false", "cancelled true", "cancelled true"]);
    let cancelled = |index| format!("job {index} cancelled: the run was cancelled: echo {index}");
    assert_eq!(run.failed(), [cancelled(1), cancelled(2)]);
    let left =
        "run the same list again to run what is left: 2 cancelled or killed because the run was stopped\n";
    assert!(run.desk.told(&["status"]).ends_with(left));
    assert_eq!(run.again(), "3 jobs: 3 succeeded");
}

#[test]
fn interrupted_twice_the_job_that_ran_is_killed_and_runs_again() {
    let mut run = Stopped::start("test -e again && exit; echo up >up; exec sleep 1000");
    run.interrupt_and_hear();
    run.interrupt();
    let counts = "3 jobs: 1 killed, 2 cancelled".to_owned();
    assert_eq!(run.end(), (counts.clone(), counts));
    assert_eq!(run.states(), ["killed true", "cancelled true", "cancelled true"]);
    assert!(run.failed()[0].starts_with("job 0 killed: the run was cancelled: sh -c "), "{:?}", run.failed());
    assert_eq!(run.failed().len(), 3);
    fs::write(run.path().join("again"), "").unwrap();
    assert_eq!(run.again(), "3 jobs: 3 succeeded");
}

#[test]
fn interrupted_three_times_the_job_that_ran_is_unfinished_and_runs_again() {
    let first = "test -e again && exit; (sleep 1000) & trap \"echo term >up\" TERM; echo up >up; while :; do wait; done";
    let mut run = Stopped::start(first);
    run.interrupt_and_hear();
    run.interrupt();
    assert_eq!(fs::read_to_string(run.path().join("up")).unwrap(), "term\n");
    run.interrupt();
    assert_eq!(run.end().1, "3 jobs: 1 unfinished, 2 cancelled");
    assert_eq!(run.states(), ["unfinished true", "cancelled true", "cancelled true"]);
    let told = run.desk.told(&["status"]);
    assert!(
        told.contains(": 1 unfinished, because the program ended before; 2 cancelled or killed "),
        "{told}"
    );
    assert!(run.desk.told(&["status", "0"]).contains("unfinished: the program ended before it did\n"));
    fs::write(run.path().join("again"), "").unwrap();
    assert_eq!(run.again(), "3 jobs: 3 succeeded");
}

#[test]
fn of_a_run_that_halts_the_others_are_killed_and_cancelled() {
    let desk = Desk::new();
    desk.pipe("up");
    let lines = ["sh -c 'read line <up; exit 3'", "sh -c 'echo up >up; exec sleep 1000'", "echo 2"];
    let ran = desk.run(&["-j2", "--halt", "now,fail=1"], &lines);
    let told = String::from_utf8(ran.stderr).unwrap();
    assert!(told.contains("halted: 3 jobs: 0 succeeded, 1 failed, 1 killed, 1 cancelled"), "{told}");
    let status = desk.told(&["status"]);
    assert!(status.starts_with("3 jobs: 1 failed, 1 killed, 1 cancelled\n"), "{status}");
    assert!(status.contains("\njob 1 killed: the run was halted: "), "{status}");
}
