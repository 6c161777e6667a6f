//! The real binary, as someone at a terminal uses it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// An empty folder to work in.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn xqute(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xqute"));
        command.args(args).current_dir(self.path()).env_remove("XQUTE_LOG");
        command
    }

    fn run(&self, args: &[&str], stdin: &str) -> Ran {
        let mut command = self.xqute(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
        Ran::of(child.wait_with_output().unwrap())
    }
}

#[derive(Debug)]
struct Ran {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Ran {
    fn of(Output { status, stdout, stderr }: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: status.code(), stdout: text(stdout), stderr: text(stderr) }
    }

    fn sorted(&self) -> Vec<&str> {
        let mut lines: Vec<&str> = self.stdout.lines().collect();
        lines.sort_unstable();
        lines
    }
}

/// The source files of this crate.
fn sources() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let entries = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path());
    let files: Vec<PathBuf> = entries.filter(|it| it.is_file()).collect();
    assert!(files.len() > 3);
    files
}

#[test]
fn checksums_of_many_files_are_those_of_sha256sum() {
    let desk = Desk::new();
    let files: Vec<String> = sources().iter().map(|it| it.to_str().unwrap().to_owned()).collect();
    let words = ["run", "-j", "4", "sha256sum", ":::"].map(str::to_owned);
    let words: Vec<&str> = words.iter().chain(&files).map(String::as_str).collect();
    let ran = desk.run(&words, "");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let direct = Ran::of(Command::new("sha256sum").args(&files).output().unwrap());
    assert_eq!(ran.sorted(), direct.sorted());
    let kept = fs::read_to_string(desk.path().join(".xqute/0/job.stdout")).unwrap();
    assert!(direct.stdout.contains(&kept));
}

#[test]
fn lines_are_commands_and_nothing_in_them_is_expanded() {
    let desk = Desk::new();
    let ran =
        desk.run(&["run", "-w", "a b"], "echo one\n\n# none\nprintf '%s\\n' '$HOME' \"two  words\" `id`\n");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(ran.sorted(), ["$HOME", "`id`", "one", "two  words"]);
    assert!(ran.stderr.starts_with("xqute: 2 jobs: 2 succeeded, in "), "{ran:?}");
    assert!(desk.path().join("a b/1/job.stdout").exists());
}

#[test]
fn failures_are_told_and_are_exit_code_1() {
    let desk = Desk::new();
    let ran = desk.run(&["run", "-j", "1"], "true\nsh -c 'echo why >&2; exit 3'\nno-such-command x\n");
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.stderr.contains("why\nxqute: job 1 failed: exit code 3: sh -c 'echo why >&2; exit 3'\n"),
        "{ran:?}"
    );
    assert!(
        ran.stderr.contains("job 2 failed: could not be started: `no-such-command`: command not found"),
        "{ran:?}"
    );
    assert!(ran.stderr.contains("3 jobs: 1 succeeded, 2 failed"), "{ran:?}");
}

#[test]
fn a_mistake_is_told_and_leaves_nothing() {
    let cases: &[(&[&str], &str, &str)] = &[
        (&["run", "--forx", "3", "true"], "", "unexpected argument '--forx'"),
        (&["run", "-j", "0", "true"], "", "number of jobs that may run at once, from 1 on"),
        (&["run", "-j", "+2", "true"], "", "their share of the processors, as `50%`"),
        (&["run", "-j", "-2", "true"], "", "their share of the processors, as `50%`"),
        (&["runn", "true"], "", "similar subcommand exists: 'run'"),
        (&["run", ":::", "a", ":::", "b"], "", "without a COMMAND each argument is a command of its own"),
        (&["run", "echo", ":::+", "b"], "", "`:::+` goes with the source before it, and there is none"),
        (&["run", "echo", "::::", "-", "-"], "", "can be read once"),
        (
            &["run", "echo", "{3}", ":::", "b"],
            "",
            "`{3}` in COMMAND asks for argument 3 of each job, but each has 1",
        ),
        (&["run", "echo", "::::", "no-such-file"], "", "cannot read arguments from the file no-such-file"),
        (&["run", "-a", "no-such-file", "echo"], "", "cannot read arguments from the file no-such-file"),
        (&["run", "echo 'a", ":::", "b"], "", "in COMMAND, which is one word and so is split as a line"),
        (&["run", "--plugins", "lgo", "true"], "", "no plugin is named `lgo`, did you mean `log`?"),
        (&["run", "--plugins", "log,-print", "true"], "", "mixes `log` with `-print`"),
        (&["run", "-s", "slrum", "true"], "", "There are `local`"),
        (&["run", "-s", "nul", "true"], "", "did you mean `null`?"),
        (&["run", "-o", "queue=long", "true"], "", "`-o queue`: the scheduler has no options"),
        (&["run", "-s", "null", "--prescript", "x", "true"], "", "no --prescript or --postscript"),
        (&["run", "--timeout", "soon", "true"], "", "`soon` is no time: write seconds (`30`)"),
        (&["run", "--timeout", "0", "true"], "", "a limit of 0 would kill each job"),
        (&["run", "--halt", "2", "true"], "", "it has no comma: write WHEN,WHY=VALUE"),
        (&["run", "--halt", "now,fail=200%", "true"], "", "`200` is no percentage"),
        (
            &["run", "--error-strategy", "halt", "--halt", "now,fail=2", "true"],
            "",
            "leave one of the two out",
        ),
        (
            &["run", "--error-strategy", "ignore", "--num-retries", "2", "true"],
            "",
            "leave one of the two out",
        ),
        (&["run", "-e", "=secret", "true"], "", "a variable has no name"),
        (&["run", "-e", "XQUTE_NOT_SET_HERE", "true"], "", "is not set here: write NAME=VALUE"),
        (&["run", "--cwd", "no-such-dir", "true"], "", "`--cwd no-such-dir`: no job can run there"),
        (&["run"], "echo 'a\n", "line 1 of standard input: the command line has a quote that is not closed"),
        (&["run", "echo"], "a\0b\n", "job 1, made of the arguments"),
    ];
    assert!(cases.len() >= 25);
    for (args, stdin, told) in cases {
        let desk = Desk::new();
        let ran = desk.run(args, stdin);
        assert_eq!(ran.code, Some(2), "{args:?}: {ran:?}");
        assert!(!ran.stderr.contains("secret"), "{args:?}: {ran:?}");
        assert!(ran.stderr.contains(told), "{args:?}: {ran:?}");
        assert_eq!(fs::read_dir(desk.path()).unwrap().count(), 0, "{args:?}");
    }
}

#[test]
fn a_mistake_in_a_later_line_loses_no_job_before_it() {
    let desk = Desk::new();
    let ran = desk.run(&["run"], "echo before\necho 'a\necho after\n");
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), "before\n"), "{ran:?}");
    assert!(ran.stderr.contains("line 2 of standard input"), "{ran:?}");
}

#[test]
fn another_list_is_refused_unless_the_jobs_of_the_first_may_go() {
    let desk = Desk::new();
    assert_eq!(desk.run(&["run", "echo", "first"], "").code, Some(0));
    let again = desk.run(&["run", "echo", "second"], "");
    assert_eq!(again.code, Some(2));
    let told = "job 0 is another than in the work directory";
    assert!(again.stderr.contains(told) && again.stderr.contains("it was `echo first`"), "{again:?}");
    let kept = || fs::read_to_string(desk.path().join(".xqute/0/job.stdout")).unwrap();
    assert_eq!(kept(), "first\n");
    assert_eq!(desk.run(&["run", "--fresh", "echo", "second"], "").code, Some(0));
    assert_eq!(kept(), "second\n");
}

#[test]
fn the_log_plugin_tells_each_life_when_selected() {
    let desk = Desk::new();
    let ran = desk.run(&["run", "--plugins", "log", "echo", "printed"], "");
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "printed\n"), "{ran:?}");
    let told: Vec<&str> =
        ran.stderr.lines().filter_map(|line| line.split_once("xqute::log: ")).map(|it| it.1).collect();
    let begins = [
        "log loaded for local",
        "initialized: echo printed",
        "queued",
        "submitted (JID: ",
        "started",
        "succeeded",
    ];
    for (told, begin) in told.iter().zip(begins) {
        assert!(told.starts_with(begin), "{told} is not {begin}");
    }
    assert_eq!(told.len(), begins.len() + 1, "{told:?}");
    assert!(!desk.run(&["run", "--fresh", "true"], "").stderr.contains("initialized"));
}

#[test]
fn plugins_are_listed_with_their_hooks() {
    let desk = Desk::new();
    let ran = desk.run(&["plugins", "--plugins", "+log"], "");
    assert_eq!(ran.code, Some(0));
    assert!(ran.stdout.contains("log (on) from xqute-plugins 0."), "{ran:?}");
    assert!(ran.stdout.contains("print (on) from xqute-cli 0."), "{ran:?}");
    let hook = ran.stdout.lines().find(|line| line.trim_start().starts_with("on_job_submitted")).unwrap();
    assert!(hook.contains("src/log.rs:"), "{hook}");
}

#[test]
fn a_reader_that_has_enough_ends_nothing() {
    let desk = Desk::new();
    let mut child = desk.xqute(&["run", "-j", "1"]);
    let mut child =
        child.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    child.stdin.take().unwrap().write_all(b"echo a\necho b\necho c\n").unwrap();
    let ran = Ran::of(child.wait_with_output().unwrap());
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stderr.contains("3 jobs: 3 succeeded"), "{ran:?}");
}

#[test]
fn a_list_is_run_once_and_then_only_what_is_left_of_it() {
    let desk = Desk::new();
    let script = "echo ran; test -e now";
    let first = desk.run(&["run", "sh", "-c", script], "");
    assert_eq!((first.code, first.stdout.as_str()), (Some(1), "ran\n"), "{first:?}");
    let again = desk.run(&["run", "sh", "-c", script], "");
    assert_eq!((again.code, again.stdout.as_str()), (Some(1), ""), "{again:?}");
    assert!(again.stderr.contains("1 failed before and not run again"), "{again:?}");
    assert_eq!(desk.run(&["run", "--fresh", "echo", "new"], "").code, Some(0));
    let done = desk.run(&["run", "echo", "new"], "");
    assert_eq!((done.code, done.stdout.as_str()), (Some(0), ""), "{done:?}");
    assert!(done.stderr.contains("1 done before"), "{done:?}");
}

#[test]
fn more_is_said_of_each_job_when_asked() {
    let desk = Desk::new();
    let ran = desk.run(&["run", "-v", "true"], "");
    assert!(ran.code == Some(0) && ran.stderr.contains("xqute::log"), "{ran:?}");
    assert!(!desk.run(&["run", "--fresh", "true"], "").stderr.contains("xqute::log"));
}

/// A run whose first job, and a child of it, hold a pipe open: when both are gone, reading it ends.
struct Alive {
    program: std::process::Child,
    stderr: std::io::BufReader<std::process::ChildStderr>,
    pipe: std::io::BufReader<fs::File>,
}

impl Alive {
    fn start(desk: &Desk, script: &str) -> Self {
        let fifo = desk.path().join("alive");
        assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        let script = format!("exec 3>alive; (sleep 1000) & {script}");
        let mut run = desk.xqute(&["run", "-j", "1", "sh", "-c", &script, ":::", "0", "1"]);
        let mut program = run.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let stderr = std::io::BufReader::new(program.stderr.take().unwrap());
        let pipe = std::io::BufReader::new(fs::File::open(&fifo).unwrap());
        let mut alive = Self { program, stderr, pipe };
        assert_eq!(alive.line(), "up\n");
        alive
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        std::io::BufRead::read_line(&mut self.pipe, &mut line).unwrap();
        line
    }

    fn interrupt(&self) {
        let pid = self.program.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    }

    /// Interrupts, and waits until that is told: signals that are not received yet are one.
    fn interrupt_and_hear(&mut self) {
        self.interrupt();
        let mut line = String::new();
        std::io::BufRead::read_line(&mut self.stderr, &mut line).unwrap();
        assert!(line.starts_with("xqute: SIGINT: no more jobs start"), "{line}");
    }

    /// What the program says at its end, and its exit code.
    fn end(mut self) -> (Option<i32>, String) {
        let mut told = String::new();
        std::io::Read::read_to_string(&mut self.stderr, &mut told).unwrap();
        (self.program.wait().unwrap().code(), told)
    }
}

#[test]
fn an_interrupt_starts_no_more_jobs_and_waits_for_those_that_run() {
    let desk = Desk::new();
    let go = desk.path().join("go");
    assert!(Command::new("mkfifo").arg(&go).status().unwrap().success());
    let script = "trap 'echo term >&3' TERM; echo up >&3; read line < go; kill $!; exit 0";
    let mut alive = Alive::start(&desk, script);
    alive.interrupt_and_hear();
    fs::write(go, "go\n").unwrap();
    assert_eq!(alive.line(), "", "no TERM was sent");
    let (code, told) = alive.end();
    assert_eq!(code, Some(130), "{told}");
    assert!(told.contains("stopped by SIGINT: 2 jobs: 1 succeeded, 1 cancelled"), "{told}");
}

#[test]
fn a_second_interrupt_kills_the_jobs_and_what_they_started() {
    let desk = Desk::new();
    let mut alive = Alive::start(&desk, "trap 'echo term >&3; exit 9' TERM; echo up >&3; wait");
    alive.interrupt_and_hear();
    alive.interrupt();
    assert_eq!(alive.line(), "term\n");
    assert_eq!(alive.line(), "");
    let (code, told) = alive.end();
    assert_eq!(code, Some(130), "{told}");
    assert!(told.contains("stopped by SIGINT: 2 jobs: 0 succeeded, 1 killed, 1 cancelled"), "{told}");
}

#[test]
fn a_third_interrupt_leaves_at_once() {
    let desk = Desk::new();
    let mut alive = Alive::start(&desk, "trap 'echo term >&3' TERM; echo up >&3; while :; do wait; done");
    alive.interrupt_and_hear();
    alive.interrupt();
    assert_eq!(alive.line(), "term\n");
    alive.interrupt();
    assert_eq!(alive.line(), "");
    let (code, told) = alive.end();
    assert_eq!(code, Some(130), "{told}");
    assert!(told.contains("the run was left at once upon SIGINT"), "{told}");
}

#[test]
fn fresh_removes_nothing_that_is_not_a_runs_own() {
    let desk = Desk::new();
    assert_eq!(desk.run(&["run", "-w", ".", "true"], "").code, Some(0));
    fs::create_dir(desk.path().join("2024")).unwrap();
    fs::write(desk.path().join("2024/thesis"), "mine").unwrap();
    let ran = desk.run(&["run", "-w", ".", "--fresh", "true"], "");
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.stderr.contains("2024 is named as a job's directory is, and is none"), "{ran:?}");
    assert_eq!(fs::read_to_string(desk.path().join("2024/thesis")).unwrap(), "mine");
}

#[test]
fn a_standard_error_that_is_full_changes_no_exit_code_and_output_that_is_lost_does() {
    let desk = Desk::new();
    let full = || fs::File::options().write(true).open("/dev/full").unwrap();
    let told = desk.xqute(&["run", "echo", "hi"]).stderr(full()).stdout(Stdio::null()).status().unwrap();
    assert_eq!(told.code(), Some(0));
    let printed =
        desk.xqute(&["run", "--fresh", "echo", "hi"]).stdout(full()).stderr(Stdio::null()).status().unwrap();
    assert_eq!(printed.code(), Some(2));
}

#[test]
fn a_signal_that_is_to_be_ignored_is() {
    let desk = Desk::new();
    let binary = env!("CARGO_BIN_EXE_xqute");
    let script = format!("trap '' INT; exec {binary} run sh -c 'kill -INT $PPID; echo done'");
    let ran = Ran::of(Command::new("sh").args(["-c", &script]).current_dir(desk.path()).output().unwrap());
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "done\n"), "{ran:?}");
}
