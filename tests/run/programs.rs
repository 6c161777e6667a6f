//! What does a run change of its process? Nothing; but for signals, where it is told to listen to them.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use tempfile::TempDir;

use crate::stage::{Gate, Pipe};

#[test]
fn the_library_installs_no_handler_prints_nothing_and_leaves_no_process() {
    let dir = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_quiet")).arg(dir.path()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert_eq!((text(&output.stdout), text(&output.stderr)), (String::new(), String::new()));
    assert!(output.status.success() && dir.path().join("whole.txt").exists());
}

/// The program `signalled`, which tells what its run does.
struct Signalled {
    program: Child,
    lines: BufReader<ChildStdout>,
}

impl Signalled {
    fn start(dir: &TempDir, prefix: &[&str], jobs: &[String], veto: bool) -> Self {
        let words = prefix.iter().copied().chain([env!("CARGO_BIN_EXE_signalled")]).collect::<Vec<_>>();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).arg(dir.path().join("work")).args(jobs).stdout(Stdio::piped());
        if veto {
            command.env("VETO", "yes");
        }
        let mut program = command.spawn().unwrap();
        let lines = BufReader::new(program.stdout.take().unwrap());
        Self { program, lines }
    }

    /// Reads lines until all of these have come, in any order.
    fn until(&mut self, awaited: &[&str]) {
        let (mut left, mut seen) = (awaited.to_vec(), String::new());
        while !left.is_empty() {
            let at = seen.len();
            assert!(self.lines.read_line(&mut seen).unwrap() > 0, "{left:?} never came:\n{seen}");
            let line = seen[at..].trim_end();
            left.retain(|it| *it != line);
        }
    }

    fn send(&self, signal: &str) {
        let kill = Command::new("kill").args([signal, &self.program.id().to_string()]).status().unwrap();
        assert!(kill.success());
    }

    /// What else it tells, to its end.
    fn rest(mut self) -> Vec<String> {
        let mut rest = String::new();
        self.lines.read_to_string(&mut rest).unwrap();
        assert!(self.program.wait().unwrap().success());
        rest.lines().map(str::to_owned).collect()
    }
}

/// Says `up` into `pipe`, and ends when `gate` opens.
fn waits(pipe: &Path, gate: &Path) -> String {
    format!("echo up >{}; read x <{}", pipe.display(), gate.display())
}

/// Says into `pipe` that it is up, and that it was told to end, which it does not.
fn ignores(pipe: &Path) -> String {
    format!(
        "exec 3>{}; trap 'echo term >&3' TERM; echo up >&3; while :; do sleep 1000 & wait; done",
        pipe.display()
    )
}

#[tokio::test]
async fn the_first_signal_starts_nothing_more_and_waits_for_what_runs() {
    for (signal, name) in [("-INT", "SIGINT"), ("-TERM", "SIGTERM"), ("-HUP", "SIGHUP")] {
        let dir = tempfile::tempdir().unwrap();
        let (mut pipe, mut gate) = (Pipe::without_end(&dir, "lives"), Gate::new(&dir, "gate"));
        let job = waits(&pipe.path, &gate.path);
        let mut program = Signalled::start(&dir, &[], &[job.clone(), job.clone(), job], false);
        program.until(&["fed"]);
        assert_eq!((pipe.line().await, pipe.line().await), ("up".to_owned(), "up".to_owned()));
        program.send(signal);
        program.until(&[&format!("on_shutdown {name}"), "cancelled 2"]);
        gate.open();
        gate.open();
        let mut rest = program.rest();
        let end = format!("end: stopped by {name}: 3 jobs: 2 succeeded, 1 cancelled");
        assert_eq!(rest.pop(), Some(end));
        // A job may say that it is up before the program knows.
        rest.retain(|it| !it.starts_with("started"));
        rest.sort();
        assert_eq!(rest, ["succeeded 0", "succeeded 1"], "and no second on_shutdown");
    }
}

#[tokio::test]
async fn the_second_signal_kills_and_the_third_leaves_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let (mut pipe, mut lives) = (Pipe::new(&dir, "lives"), Pipe::without_end(&dir, "polite"));
    let polite = format!("echo up >{}; exec sleep 1000", lives.path.display());
    let mut program = Signalled::start(&dir, &[], &[ignores(&pipe.path), polite, "true".to_owned()], false);
    program.until(&["fed"]);
    assert_eq!((pipe.line().await, lives.line().await), ("up".to_owned(), "up".to_owned()));
    program.send("-INT");
    program.until(&["on_shutdown SIGINT", "cancelled 2"]);
    program.send("-TERM");
    assert_eq!(pipe.line().await, "term");
    program.until(&["killed 1"]);
    program.send("-INT");
    let rest = program.rest();
    let left = "error: the run was left at once upon SIGINT: its jobs were sent SIGKILL, and not waited for";
    assert_eq!(rest, [left]);
    assert_eq!(pipe.rest().await, "", "it is gone");
}

#[tokio::test]
async fn a_hook_vetoes_the_first_signal_and_not_the_second() {
    let dir = tempfile::tempdir().unwrap();
    let (mut pipe, mut gate) = (Pipe::without_end(&dir, "lives"), Gate::new(&dir, "gate"));
    let sleeps = format!("echo up >{}; exec sleep 1000", pipe.path.display());
    let jobs = [waits(&pipe.path, &gate.path), sleeps.clone(), sleeps, "true".to_owned()];
    let mut program = Signalled::start(&dir, &[], &jobs, true);
    program.until(&["fed"]);
    assert_eq!((pipe.line().await, pipe.line().await), ("up".to_owned(), "up".to_owned()));
    program.send("-INT");
    program.until(&["on_shutdown SIGINT"]);
    // The run goes on: another job starts.
    gate.open();
    program.until(&["succeeded 0", "started 2"]);
    assert_eq!(pipe.line().await, "up");
    program.send("-INT");
    let rest = program.rest();
    assert_eq!(rest.last().unwrap(), "end: stopped by SIGINT: 4 jobs: 1 succeeded, 2 killed, 1 cancelled");
    let asked: Vec<_> = rest.iter().filter(|line| line.starts_with("on_shutdown")).collect();
    assert_eq!(asked, ["on_shutdown of itself"], "the second asks nobody; the end is told");
}

/// A terminal that is closed sends it, and then its shell does: nobody has asked twice, and what runs is not killed for it.
#[tokio::test]
async fn all_sighups_are_one_signal() {
    let dir = tempfile::tempdir().unwrap();
    let mut pipe = Pipe::without_end(&dir, "lives");
    let sleeps = format!("echo up >{}; exec sleep 1000", pipe.path.display());
    let mut program = Signalled::start(&dir, &[], &[sleeps], false);
    // What the program tells of the start may come after what the job itself does.
    program.until(&["fed", "started 0"]);
    assert_eq!(pipe.line().await, "up");
    program.send("-HUP");
    program.until(&["on_shutdown SIGHUP"]);
    program.send("-HUP");
    program.send("-INT");
    let end = "end: stopped by SIGINT: 1 job: 0 succeeded, 1 killed";
    assert_eq!(program.rest(), ["killed 0", end], "this one was the second, and the last");
}

/// Whoever starts a program with `nohup` wants it to survive SIGHUP.
#[tokio::test]
async fn a_signal_that_is_ignored_stays_ignored() {
    let dir = tempfile::tempdir().unwrap();
    let (mut pipe, mut gate) = (Pipe::without_end(&dir, "lives"), Gate::new(&dir, "gate"));
    let nohup = ["sh", "-c", "trap '' HUP; exec \"$@\"", "sh"];
    let mut program = Signalled::start(&dir, &nohup, &[waits(&pipe.path, &gate.path)], false);
    program.until(&["fed"]);
    assert_eq!(pipe.line().await, "up");
    program.send("-HUP");
    program.send("-HUP");
    program.send("-INT");
    program.until(&["on_shutdown SIGINT"]);
    gate.open();
    let end = "end: stopped by SIGINT: 1 job: 1 succeeded";
    assert_eq!(program.rest(), ["succeeded 0", end]);
}
