//! What does a test of jobs that outlive their program need? Jobs that wait until they are told to end, and a way to see who
//! looks after them.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use xqute::WorkDirView;
use xqute::backend::Left;

pub(crate) struct Scene {
    dir: tempfile::TempDir,
    up: BufReader<File>,
    gate: File,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        // Open for both sides: nobody waits for the other, not even a job that runs again.
        let fifo = |name: &str| {
            let path = dir.path().join(name);
            assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
            File::options().read(true).write(true).open(path).unwrap()
        };
        let (up, gate) = (BufReader::new(fifo("up")), fifo("gate"));
        Self { dir, up, gate }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A program that runs so many jobs, three at once. Each says its process, waits for the gate, adds its number to `log`, and
    /// exits with it.
    pub(crate) fn program(&self, jobs: usize, workdirs: &[&Path]) -> Child {
        self.command(jobs, workdirs).spawn().unwrap()
    }

    pub(crate) fn command(&self, jobs: usize, workdirs: &[&Path]) -> Command {
        let list: String = (0..jobs).map(|number| self.line(number)).collect();
        fs::write(self.path("list"), list).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_outlive"));
        command.arg("3").arg(self.path("list")).args(workdirs).stdout(Stdio::piped());
        command
    }

    /// The same in a program that does not call `supervise()`.
    pub(crate) fn unsupervised(&self, jobs: usize, workdirs: &[&Path]) -> Child {
        self.command(jobs, workdirs).env("UNSUPERVISED", "1").spawn().unwrap()
    }

    fn line(&self, number: usize) -> String {
        let script = "echo $$ >$1/up; read x <$1/gate; echo $2 >>$1/log; exit $2";
        format!("sh -c '{script}' sh {} {number}\n", self.dir.path().display())
    }

    /// Waits for a job to begin: its process.
    pub(crate) fn up(&mut self) -> u32 {
        let mut line = String::new();
        self.up.read_line(&mut line).unwrap();
        line.trim().parse().unwrap()
    }

    /// Lets so many jobs end.
    pub(crate) fn open(&mut self, jobs: usize) {
        self.gate.write_all("\n".repeat(jobs).as_bytes()).unwrap();
    }

    /// The numbers of the jobs that came to their end, each time that they did.
    pub(crate) fn log(&self) -> Vec<usize> {
        let log = fs::read_to_string(self.path("log")).unwrap_or_default();
        let mut numbers: Vec<usize> = log.lines().map(|it| it.parse().unwrap()).collect();
        numbers.sort_unstable();
        numbers
    }
}

/// The attempts that the last run of a work directory has left.
pub(crate) fn left(workdir: &Path, jobs: usize) -> Vec<Left> {
    let view = WorkDirView::open(workdir).unwrap();
    let run = view.runs().last().unwrap().id.clone();
    (0..jobs).map(|index| Left::new(run.as_str().into(), index, 0)).collect()
}

/// Returns when nobody looks after jobs of a work directory any more.
pub(crate) fn supervisor_is_gone(workdir: &Path) {
    File::options().append(true).open(workdir.join("local.lock")).unwrap().lock().unwrap();
}

/// Who has started a job: its process, which says what it is.
pub(crate) fn supervisor(job: u32) -> u32 {
    let supervisor = parent(job).unwrap();
    let words = fs::read(format!("/proc/{supervisor}/cmdline")).unwrap();
    assert_eq!(words, b"xqute-supervisor\0");
    supervisor
}

/// Ends a process where it stands.
pub(crate) fn kill(process: u32) {
    assert!(Command::new("kill").args(["-KILL", &process.to_string()]).status().unwrap().success());
}

/// Ends a program where it stands.
pub(crate) fn kill_program(mut program: Child) {
    program.kill().unwrap();
    program.wait().unwrap();
}

/// The processes whose parent is this one.
pub(crate) fn children(of: u32) -> Vec<u32> {
    let all = fs::read_dir("/proc").unwrap();
    let pids = all.filter_map(|it| it.unwrap().file_name().to_str()?.parse().ok());
    pids.filter(|pid| parent(*pid) == Some(of)).collect()
}

/// Who looks after a job in a program without a supervisor: its parent, which says what it is.
pub(crate) fn guardian(job: u32) -> u32 {
    let guardian = parent(job).unwrap();
    assert_eq!(fs::read_to_string(format!("/proc/{guardian}/comm")).unwrap(), "xqute-guard\n");
    guardian
}

/// Returns when a process is gone.
pub(crate) fn is_gone(process: u32) {
    while Path::new(&format!("/proc/{process}")).exists() {
        std::thread::yield_now();
    }
}

fn parent(process: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}
