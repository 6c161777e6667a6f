//! What somebody types who knows other tools, on the real binary: their options, a shell's words, an option twice.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// An empty folder to work in.
struct Desk(TempDir);

#[derive(Debug)]
struct Ran {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn run(&self, args: &[&str], stdin: &str) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xqute"));
        command.args(args).current_dir(self.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // Who makes a mistake is told before anything is read.
        let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
        let out = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ran { code: out.status.code(), stdout: text(out.stdout), stderr: text(out.stderr) }
    }
}

#[test]
fn who_knows_another_tool_is_told_what_there_is_here() {
    let cases: &[(&[&str], &str)] = &[
        (&["run", "-P", "4", "true"], "`-j N` says how many"),
        (&["run", "-P4", "true"], "`-j N` says how many"),
        (&["run", "-I", "{}", "true"], "`{}` in COMMAND is the argument"),
        (&["run", "-I{}", "true"], "`{}` in COMMAND is the argument"),
        (&["run", "-n", "1", "true"], "each job takes one argument"),
        (&["run", "-N2", "true"], "each job takes one argument"),
        (&["run", "-L", "1", "true"], "each job takes one argument"),
        (&["run", "-X", "true"], "each job takes one argument"),
        (&["run", "--results", "x", "true"], "`xqute status` and `xqute logs`"),
        (&["run", "--results=x", "true"], "`xqute status` and `xqute logs`"),
        (&["run", "--bar", "true"], "`--progress always`"),
        (&["run", "--eta", "true"], "`--progress always`"),
        (&["run", "--resume", "true"], "run the same list again"),
        (&["run", "--colsep", ",", "true"], "several sources"),
        (&["run", "--wd", "x", "true"], "is --cwd; -w is where"),
        (&["run", "--nice", "10", "true"], "`xqute run nice -n 10 COMMAND`"),
        (&["run", "--link", "true"], "`:::+` goes along"),
        (&["run", "--lb", "true"], "`xqute logs -f`"),
        (&["run", "-u", "true"], "`xqute logs -f`"),
        (&["run", "--shuf", "true"], "shuf list"),
        (&["run", "-t", "true"], "`--dry-run` prints"),
        (&["run", "-r", "true"], "not at all where there are none"),
        (&["run", "--pipe", "true"], "standard input is not split"),
        (&["echo", "hi there"], "did you mean `xqute run echo 'hi there'`?"),
        (&["echo", "-e", "A=secret"], "did you mean `xqute run echo …`?"),
    ];
    for (args, told) in cases {
        let desk = Desk::new();
        let ran = desk.run(args, "");
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{args:?}: {ran:?}");
        assert!(ran.stderr.contains(told) && !ran.stderr.contains("secret"), "{args:?}: {ran:?}");
        assert_eq!(ran.stderr.matches("tip:").count(), 1, "{args:?}: {ran:?}");
        assert_eq!(ran.stderr.contains("coming-from.md"), args[0] == "run", "{args:?}: {ran:?}");
    }
}

#[test]
fn what_only_a_shell_would_read_is_noted_once_and_passed_as_it_is() {
    let noted = |args: &[&str], stdin: &str| {
        let ran = Desk::new().run(args, stdin);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        (ran.stderr.matches("is passed to the command as it is").count(), ran)
    };
    for word in ["|", ">", ">>", "<", "&&", "||", ";"] {
        let (times, ran) = noted(&["run", "-k", "echo", "{}", word, "x", ":::", "a", "b"], "");
        assert_eq!(ran.stdout, format!("a {word} x\nb {word} x\n"));
        assert!(times == 1 && ran.stderr.starts_with(&format!("xqute: `{word}` is passed")), "{ran:?}");
    }
    let (times, ran) = noted(&["run", "-k"], "echo '|'\necho a > b\necho a && b\n");
    assert_eq!((times, ran.stdout.as_str()), (1, "|\na > b\na && b\n"), "{ran:?}");
    assert!(ran.stderr.starts_with("xqute: line 2 of standard input: `>` is passed"), "{ran:?}");
    for args in [
        &["run", "-q", "echo", "|"][..],
        &["run", "--shell", "echo", "a", "|", "cat"],
        &["run", "echo", ":::", "|"],
        &["run", "sh", "-c", "echo a | cat"],
        &["run", "find", ".", "-maxdepth", "0", "-exec", "true", "{}", ";", ":::", "-true"],
    ] {
        let (times, ran) = noted(args, "");
        assert_eq!(times, 0, "{args:?}: {ran:?}");
    }
    let (times, ran) = noted(&["run", "--dry-run", "echo", ">", "x"], "");
    assert_eq!((times, ran.stdout.as_str()), (1, "echo \">\" x\n"));
}

#[test]
fn lines_that_only_a_shell_reads_are_counted() {
    let ran = Desk::new().run(&["run", "-j1", "--dry-run"], "echo $HOME\ntrue\nA=1 b\ncd x\necho '$HOME'\n");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let told: Vec<&str> = ran.stderr.lines().collect();
    assert!(
        told.len() == 2 && told[0].starts_with("xqute: line 1 of standard input: `$` is passed"),
        "{ran:?}"
    );
    assert_eq!(told[1], "xqute: 2 more lines of standard input have words that only a shell reads");
}

#[test]
fn an_option_behind_the_command_is_noted() {
    let noted = |args: &[&str]| {
        let ran = Desk::new().run(args, "");
        assert_eq!(ran.code, Some(0), "{ran:?}");
        ran.stderr.contains("is an argument of the jobs there: options of xqute stand before COMMAND")
    };
    assert!(noted(&["run", "echo", ":::", "a", "--retry-failed"]));
    assert!(noted(&["run", "echo", "a", "--forks=3"]));
    for meant in [
        &["run", "echo", "--quiet"][..],
        &["run", "echo", ":::", "--fail"],
        &["run", "-q", "echo", "--fresh"],
        &["run", "echo", "--fresh", ":::", "a"],
    ] {
        assert!(!noted(meant), "{meant:?}");
    }
}

#[test]
fn a_replacement_string_that_is_not_here_is_told_and_other_braces_stay() {
    let ran = Desk::new().run(&["run", "echo", "{%}", "{..}", ":::", "a"], "");
    assert!(
        ran.code == Some(2) && ran.stderr.contains("`{%}` in COMMAND is no replacement string"),
        "{ran:?}"
    );
    let ran = Desk::new().run(&["run", "-q", "echo", "{a,b}", "{1..3}", "{\"k\":1}", ":::", "a"], "");
    assert_eq!(ran.stdout, "{a,b} {1..3} {\"k\":1} a\n");
}

#[test]
fn a_directory_that_has_other_files_is_no_work_directory() {
    let desk = Desk::new();
    std::fs::write(desk.path().join("mine"), "").unwrap();
    let ran = desk.run(&["run", "-w", ".", "true"], "");
    assert!(
        ran.code == Some(2) && ran.stderr.contains("`-w .`: there are files in it that are of no run"),
        "{ran:?}"
    );
    assert_eq!(std::fs::read_dir(desk.path()).unwrap().count(), 1);
    std::fs::create_dir(desk.path().join("empty")).unwrap();
    for _ in 0..2 {
        assert_eq!(desk.run(&["run", "-w", "empty", "true"], "").code, Some(0));
        // What is put into a run's directory later is no hindrance.
        std::fs::write(desk.path().join("empty/mine"), "").unwrap();
    }
}

#[test]
fn the_last_of_an_option_that_is_typed_twice_counts() {
    let desk = Desk::new();
    let ran = desk.run(
        &[
            "run",
            "-w",
            "a",
            "-j1",
            "--timeout",
            "1m",
            "-w",
            "b",
            "-j2",
            "--timeout",
            "2m",
            "-q",
            "-q",
            "true",
        ],
        "",
    );
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(desk.path().join("b").exists() && !desk.path().join("a").exists());
    let counts = desk.run(&["status", "-w", "a", "-w", "b"], "");
    assert!(counts.code == Some(0) && counts.stdout.starts_with("1 job"), "{counts:?}");
}

#[test]
fn forks_may_be_a_share_of_the_processors() {
    let desk = Desk::new();
    assert!(Command::new("mkfifo").arg(desk.path().join("pipe")).status().unwrap().success());
    // Each of the two ends only beside the other: 200% of the processors are two at least.
    let jobs = ["echo >pipe", "read line <pipe"];
    let ran =
        desk.run(&["run", "-j", "200%", "--timeout", "5m", "sh", "-c", "{}", ":::", jobs[0], jobs[1]], "");
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

#[test]
fn a_source_that_never_ends_goes_with_one_that_does() {
    let desk = Desk::new();
    let xqute = env!("CARGO_BIN_EXE_xqute");
    let line = format!("yes y | {xqute} run --dry-run echo :::: - :::+ a b");
    let out = Command::new("bash").args(["-c", &line]).current_dir(desk.path()).output().unwrap();
    assert_eq!(String::from_utf8(out.stdout).unwrap(), "echo y a\necho y b\n");
}

#[test]
fn a_share_of_the_jobs_is_of_all_of_them_as_with_gnu_parallel() {
    let desk = Desk::new();
    let of = |jobs: usize, fail: usize, workdir: &str| {
        let list: String = (0..jobs).map(|it| if it < fail { "false\n" } else { "true\n" }).collect();
        let ran = desk.run(&["run", "-j2", "-w", workdir, "--halt", "soon,fail=10%"], &list);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        ran.stderr.contains("halted: ")
    };
    assert!(!of(100, 9, "few"));
    assert!(of(100, 10, "enough"));
    assert!(!of(10, 2, "less-than-three"));
}

#[test]
fn the_same_list_in_another_directory_is_another() {
    let (desk, workdir) = (Desk::new(), tempfile::tempdir().unwrap());
    let workdir = workdir.path().join("w");
    let in_dir = |name: &str, args: &[&str]| {
        std::fs::create_dir_all(desk.path().join(name)).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_xqute"));
        command.arg("run").arg("-w").arg(&workdir).args(args).arg("pwd");
        command.current_dir(desk.path().join(name)).stdin(Stdio::null()).output().unwrap()
    };
    assert!(in_dir("a", &[]).status.success());
    assert!(String::from_utf8(in_dir("a", &[]).stderr).unwrap().contains("1 done before"));
    let there = in_dir("b", &[]);
    assert_eq!(there.status.code(), Some(2));
    let told = String::from_utf8(there.stderr).unwrap();
    assert!(told.contains("its environment or its working directory is another"), "{told}");
    let a = desk.path().join("a").canonicalize().unwrap();
    assert!(in_dir("b", &["--cwd", a.to_str().unwrap()]).status.success(), "it is where it was");
}
