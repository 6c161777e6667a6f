//! What if the disk is full, at whichever write? The run stops and says why, no job is blamed, and the next run goes on.
//!
//! Each case leaves a little more room than the one before, from none at all until all jobs pass, so that every write of a
//! run is once the one that there is no room for.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod looks;
mod tmpfs;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;
use xqute::{
    Error, Events, Failure, FeedError, Moment, Outcome, RunError, RunEvent, Summary, Xqute, XquteBuilder,
};
use xqute_tests::ledger::Ledger;

use tmpfs::{Room, Tmpfs};

/// These scenes are two targets: `disk`, where the jobs are looked after by a thread of this program, and `disk-supervised`. A
/// harness has no first line of `main`: this runs before it.
#[used]
#[expect(unsafe_code, reason = "a function before `main`; no code is unsafe")]
#[unsafe(link_section = ".init_array")]
static BEFORE_MAIN: extern "C" fn() = {
    extern "C" fn before_main() {
        if env!("CARGO_CRATE_NAME") == "disk_supervised" {
            xqute::supervise();
        }
    }
    before_main
};

/// Nothing here takes a second: this is for ever.
const FOR_EVER: Duration = Duration::from_secs(120);

/// What the run on the full disk does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Its jobs are run as they are.
    Direct,
    /// There is one job: what comes before it is not mixed with what becomes of others.
    Alone,
    /// Its jobs are run in scripts.
    Wrapped,
    /// Its jobs have failed before, are run again, and what their first attempts left is kept.
    Again,
}

impl Way {
    /// A job in a script takes its time, and has more writes of its own.
    fn jobs(self) -> usize {
        match self {
            Self::Direct | Self::Again => 10,
            Self::Alone => 1,
            Self::Wrapped => 4,
        }
    }
}

/// What becomes short.
#[derive(Debug, Clone, Copy)]
enum Short {
    Blocks,
    Inodes,
    /// Both, so that now the one and now the other is missing; and to several jobs at once.
    Both,
}

impl Short {
    /// One job after the other, so that each write of a job is once the first one without room.
    fn forks(self) -> usize {
        match self {
            Self::Blocks | Self::Inodes => 1,
            Self::Both => 3,
        }
    }

    /// How much more there is each time.
    fn step(self) -> usize {
        match self {
            Self::Blocks | Self::Inodes => 1,
            Self::Both => 3,
        }
    }

    fn room(self, left: u64) -> Room {
        match self {
            Self::Blocks => Room { blocks: Some(left), inodes: None },
            Self::Inodes => Room { blocks: None, inodes: Some(left) },
            Self::Both => Room { blocks: Some(left * 2 / 3), inodes: Some(left) },
        }
    }
}

/// A run on a disk of its own; what its jobs tell lies on another.
#[derive(Debug)]
struct Scene {
    way: Way,
    /// What is told of it if something is wrong.
    case: String,
    ledger: Ledger,
    disk: Tmpfs,
    dir: TempDir,
}

/// What came of a run.
#[derive(Debug)]
struct Came {
    summary: Result<Summary, String>,
    /// Which jobs it said have succeeded.
    succeeded: BTreeSet<usize>,
    /// Those that it said have failed or were killed.
    blamed: Vec<String>,
}

impl Scene {
    fn new(way: Way, case: String) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (ledger, disk) = (Ledger::new(dir.path()), Tmpfs::mount(&dir.path().join("disk")));
        Self { way, case, ledger, disk, dir }
    }

    fn workdir(&self) -> PathBuf {
        self.dir.path().join("disk/work")
    }

    fn builder(&self) -> XquteBuilder {
        let builder = Xqute::builder().workdir(self.workdir()).retry_failed(true);
        if self.way == Way::Wrapped { builder.prescript(":").postscript(":") } else { builder }
    }

    /// Has all jobs fail, where they are to be run again.
    async fn prepare(&self) {
        if self.way == Way::Again {
            let jobs = self.way.jobs();
            (0..jobs).for_each(|job| self.ledger.does(job, "exit 3"));
            let came = self.run(self.builder().forks(jobs)).await;
            assert_eq!(came.summary.unwrap().counts.failed, jobs);
            (0..jobs).for_each(|job| self.ledger.does(job, ""));
        }
    }

    /// Runs the list, as far as that goes.
    async fn run(&self, builder: XquteBuilder) -> Came {
        let run = match builder.build() {
            Ok(run) => run,
            Err(Error::Build(error)) => {
                let made = self.way != Way::Again && self.workdir().exists();
                assert!(!made, "{}: something is left of a run that is none", self.case);
                return told(Err(error.to_string()));
            }
            Err(other) => panic!("{}: {other}", self.case),
        };
        let events = run.events();
        self.feed(&run).await;
        let ended = tokio::time::timeout(FOR_EVER, run.run_until_complete()).await;
        let ended = ended.unwrap_or_else(|_| panic!("{}: the run hangs", self.case));
        let left = processes_of(&self.workdir());
        assert!(left.is_empty(), "{}: processes are left: {left:?}", self.case);
        drop(run);
        let mut came = told(ended.map_err(|error| match &error {
            Error::Ended(why) if matches!(**why, RunError::Storage(_)) => error.to_string(),
            other => panic!("{}: {other}", self.case),
        }));
        came.hear(events).await;
        came
    }

    /// Until all are fed, or the run takes no more.
    async fn feed(&self, run: &Xqute) {
        for number in 0..self.way.jobs() {
            // So long that the journal needs another block before the job can be submitted.
            let words = self.ledger.words(number).into_iter().chain(["x".repeat(5000)]);
            match run.feed(words.collect::<Vec<_>>()).await {
                Ok(index) => assert_eq!(index, number),
                Err(Error::Feed(FeedError::Stopping | FeedError::Closed)) => return,
                Err(other) => panic!("{}: {other}", self.case),
            }
        }
    }
}

fn told(summary: Result<Summary, String>) -> Came {
    Came { summary, succeeded: BTreeSet::new(), blamed: Vec::new() }
}

impl Came {
    async fn hear(&mut self, mut events: Events) {
        while let Some(event) = events.next().await {
            match event {
                RunEvent::Reached(Moment::Succeeded, job) => assert!(self.succeeded.insert(job.index())),
                // What could not be written down about it may be its end.
                RunEvent::Reached(Moment::Failed, job)
                    if matches!(job.outcome().and_then(Outcome::failure), Some(Failure::Unknown(_))) =>
                {
                    assert!(job.will_retry());
                }
                RunEvent::Reached(Moment::Failed | Moment::Killed, job) => {
                    self.blamed.push(format!("job {} {:?}", job.index(), job.outcome()));
                }
                RunEvent::Reached(..) => {}
                missed => panic!("{missed:?}"),
            }
        }
    }
}

/// The processes that run in a job of this work directory: what starts one tells it so in its environment.
fn processes_of(workdir: &Path) -> Vec<PathBuf> {
    let mark = [b"XQUTE_METADIR=", workdir.as_os_str().as_bytes(), b"\0"].concat();
    let is_of = |process: &PathBuf| {
        // Not all in `/proc` are processes, and those may end at any time.
        fs::read(process.join("environ")).is_ok_and(|it| it.windows(mark.len()).any(|it| it == mark))
    };
    fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path()).filter(is_of).collect()
}

/// A run with so little room, then one with plenty; gives what came of the first.
async fn twice(way: Way, short: Short, left: u64) -> Came {
    let scene = Scene::new(way, format!("{way:?}, {left} {short:?} left"));
    let (case, jobs) = (&scene.case, way.jobs());
    scene.prepare().await;
    let before = scene.ledger.counts();
    scene.disk.leave(short.room(left));
    let first = scene.run(scene.builder().forks(short.forks())).await;
    let between = scene.ledger.counts();
    assert!(first.blamed.is_empty(), "{case}: jobs are blamed: {:?}", first.blamed);
    let ran = more(&before, &between);
    assert!(
        ran.values().all(|it| *it == 1) && first.succeeded.iter().all(|it| ran.contains_key(it)),
        "{case}: {ran:?}"
    );
    match &first.summary {
        Ok(summary) => assert_eq!((summary.counts.succeeded, ran.len()), (jobs, jobs), "{case}: {summary}"),
        Err(why) => assert!(why.contains("No space left on device"), "{case}: {why}"),
    }

    scene.disk.leave(Room::default());
    let second = scene.run(scene.builder().forks(2)).await;
    let summary = second.summary.unwrap_or_else(|why| panic!("{case}, then plenty: {why}"));
    assert!(summary.is_success() && second.blamed.is_empty(), "{case}, then plenty: {summary}");
    let counts = summary.counts;
    assert_eq!(counts.done_before + counts.succeeded, jobs, "{case}: {counts}");
    let again = more(&between, &scene.ledger.counts());
    assert!(again.values().all(|it| *it == 1), "{case}: {counts}, {again:?}");
    // What ended in the first run, and could not be written down there, is known to the second, and does not run again.
    assert!(again.len() <= counts.succeeded, "{case}: {counts}, {again:?}");
    for job in 0..jobs {
        assert!(ran.contains_key(&job) || again.contains_key(&job), "{case}: job {job} never ran");
        let twice = first.succeeded.contains(&job) && again.contains_key(&job);
        assert!(!twice, "{case}: job {job} had succeeded, and ran again");
    }
    first
}

/// How often jobs ran between two countings, those that did.
fn more(before: &BTreeMap<usize, usize>, after: &BTreeMap<usize, usize>) -> BTreeMap<usize, usize> {
    let since = |(job, count): (&usize, &usize)| (*job, count - before.get(job).unwrap_or(&0));
    after.iter().map(since).filter(|(_, count)| *count > 0).collect()
}

/// From no room at all to enough. Each of these writes was once the one that there was no room for.
async fn until_there_is_room(way: Way, short: Short, writes: &[&str]) {
    if tmpfs::passes_as_root() {
        return;
    }
    let mut told = Vec::new();
    for left in (0..).step_by(short.step()) {
        assert!(left < 1000, "{way:?}: there is never room enough: {told:?}");
        match twice(way, short, left).await {
            Came { summary: Ok(_), .. } => break,
            Came { summary: Err(why), succeeded, .. } => {
                let nothing = left == 0 && way != Way::Again;
                assert!(!nothing || succeeded.is_empty(), "{succeeded:?} have succeeded without any room");
                told.push(why);
            }
        }
    }
    for write in writes {
        let hit = told.iter().any(|it| it.contains(write));
        assert!(hit, "{way:?}, {short:?}: `{write}` always had room:\n{}", told.join("\n"));
    }
}

#[tokio::test]
async fn a_run_for_which_there_are_too_few_blocks_goes_on_when_there_are_more() {
    let writes =
        ["cannot use the journal", "the journal cannot be written", "job.jid: ", "job.rc: ", "job.status: "];
    until_there_is_room(Way::Direct, Short::Blocks, &writes).await;
    until_there_is_room(Way::Alone, Short::Blocks, &["cannot start jobs from the work directory"]).await;
}

#[tokio::test]
async fn a_run_for_which_there_are_too_few_inodes_goes_on_when_there_are_more() {
    let writes = [
        "cannot use the work directory",
        "cannot use the journal",
        "cannot make ",
        "cannot start jobs from the work directory",
        "a job's output to ",
        "job.stdout: ",
        "job.stderr: ",
        "job.jid: ",
        "job.rc: ",
        "job.status: ",
    ];
    until_there_is_room(Way::Direct, Short::Inodes, &writes).await;
}

#[tokio::test]
async fn a_run_for_which_there_is_too_little_of_both_goes_on_when_there_is_more() {
    until_there_is_room(Way::Direct, Short::Both, &[]).await;
    until_there_is_room(Way::Wrapped, Short::Both, &[]).await;
}

#[tokio::test]
async fn jobs_in_scripts_for_which_there_are_too_few_blocks_are_run_when_there_are_more() {
    let writes = ["the journal cannot be written", "job.wrapped.local: ", "job.jid: ", "job.rc: "];
    until_there_is_room(Way::Wrapped, Short::Blocks, &writes).await;
}

#[tokio::test]
async fn jobs_in_scripts_for_which_there_are_too_few_inodes_are_run_when_there_are_more() {
    let writes = ["cannot make ", "job.wrapped.local: ", "job.stdout: ", "job.stderr: ", "job.wrapped.log: "];
    until_there_is_room(Way::Wrapped, Short::Inodes, &writes).await;
}

#[tokio::test]
async fn attempts_whose_last_ones_cannot_be_kept_are_made_when_they_can() {
    until_there_is_room(Way::Again, Short::Inodes, &["job.retry: ", "job.retry/0: ", "a job's output to "])
        .await;
    until_there_is_room(Way::Again, Short::Blocks, &["job.jid: ", "job.rc: "]).await;
}
