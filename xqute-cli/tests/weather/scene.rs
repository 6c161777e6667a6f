//! What does a test of the machine's weather need? Jobs that write down what they did, a run of them that is killed, and one
//! that comes after it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Longer than anything here takes on a busy machine.
const LATEST: Duration = Duration::from_secs(60);

/// A job says that it has begun, waits until there is a file `go`, and says that it has ended.
const JOB: &str = "echo start $0 $$ >>proof; until test -e go; do sleep 0.02; done; echo end $0 >>proof";

/// A folder with a work directory `w`, and two jobs in it.
pub(crate) struct Scene(TempDir);

impl Scene {
    pub(crate) fn new() -> Self {
        let scene = Self(tempfile::tempdir().unwrap());
        fs::write(scene.path("proof"), "").unwrap();
        scene
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// `xqute`, after the words of another program that is to start it.
    pub(crate) fn xqute(&self, before: &[&str], words: &[&str]) -> Command {
        let words = before.iter().copied().chain([env!("CARGO_BIN_EXE_xqute")]).chain(words.iter().copied());
        let words: Vec<&str> = words.collect();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).current_dir(self.0.path()).stdin(Stdio::null());
        command
    }

    /// A run of the two jobs, with more options.
    pub(crate) fn run(&self, before: &[&str], options: &[&str]) -> Command {
        let run = ["run", "--progress", "never", "-j2", "-w", "w"];
        let jobs = ["sh", "-c", JOB, "{}", ":::", "0", "1"];
        self.xqute(before, &[&run, options, &jobs].concat())
    }

    /// Starts it, and waits until both jobs have begun.
    pub(crate) fn start(&self, before: &[&str], options: &[&str]) -> Child {
        let begun = self.starts();
        let mut command = self.run(before, options);
        let told = File::create(self.path("told")).unwrap();
        let program = command.stdout(Stdio::null()).stderr(told).spawn().unwrap();
        self.wait("both to begin", || self.starts() == begun + 2);
        program
    }

    pub(crate) fn wait(&self, what: &str, there: impl Fn() -> bool) {
        let begun = Instant::now();
        while !there() {
            assert!(begun.elapsed() < LATEST, "waited for {what}: {:?}", self.proof());
            sleep(Duration::from_millis(5));
        }
    }

    /// Lets the jobs end that run now or later.
    pub(crate) fn go(&self) {
        fs::write(self.path("go"), "").unwrap();
    }

    /// Runs the list to its end: the exit code, and what is told.
    pub(crate) fn again(&self) -> (Option<i32>, String) {
        self.go();
        // One that waits for a stranger ends as well, and is wrong.
        let Output { status, stderr, .. } = self.run(&["timeout", "60"], &[]).output().unwrap();
        (status.code(), String::from_utf8(stderr).unwrap())
    }

    /// What the journal tells.
    pub(crate) fn journal(&self) -> String {
        let journal = self.xqute(&[], &["journal", "-w", "w"]).output().unwrap();
        String::from_utf8(journal.stdout).unwrap()
    }

    fn proof(&self) -> Vec<String> {
        fs::read_to_string(self.path("proof")).unwrap().lines().map(str::to_owned).collect()
    }

    fn starts(&self) -> usize {
        self.proof().iter().filter(|it| it.starts_with("start ")).count()
    }

    /// The processes of the jobs, in the order of their starts.
    pub(crate) fn processes(&self) -> Vec<u32> {
        let number = |line: &String| line.strip_prefix("start ")?.split(' ').nth(1)?.parse().ok();
        self.proof().iter().filter_map(number).collect()
    }

    /// How often each job started and ended, as the jobs say.
    pub(crate) fn happened(&self) -> BTreeMap<String, (usize, usize)> {
        let mut jobs = BTreeMap::<String, (usize, usize)>::new();
        for line in self.proof() {
            let words: Vec<&str> = line.split(' ').collect();
            let job = jobs.entry(words[1].to_owned()).or_default();
            if words[0] == "start" { job.0 += 1 } else { job.1 += 1 }
        }
        jobs
    }

    /// Each job started and ended so often.
    pub(crate) fn assert_each(&self, starts: usize, ends: usize) {
        let each = [("0", (starts, ends)), ("1", (starts, ends))].map(|(it, often)| (it.to_owned(), often));
        assert_eq!(self.happened(), BTreeMap::from(each));
    }

    /// Kills the program alone.
    pub(crate) fn kill_program(&self, mut program: Child) {
        program.kill().unwrap();
        program.wait().unwrap();
    }

    /// Kills the program, and before it what looks after its jobs. They run on.
    pub(crate) fn kill_both(&self, program: Child) {
        kill(self.supervisor());
        self.kill_program(program);
        self.supervisor_is_gone();
    }

    /// And the jobs: what a power cut does.
    pub(crate) fn power_cut(&self, program: Child) {
        self.kill_both(program);
        self.processes().into_iter().for_each(kill);
    }

    /// Returns when nobody looks after jobs of the folder, and nobody is about to become one.
    pub(crate) fn supervisor_is_gone(&self) {
        File::options().append(true).open(self.path("w/local.lock")).unwrap().lock().unwrap();
    }

    /// What looks after the jobs of this folder.
    pub(crate) fn supervisor(&self) -> u32 {
        let here = self.0.path().canonicalize().unwrap();
        let mut processes = fs::read_dir("/proc").unwrap().map(|it| it.unwrap().path());
        let found = processes.find(|it| {
            fs::read(it.join("cmdline")).is_ok_and(|words| words.starts_with(b"xqute-supervisor"))
                && fs::read_link(it.join("cwd")).is_ok_and(|cwd| cwd == here)
        });
        found.unwrap().file_name().unwrap().to_str().unwrap().parse().unwrap()
    }
}

/// It may have ended already.
pub(crate) fn kill(process: u32) {
    Command::new("kill").args(["-KILL", &process.to_string()]).stderr(Stdio::null()).status().unwrap();
}

/// A process that has nothing to do with any run.
pub(crate) struct Bystander(Child);

impl Bystander {
    pub(crate) fn new() -> Self {
        Self(Command::new("sleep").arg("1000").spawn().unwrap())
    }

    pub(crate) fn pid(&self) -> u32 {
        self.0.id()
    }

    /// When it began, in ticks since boot.
    pub(crate) fn start(&self) -> u64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap();
        stat.rsplit(')').next().unwrap().split_whitespace().nth(19).unwrap().parse().unwrap()
    }

    /// Nobody has killed it, and nobody waits for it, since a run has ended.
    pub(crate) fn is_untouched(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }
}

impl Drop for Bystander {
    fn drop(&mut self) {
        // A test that fails has a message of its own.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
