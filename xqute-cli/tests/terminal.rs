//! A run in a real terminal (tmux), and where there is nobody to show anything to.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Longer than anything here takes on a busy machine.
const LATEST: Duration = Duration::from_secs(30);

/// Jobs that end when there is a file for each.
const WAITING: &str =
    "xqute run -j 2 --shell 'touch began-{}; until test -e go-{}; do sleep 0.05; done; echo {} >>done' :::";

/// A terminal of its own, in which a shell waits.
struct Terminal {
    desk: tempfile::TempDir,
}

impl Terminal {
    fn new() -> Self {
        let terminal = Self { desk: tempfile::tempdir().unwrap() };
        let xqute = Path::new(env!("CARGO_BIN_EXE_xqute")).parent().unwrap();
        let path = format!("{}:{}", xqute.display(), std::env::var("PATH").unwrap());
        let shell = format!("PATH='{path}' PS1='ready> ' exec bash --norc --noprofile");
        terminal.tmux(&["new-session", "-d", "-x", "100", "-y", "30", &shell]);
        terminal.wait("a prompt", |screen| screen.contains("ready>"));
        terminal
    }

    fn tmux(&self, args: &[&str]) -> String {
        let out = self.asked(args);
        assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8_lossy(&out.stdout).into_owned()
    }

    fn asked(&self, args: &[&str]) -> Output {
        let socket = self.desk.path().join("tmux");
        let mut tmux = Command::new("tmux");
        tmux.arg("-S").arg(socket).args(["-f", "/dev/null"]).args(args).current_dir(self.desk.path());
        tmux.stdin(Stdio::null()).output().expect("tmux is needed: `.ci/run` installs it")
    }

    fn keys(&self, keys: &[&str]) {
        self.tmux(&[&["send-keys"], keys].concat());
    }

    /// What stands on the screen; a line that was too long for it is one again.
    fn screen(&self) -> String {
        self.tmux(&["capture-pane", "-p", "-J"])
    }

    fn wait(&self, what: &str, there: impl Fn(&str) -> bool) -> String {
        let begun = Instant::now();
        loop {
            let screen = self.screen();
            if there(&screen) {
                return screen;
            }
            assert!(begun.elapsed() < LATEST, "no {what}:\n{screen}");
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    /// Jobs that end when somebody lets them: each waits for a file, and says when it is there.
    fn run_waiting_jobs(&self, jobs: usize) {
        let numbers: Vec<String> = (0..jobs).map(|it| it.to_string()).collect();
        let line = format!("clear; {WAITING} {}; echo code $?", numbers.join(" "));
        self.keys(&[&line, "Enter"]);
        self.began(0);
        self.began(1);
    }

    fn began(&self, job: usize) {
        self.wait("start", |_| self.desk.path().join(format!("began-{job}")).exists());
    }

    fn go(&self, jobs: std::ops::Range<usize>) {
        jobs.for_each(|job| std::fs::write(self.desk.path().join(format!("go-{job}")), "").unwrap());
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // A test may have closed it.
        self.asked(&["kill-server"]);
    }
}

#[test]
fn progress_is_one_line_that_fits_whatever_the_width() {
    let terminal = Terminal::new();
    terminal.run_waiting_jobs(5);
    terminal.wait("progress", |it| it.contains("0/5") && it.contains("2 running"));
    terminal.go(0..2);
    terminal.began(3);
    terminal.tmux(&["resize-window", "-x", "24", "-y", "30"]);
    let narrow = terminal.wait("progress", |it| it.contains("2/5"));
    let lines: Vec<&str> = narrow.lines().filter(|it| it.contains("2/5")).collect();
    assert!(lines.len() == 1 && lines[0].chars().count() <= 24, "one line, not wrapped: {narrow}");
    terminal.tmux(&["resize-window", "-x", "100", "-y", "30"]);
    terminal.go(2..5);
    let screen = terminal.wait("end", |it| it.contains("code 0"));
    assert!(screen.contains("5 jobs: 5 succeeded"), "{screen}");
    assert!(!screen.contains("running"), "the line is gone when the run is: {screen}");
}

#[test]
fn ctrl_c_once_waits_for_the_jobs_that_run() {
    let terminal = Terminal::new();
    terminal.run_waiting_jobs(5);
    terminal.keys(&["C-c"]);
    terminal.wait("message", |it| it.contains("SIGINT: no more jobs start"));
    terminal.go(0..5);
    let screen = terminal.wait("end", |it| it.contains("code 130"));
    assert!(screen.contains("2 succeeded, 3 cancelled"), "{screen}");
}

#[test]
fn ctrl_c_twice_kills_them() {
    let terminal = Terminal::new();
    terminal.run_waiting_jobs(5);
    terminal.keys(&["C-c"]);
    terminal.wait("message", |it| it.contains("SIGINT: no more jobs start"));
    terminal.keys(&["C-c"]);
    let screen = terminal.wait("end", |it| it.contains("code 130"));
    assert!(screen.contains("2 killed, 3 cancelled"), "{screen}");
}

#[test]
fn ctrl_c_three_times_leaves_at_once() {
    let terminal = Terminal::new();
    let stubborn = "clear; xqute run --kill-grace 1h --shell 'trap \"\" TERM; touch began-{}; while :; do sleep 0.05; done' ::: 0; echo code $?";
    terminal.keys(&[stubborn, "Enter"]);
    terminal.began(0);
    terminal.keys(&["C-c"]);
    terminal.wait("message", |it| it.contains("SIGINT: no more jobs start"));
    // Two that come at once may be one.
    terminal.wait("end without an hour of grace", |it| {
        terminal.keys(&["C-c"]);
        it.contains("code 130")
    });
}

/// The terminal and its shell say so with a SIGHUP each. What runs goes on to its end, and the next run starts the others.
#[test]
fn a_terminal_that_is_closed_ends_no_job_that_runs() {
    let terminal = Terminal::new();
    terminal.run_waiting_jobs(4);
    let here = |line: &str| common::bash_in(&terminal.desk, line);
    terminal.tmux(&["kill-server"]);
    let (_, stopped, _) = here("until xqute journal | grep stopped; do sleep 0.05; done");
    assert!(stopped.contains("stopped by SIGHUP"), "{stopped}");
    terminal.go(0..4);
    let (_, out, told) =
        here("until test ! -e .xqute/control.sock; do sleep 0.05; done; sort done; xqute status | head -1");
    assert_eq!(out, "0\n1\n4 jobs: 2 succeeded, 2 cancelled\n", "{told}");
    let (code, _, told) = here(&format!("{WAITING} 0 1 2 3"));
    assert!(code == Some(0) && told.contains("2 succeeded, 2 done before"), "{told}");
    assert_eq!(here("sort done").1, "0\n1\n2\n3\n");
}

/// Standard output of a line of bash, in which nothing panicked.
fn bash(line: &str) -> String {
    let (_, out, told) = common::bash(line);
    assert!(!told.contains("panicked"), "{told}");
    out
}

#[test]
fn nobody_reads_and_the_jobs_go_on() {
    let closed = "xqute run -q touch {} ::: a b c";
    assert_eq!(bash(&format!("{closed} >&-; echo $?; ls")), "0\na\nb\nc\n");
    assert_eq!(
        bash("xqute run sh -c 'touch $0; echo $0 >&2; false' {} ::: a b 2>&-; echo $?; ls"),
        "1\na\nb\n"
    );
    let head =
        "seq 2000 | xqute run -j1 -k sh -c 'touch $0; echo $0' | head -1; echo ${PIPESTATUS[1]}; ls | wc -l";
    assert_eq!(bash(head), "1\n0\n2000\n");
}

#[test]
fn a_full_pipe_waits_and_loses_nothing() {
    let line = "xqute run -q -j2 sh -c 'yes $0 | head -c 300000' {} ::: a b c | (sleep 1; wc -c)";
    assert_eq!(bash(line), "900000\n");
}
