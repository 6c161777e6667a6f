//! How does a test run a script? As the local backend does: leader of a process group, output to its log.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;

use crate::job::{Argv, JobFiles};
use crate::script::{Fragments, Script, by_hand, render};

/// Nothing here takes a second; what takes this long hangs.
const TOO_LONG: Duration = Duration::from_secs(60);

/// A job with a script, whose last text adds a line to `ended`: `$rc`, and what a text may have left in `$KEPT`.
pub(super) struct Scene {
    folder: TempDir,
    fragments: Fragments,
    prescript: Option<String>,
    postscript: Option<String>,
    argv: Argv,
    env: Vec<(String, OsString)>,
}

impl Scene {
    pub(super) fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
            fragments: Fragments::default(),
            prescript: None,
            postscript: None,
            argv: Argv::new(["/bin/sh", "-c", "echo ran"]).unwrap(),
            env: Vec::new(),
        }
    }

    pub(super) fn init(mut self, text: impl Into<String>) -> Self {
        self.fragments.init.push(("starter".into(), text.into()));
        self
    }

    pub(super) fn prep(mut self, text: impl Into<String>) -> Self {
        self.fragments.prep.push(("stager".into(), text.into()));
        self
    }

    pub(super) fn end(mut self, text: impl Into<String>) -> Self {
        self.fragments.end.push(("cleaner".into(), text.into()));
        self
    }

    pub(super) fn prescript(mut self, text: &str) -> Self {
        self.prescript = Some(text.to_owned());
        self
    }

    pub(super) fn postscript(mut self, text: &str) -> Self {
        self.postscript = Some(text.to_owned());
        self
    }

    pub(super) fn command<W: Into<OsString>>(mut self, words: impl IntoIterator<Item = W>) -> Self {
        self.argv = Argv::new(words).unwrap();
        self
    }

    pub(super) fn env(mut self, name: impl Into<String>, value: impl Into<OsString>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// A place for files of the test, and the script's working directory.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn run(self) -> Ended {
        self.start().wait()
    }

    pub(super) fn run_in(self, workdir: &OsStr) -> Ended {
        self.start_in(workdir).wait()
    }

    pub(super) fn start(self) -> Running {
        self.start_in("work".as_ref())
    }

    /// Runs it by hand: what is left of a job's script, and the files of the job, of which there are none.
    pub(super) fn by_hand(self) -> (Output, Vec<PathBuf>) {
        let files = JobFiles::new(self.folder.path().join("work").into(), 3);
        fs::create_dir_all(files.metadir()).unwrap();
        let script = self.folder.path().join("script");
        fs::write(&script, by_hand(&self.render(&files)).unwrap()).unwrap();
        let mut command = Command::new("bash");
        command.arg(&script).current_dir(self.folder.path()).envs(self.env).stdin(Stdio::null());
        let output = command.output().unwrap();
        (output, fs::read_dir(files.metadir()).unwrap().map(|it| it.unwrap().path()).collect())
    }

    fn start_in(mut self, workdir: &OsStr) -> Running {
        let count = r#"builtin echo "$rc ${KEPT-lost}" >>"$XQUTE_JOB_METADIR/ended""#;
        self.fragments.end.push(("counter".into(), count.to_owned()));
        let workdir = self.folder.path().join(workdir);
        let files = JobFiles::new(workdir.as_path().into(), 3);
        fs::create_dir_all(files.metadir()).unwrap();
        let script = files.script("local");
        fs::write(&script, self.render(&files)).unwrap();
        let log = File::options().create(true).append(true).open(files.script_log()).unwrap();
        let child = Command::new("bash")
            .arg(script)
            .current_dir(self.folder.path())
            .env("XQUTE_JOB_METADIR", files.metadir())
            .envs(self.env)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .process_group(0)
            .spawn()
            .unwrap();
        Running { child, files, folder: self.folder }
    }

    fn render(&self, files: &JobFiles) -> Vec<u8> {
        render(&Script {
            index: 3,
            argv: &self.argv,
            files,
            fragments: &self.fragments,
            prescript: self.prescript.as_deref(),
            postscript: self.postscript.as_deref(),
        })
    }
}

/// A script that runs.
pub(super) struct Running {
    child: Child,
    files: JobFiles,
    folder: TempDir,
}

impl Running {
    /// Waits until the script, or its command, has made this file in the job's directory.
    pub(super) fn until(mut self, file: &str) -> Self {
        let path = self.files.metadir().join(file);
        self.poll(|_| path.exists().then_some(()));
        self
    }

    /// SIGTERM to all of its process group.
    pub(super) fn term(self) -> Self {
        kill_process_group(Pid::from_child(&self.child), Signal::TERM).unwrap();
        self
    }

    /// Makes a file in the job's directory.
    pub(super) fn make(self, file: &str) -> Self {
        File::create(self.files.metadir().join(file)).unwrap();
        self
    }

    pub(super) fn wait(mut self) -> Ended {
        let status = self.poll(|child| child.try_wait().unwrap());
        let read = |path: PathBuf| fs::read(path).unwrap_or_default();
        let text = |path: PathBuf| String::from_utf8_lossy(&read(path)).into_owned();
        Ended {
            code: status.code(),
            rc: text(self.files.rc()),
            status: text(self.files.status()),
            stdout: read(self.files.stdout()),
            stderr: text(self.files.stderr()),
            log: text(self.files.script_log()),
            ended: text(self.files.metadir().join("ended")),
            files: self.files,
            _folder: self.folder,
        }
    }

    fn poll<T>(&mut self, mut look: impl FnMut(&mut Child) -> Option<T>) -> T {
        let begun = Instant::now();
        loop {
            if let Some(seen) = look(&mut self.child) {
                return seen;
            }
            if begun.elapsed() > TOO_LONG {
                let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
                panic!("the script hangs: {}", fs::read_to_string(self.files.script_log()).unwrap());
            }
            thread::sleep(Duration::from_micros(500));
        }
    }
}

/// A script that has ended, and all that it left.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) code: Option<i32>,
    pub(super) rc: String,
    pub(super) status: String,
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: String,
    pub(super) log: String,
    pub(super) ended: String,
    pub(super) files: JobFiles,
    _folder: TempDir,
}

impl Ended {
    /// The command was run, and all agree that this is its exit code.
    #[track_caller]
    pub(super) fn ran(self, rc: i32) -> Self {
        assert_eq!(self.stdout, b"ran\n", "{self:?}");
        self.ended_with(rc, "lost")
    }

    /// The command was not run; all agree on this code, and the log says that `place` is why.
    #[track_caller]
    pub(super) fn did_not_run(self, rc: i32, place: &str) -> Self {
        self.did_not_run_but_kept(rc, place, "lost")
    }

    /// The same, and the end saw the variables of the shell that ended.
    #[track_caller]
    pub(super) fn did_not_run_but_kept(self, rc: i32, place: &str, kept: &str) -> Self {
        assert_eq!(self.stdout, b"", "{self:?}");
        let line = format!("xqute: the command was not run: exit code {rc} in {place}\n");
        assert!(self.log.contains(&line), "{self:?}");
        self.ended_with(rc, kept)
    }

    /// All agree on this code, and the end ran once.
    #[track_caller]
    pub(super) fn ended_with(self, rc: i32, kept: &str) -> Self {
        assert_eq!(self.ended, format!("{rc} {kept}\n"), "{self:?}");
        assert_eq!(self.code, Some(rc), "{self:?}");
        assert_eq!(self.rc, format!("{rc}\n"), "{self:?}");
        assert_eq!(self.status, if rc == 0 { "6\n" } else { "7\n" }, "{self:?}");
        for file in [self.files.rc(), self.files.status()] {
            assert!(!JobFiles::unfinished(&file).exists(), "{self:?}");
        }
        self
    }
}
