//! One list of jobs, run again and again until no more of it is left, with a kill in each run.

use std::fs;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::dice::Dice;
use super::proof::{Asked, Verdict, WORK, read, writes};

const JOBS: usize = 12;
/// A round that takes longer hangs.
const LONGEST: Duration = Duration::from_secs(120);

/// Who is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Victim {
    Program,
    /// What looks after its jobs.
    Supervisor,
}

pub(crate) struct Round {
    dir: TempDir,
    asked: Vec<Asked>,
    options: Vec<String>,
}

impl Round {
    /// Jobs that are short or long, that fail, or fail at first.
    pub(crate) fn new(dice: &mut Dice, options: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("work"), WORK).unwrap();
        fs::write(dir.path().join("proof"), "").unwrap();
        let job = |_| {
            let millis = [0, 0, dice.roll(50), dice.roll(300), dice.roll(600)][dice.roll(5) as usize];
            let code = if dice.roll(6) == 0 { 3 } else { 0 };
            Asked { millis, code, first: if dice.roll(4) == 0 { 1 } else { code } }
        };
        let asked = (0..JOBS).map(job).collect();
        Self { dir, asked, options: options.iter().map(|it| (*it).to_owned()).collect() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A command for each job, one a line.
    fn list(&self) -> String {
        let line = |(index, Asked { millis, code, first }): (usize, &Asked)| {
            format!("sh work proof {index} {}.{:03} {code} {first}\n", millis / 1000, millis % 1000)
        };
        self.asked.iter().enumerate().map(line).collect()
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xqute"));
        command.args(["run", "--progress", "never", "--no-print", "-j4", "-w", "w", "--num-retries", "1"]);
        command.args(["--retry-delay", "0"]).args(&self.options).current_dir(self.dir.path());
        let told = fs::File::options().append(true).create(true).open(self.path("told")).unwrap();
        command.stdout(Stdio::null()).stderr(told);
        command
    }

    fn start(&self) -> Child {
        fs::write(self.path("list"), self.list()).unwrap();
        self.command().args(["-a", "list"]).stdin(Stdio::null()).spawn().unwrap()
    }

    /// With the first job alone; the others are to be written to it.
    pub(crate) fn start_slowly(&self) -> (Child, ChildStdin) {
        let mut program = self.command().stdin(Stdio::piped()).spawn().unwrap();
        let mut list = program.stdin.take().unwrap();
        let first = self.list().find('\n').map_or(0, |it| it + 1);
        list.write_all(&self.list().as_bytes()[..first]).unwrap();
        (program, list)
    }

    /// Until the engine has made a job's directory.
    pub(crate) fn wait_for_engine(&self) {
        while !self.path("w/0").exists() {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    pub(crate) fn rest_of_list(&self) -> String {
        self.list().split_once('\n').unwrap().1.to_owned()
    }

    /// Runs the list until it is done. Returns when after the start of a run a kill fell while a job ran, in milliseconds.
    pub(crate) fn run(&self, victims: &[Victim], dice: &mut Dice) -> Vec<u64> {
        let (begun, mut felled) = (Instant::now(), Vec::new());
        loop {
            assert!(begun.elapsed() < LONGEST, "the round hangs: {}", self.tell());
            let (mut program, started) = (self.start(), Instant::now());
            let status = loop {
                if victims.is_empty() {
                    break program.wait().unwrap();
                }
                std::thread::sleep(Duration::from_millis(dice.roll(400)));
                let ran = self.has_running();
                let at = u64::try_from(started.elapsed().as_millis()).unwrap();
                let killed: Vec<bool> = victims.iter().map(|it| self.kill(*it, &mut program)).collect();
                let ended = program
                    .try_wait()
                    .unwrap()
                    .or_else(|| victims.contains(&Victim::Program).then(|| program.wait().unwrap()));
                if ran && killed.iter().all(|it| *it) && ended.is_none_or(|it| it.signal() == Some(9)) {
                    felled.push(at);
                }
                if let Some(status) = ended {
                    break status;
                }
                assert!(begun.elapsed() < LONGEST, "the round hangs: {}", self.tell());
            };
            if let Some(code) = status.code() {
                assert!(code == 0 || code == 1, "{}", self.tell());
                return felled;
            }
            assert_eq!(status.signal(), Some(9));
        }
    }

    /// Whether there was such a process.
    fn kill(&self, victim: Victim, program: &mut Child) -> bool {
        if victim == Victim::Program {
            return program.kill().is_ok();
        }
        let here = self.dir.path().canonicalize().unwrap();
        let processes = fs::read_dir("/proc").unwrap().map(|it| it.unwrap().path());
        let mut supervisors = processes.filter(|it| {
            fs::read(it.join("cmdline")).is_ok_and(|words| words.starts_with(b"xqute-supervisor"))
                && fs::read_link(it.join("cwd")).is_ok_and(|cwd| cwd == here)
        });
        supervisors.next().is_some_and(|it| {
            let pid = it.file_name().unwrap().to_owned();
            Command::new("kill").arg("-KILL").arg(pid).status().unwrap().success()
        })
    }

    /// Whether a job has said that it started and not that it ended.
    fn has_running(&self) -> bool {
        read(&self.path("proof")).values().any(|it| it.starts > it.good + it.bad)
    }

    /// What the run says of its jobs, beside what they say of themselves.
    pub(crate) fn judge(&self) -> Verdict {
        let indices: Vec<String> = (0..JOBS).map(|it| it.to_string()).collect();
        let mut status = Command::new(env!("CARGO_BIN_EXE_xqute"));
        status.args(["status", "--json", "-w", "w"]).args(&indices).current_dir(self.dir.path());
        let told = status.output().unwrap();
        let told: serde_json::Value = serde_json::from_slice(&told.stdout).unwrap();
        let happened = read(&self.path("proof"));
        let mut verdict = Verdict { jobs: JOBS, ..Verdict::default() };
        for index in 0..JOBS {
            let state = told["jobs"][index]["state"].as_str().unwrap_or("lost").to_owned();
            let here = happened.get(&index).copied().unwrap_or_default();
            verdict.lost += usize::from(!matches!(&*state, "succeeded" | "failed"));
            verdict.doubled += here.good.saturating_sub(1);
            verdict.unknown += usize::from(here.good > 1 && self.says_unknown(index));
            verdict.falsely_failed += usize::from(state == "failed" && here.good > 0);
            verdict.falsely_succeeded += usize::from(state == "succeeded" && here.good == 0);
            verdict.overlapped += here.overlaps;
            verdict.spoilt += usize::from(self.is_spoilt(index));
        }
        verdict
    }

    /// Whether a run has told that it does not know how an attempt of the job ended.
    fn says_unknown(&self, index: usize) -> bool {
        let told = fs::read_to_string(self.path("told")).unwrap();
        told.lines().any(|line| line.contains(&format!("job {index} ")) && line.contains("not known"))
    }

    fn is_spoilt(&self, index: usize) -> bool {
        let kept = [None, Some("--stderr")].map(|stream| {
            let mut cat = Command::new(env!("CARGO_BIN_EXE_xqute"));
            cat.args(["cat", "-w", "w", &index.to_string()]).args(stream).current_dir(self.dir.path());
            String::from_utf8_lossy(&cat.output().unwrap().stdout).into_owned()
        });
        kept != writes(index)
    }

    /// All that is known, for who has to find out.
    pub(crate) fn tell(&self) -> String {
        let text = |name: &str| fs::read_to_string(self.path(name)).unwrap_or_default();
        format!("{:?}\nproof:\n{}told:\n{}", self.asked, text("proof"), text("told"))
    }
}
