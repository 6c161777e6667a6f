//! Where do the tests of the verbs work?

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// An empty folder to work in.
pub(crate) struct Desk(TempDir);

/// A folder with a run: job 0 succeeded, job 1 failed.
pub(crate) fn desk() -> Desk {
    let desk = Desk::new();
    fs::write(desk.path().join("jobs"), "echo 'a  b'\nsh -c 'echo out; echo err >&2; exit 3'\n").unwrap();
    let jobs = fs::File::open(desk.path().join("jobs")).unwrap();
    let ran = desk.xqute(&["run", "-j1"]).stdin(jobs).output().unwrap();
    assert_eq!(ran.status.code(), Some(1), "{ran:?}");
    desk
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Runs the lines of a list.
    pub(crate) fn run(&self, args: &[&str], lines: &[&str]) -> Output {
        self.list(args, lines).output().unwrap()
    }

    /// Starts the lines of a list; nobody reads what it prints, but for standard error.
    pub(crate) fn start(&self, args: &[&str], lines: &[&str]) -> Child {
        self.list(args, lines).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    }

    fn list(&self, args: &[&str], lines: &[&str]) -> Command {
        let list = self.path().join("list");
        fs::write(&list, lines.join("\n")).unwrap();
        let mut run = self.xqute(&["run"]);
        run.args(args).stdin(fs::File::open(list).unwrap());
        run
    }

    /// A named pipe.
    pub(crate) fn pipe(&self, name: &str) -> std::path::PathBuf {
        let path = self.path().join(name);
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        path
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn xqute(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xqute"));
        command.args(args).current_dir(self.path()).env_remove("XQUTE_LOG").stdin(Stdio::null());
        command
    }

    pub(crate) fn output(&self, args: &[&str]) -> (Option<i32>, String, String) {
        let Output { status, stdout, stderr } = self.xqute(args).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (status.code(), text(stdout), text(stderr))
    }

    /// What is told; it has to be all right.
    pub(crate) fn told(&self, args: &[&str]) -> String {
        let (code, stdout, stderr) = self.output(args);
        assert_eq!(code, Some(0), "{args:?}: {stderr}");
        stdout
    }

    pub(crate) fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.told(args)).unwrap()
    }

    pub(crate) fn refused(&self, args: &[&str], why: &str) {
        let (code, stdout, stderr) = self.output(args);
        assert_eq!((code, &*stdout), (Some(2), ""), "{args:?}");
        assert!(stderr.contains(why), "{args:?}: {stderr}");
    }
}
