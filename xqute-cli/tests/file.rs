//! `xqute run --file`: jobs that wait for each other, in TOML and in JSON.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::process::{Command, Stdio};

use tempfile::TempDir;

struct Desk(TempDir);

impl Desk {
    fn new(name: &str, text: &str) -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        fs::write(desk.0.path().join(name), text).unwrap();
        desk
    }

    fn run(&self, args: &[&str]) -> (Option<i32>, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xqute"));
        command.arg("run").args(args).current_dir(self.0.path()).stdin(Stdio::null());
        let out = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (out.status.code(), text(out.stdout), text(out.stderr))
    }
}

const PIPELINE: &str = r#"
[[job]]
name = "sum"
shell = "cat part-* > sum; cat sum"
after = ["part"]

[[job]]
argv = ["tee", "part-1"]
tags = ["part"]
after = [2]

[[job]]
name = "check"
cmd = "echo 'checked here'"
env = { WHERE = "file" }
timeout = "5m"
retries = 2

[[job]]
shell = "echo $WHERE $OTHER > part-2"
env = { WHERE = "file" }
tags = ["part", "other"]
after_any = ["check"]
"#;

#[test]
fn jobs_run_after_those_that_they_wait_for_wherever_they_stand() {
    let desk = Desk::new("jobs.toml", PIPELINE);
    let args = ["--file", "jobs.toml", "-q", "-k", "-j4", "-e", "WHERE=typed", "-e", "OTHER=too"];
    let (code, out, err) = desk.run(&args);
    assert_eq!((code, out.as_str(), err.as_str()), (Some(0), "checked here\nfile too\n", ""));
    let (code, _, err) = desk.run(&["--file", "jobs.toml", "-e", "WHERE=typed", "-e", "OTHER=too"]);
    assert_eq!(code, Some(0));
    assert!(err.contains("4 done before"), "{err}");
}

#[test]
fn json_says_the_same_and_a_failure_cancels_what_waits() {
    let text = concat!(
        r#"{"cmd": "false", "name": "a"}"#,
        "\n\n",
        r#"{"argv": ["touch", "never"], "after": ["a"], "name": "b"}"#,
        "\n",
        r#"{"cmd": "touch always", "after_any": [1]}"#,
        "\n"
    );
    let desk = Desk::new("jobs.jsonl", text);
    let (code, _, err) = desk.run(&["--file", "jobs.jsonl"]);
    assert_eq!(code, Some(1));
    assert!(
        err.contains("job 1: cancelled: it waited for job 0, which did not succeed: touch never"),
        "{err}"
    );
    assert!(desk.0.path().join("always").exists() && !desk.0.path().join("never").exists());
    let (code, out, _) = desk.run(&["--dry-run", "--file", "jobs.jsonl"]);
    assert_eq!((code, out.as_str()), (Some(0), "false\ntouch never\ntouch always\n"));
}

#[test]
fn a_mistake_is_told_with_its_place_before_anything_runs() {
    let told = [
        (
            "j.toml",
            "[[job]]\ncmd = 'true'\n\n[[job]]\ncmd = 'true'\nafter = ['x']\n",
            "j.toml:4: job 1 of the list waits for `x`, and there is none",
        ),
        ("j.toml", "[[job]]\nname = 'a'\ncmd = 'true'\nafter = ['a']\n", "wait for each other in a circle"),
        ("j.toml", "[[job]]\ncommand = 'true'\n", "j.toml:2: unknown field `command`, expected one of `cmd`"),
        (
            "j.toml",
            "[[job]]\nname = 'a'\n",
            "j.toml:1: the job has no command: give it `cmd`, `argv` or `shell`",
        ),
        ("j.toml", "[[job]]\ncmd = 'a'\nargv = ['b']\n", "j.toml:1: the job has more than one of"),
        ("j.toml", "[[job]]\ncmd = 'true'\ntimeout = '5 m'\n", "j.toml:1: timeout: `5 m` is no time"),
        ("j.toml", "[[job]\n", "j.toml:1: "),
        (
            "j.json",
            "{\"cmd\": \"true\"}\n{\"cmd\": 3}\n",
            "j.json:2:9: invalid type: integer `3`, expected a string: write a JSON object a line",
        ),
        ("j.json", "[]\n", "j.json:1:"),
    ];
    for (name, text, wanted) in told {
        let desk = Desk::new(name, text);
        let (code, out, err) = desk.run(&["--file", name]);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{err}");
        assert!(err.contains(wanted), "{text}: {err}");
        assert_eq!(err.trim_end().lines().count(), 1, "{err}");
        assert_eq!(fs::read_dir(desk.0.path()).unwrap().count(), 1, "nothing is left behind");
    }
    let desk = Desk::new("j.toml", "");
    assert_eq!(desk.run(&["--file", "none.toml"]).0, Some(2));
    assert_eq!(desk.run(&["--file", "j.toml", "echo"]).0, Some(2), "a file is instead of a COMMAND");
}
