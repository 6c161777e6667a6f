//! Is what people and the next run read the same afterwards, and the journal as large as its jobs?

use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::store::frame::HEADER;
use crate::store::holder::Holder;
use crate::store::samples::written;
use crate::store::words::{Bytes, Words};
use crate::store::{JobView, Journal, Past, PastState, RunView, WorkDirView};

const JOBS: usize = 5;

/// What a run makes of a job.
#[derive(Debug, Clone, Copy)]
enum Life {
    Passed,
    Vetoed,
    Succeeds,
    /// After so many attempts that failed.
    Fails(u32),
    /// Before its turn.
    Stopped,
    /// After so many attempts that failed, while it ran.
    Killed(u32),
    /// The program ended after so many records.
    Crashed(usize),
}

#[derive(Debug, Clone)]
pub(in crate::store) struct Ran {
    lives: [Life; JOBS],
    /// Under its name, with another command.
    fed_again: Option<usize>,
    done: bool,
}

fn life() -> impl Strategy<Value = Life> {
    prop_oneof![
        3 => Just(Life::Passed),
        1 => Just(Life::Vetoed),
        3 => Just(Life::Succeeds),
        2 => (0..4_u32).prop_map(Life::Fails),
        1 => Just(Life::Stopped),
        1 => (0..3_u32).prop_map(Life::Killed),
        1 => (0..9_usize).prop_map(Life::Crashed),
    ]
}

prop_compose! {
    pub(in crate::store) fn ran()(
        lives in proptest::array::uniform5(life()),
        fed_again in proptest::option::of(0..JOBS),
        done: bool,
    ) -> Ran {
        Ran { lives, fed_again, done }
    }
}

fn fed(index: usize, digest: u8) -> [Record<'static>; 2] {
    let argv = Words::Read(vec![Bytes(b"echo"), Bytes(b"a")]);
    let name = ["a", "b", "c", "d", "e"][index];
    [
        Record::Fed { index, digest: [digest; 16], name: Some(name), argv, cwd: None },
        Record::Environment { index, names: Words::Read(vec![Bytes(b"A")]) },
    ]
}

fn attempt(index: usize, attempt: u32, when: u64, started: bool) -> Vec<Record<'static>> {
    let mut records = vec![
        Record::Submitting { index, attempt },
        Record::Submitted { index, attempt, jid: "7", process: None, when },
    ];
    records.extend(started.then_some(Record::Started { index, attempt, when }));
    records
}

fn failed(index: usize, number: u32, when: u64) -> Vec<Record<'static>> {
    let mut records = attempt(index, number, when, true);
    records.push(Record::Failed { index, attempt: number, why: "exit", rc: Some(1), usage: None, when });
    records.push(Record::Retry { index, attempt: number, used: number + 1, retries: 9, wait: 5, when });
    records
}

fn records(index: usize, life: Life, when: u64) -> Vec<Record<'static>> {
    let ended =
        |attempt, status| Record::Ended { index, attempt, status, why: "so", rc: None, usage: None, when };
    let tries = |tries: u32| (0..tries).flat_map(|it| failed(index, it, when)).collect::<Vec<_>>();
    let unstarted = Record::Unstarted { index, why: "halted", when };
    match life {
        Life::Passed => Vec::new(),
        Life::Vetoed => vec![ended(0, 9)],
        Life::Succeeds => [attempt(index, 0, when, true), vec![ended(0, 6)]].concat(),
        Life::Fails(count) => {
            [tries(count), attempt(index, count, when, true), vec![ended(count, 7)]].concat()
        }
        Life::Stopped => vec![unstarted],
        Life::Killed(count) => {
            [tries(count), attempt(index, count, when, count != 1), vec![unstarted]].concat()
        }
        Life::Crashed(after) => {
            let mut records = [tries(2), attempt(index, 2, when, true)].concat();
            records.truncate(after);
            records
        }
    }
}

pub(in crate::store) fn history(runs: &[Ran]) -> Vec<Record<'static>> {
    let mut all = Vec::new();
    for (number, ran) in runs.iter().enumerate() {
        let when = 1000 + number as u64;
        let cwd = Bytes(if number % 2 == 0 { b"/even" } else { b"/odd" });
        // It is gone, so that what it left is unfinished.
        let holder = Holder { start: 1, ..Holder::this_process() };
        all.push(Record::Run { id: "r", version: "", scheduler: "local", holder, when });
        all.push(Record::RunIn { cwd });
        if number == 0 {
            all.extend((0..JOBS).flat_map(|index| fed(index, 0)));
        }
        all.extend(ran.fed_again.into_iter().flat_map(|index| fed(index, number as u8)));
        for (index, life) in ran.lives.iter().enumerate() {
            all.extend(records(index, *life, when));
        }
        all.extend(ran.done.then_some(Record::Done { when }));
    }
    all
}

fn on_disk(records: &[Record<'_>]) -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal");
    fs::write(&path, written(records).bytes).unwrap();
    (dir, path)
}

/// Digest, name and state of each job.
type Jobs = Vec<(Option<[u8; 16]>, Option<String>, PastState)>;

/// What the next run reads, and how many records that is of.
fn past(path: &Path) -> (Jobs, u64) {
    let mut reader = Reader::new(File::open(path).unwrap(), path).unwrap();
    let (past, damage) = Past::read(&mut reader).unwrap();
    assert_eq!(damage, []);
    let job = |index| {
        let job: &crate::store::past::PastJob = past.get(index).unwrap();
        (job.digest.map(|it| it.0), job.name.as_deref().map(str::to_owned), job.state)
    };
    ((0..past.len()).map(job).collect(), past.records)
}

/// What people read.
fn seen(dir: &TempDir) -> (Vec<JobView>, usize, Vec<RunView>) {
    let mut view = WorkDirView::open(dir.path()).unwrap();
    let jobs = (0..view.len()).map(|it| view.job(it).unwrap().unwrap()).collect();
    let runs: Vec<_> = view.runs().cloned().collect();
    let last = runs.iter().rev().take(LAST_RUNS).cloned().collect();
    (jobs, view.run_again(), last)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_read_is_the_same_and_the_rest_is_gone(runs in proptest::collection::vec(ran(), 1..60)) {
        let records = history(&runs);
        let (dir, path) = on_disk(&records);
        let ((before, all), looked) = (past(&path), seen(&dir));
        let left_out = compact(&path).unwrap();
        let (after, kept) = past(&path);
        prop_assert_eq!((after, seen(&dir)), (before, looked));
        prop_assert_eq!(kept, left_out.map_or(all, |it| all - it + 1));
        // An attempt has at most five records, and what has not ended keeps those before it.
        let most = JOBS as u64 * (2 + 3 * 5 + 5) + (LAST_RUNS + 2 * JOBS) as u64 * 3 + 1;
        prop_assert!(left_out.is_none() || kept <= most, "{} records are kept of {}", kept, all);
        prop_assert!(left_out.is_some() || all <= 2 * most);
        prop_assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}

/// Ten jobs that were run again and again.
fn much() -> Vec<Record<'static>> {
    let again = Ran { lives: [Life::Fails(3); JOBS], fed_again: None, done: true };
    history(&vec![again; 300])
}

#[test]
fn a_crash_at_any_moment_leaves_the_old_journal_or_the_new_one() {
    let (dir, path) = on_disk(&much());
    let old = fs::read(&path).unwrap();
    let (before, looked) = (past(&path).0, seen(&dir));
    compact(&path).unwrap().unwrap();
    let new = fs::read(&path).unwrap();
    assert!(new.len() * 10 < old.len(), "{} of {}", new.len(), old.len());
    let unfinished = dir.path().join("journal.new");
    // Before the renaming the new one is beside the old one, whole or not; then there is only the new one.
    for length in (0..=new.len()).step_by(97) {
        fs::write(&path, &old).unwrap();
        fs::write(&unfinished, &new[..length]).unwrap();
        assert_eq!(seen(&dir), looked, "who looks takes no notice of it");
        let opened = Journal::open(&path, false, Vec::new()).unwrap();
        assert_eq!((opened.damage.len(), unfinished.exists()), (0, false), "{length}");
        drop(opened);
        assert_eq!((past(&path).0, seen(&dir)), (before.clone(), looked.clone()), "{length}");
    }
}

#[test]
fn a_run_that_opens_a_large_journal_makes_it_small_and_goes_on_in_it() {
    let mut records = much();
    let long = "x".repeat(2 << 20);
    records.push(Record::Stopped { why: &long, by: None, when: 3 });
    let (dir, path) = on_disk(&records);
    let before = past(&path).0;
    let mut view = WorkDirView::open(dir.path()).unwrap();
    let mut opened = Journal::open(&path, false, Vec::new()).unwrap();
    assert!(past(&path).1 < 200);
    opened.records.push(&Record::run("next", "local", 9));
    opened.records.push(&Record::Submitting { index: 1, attempt: 0 });
    opened.journal.write(&mut opened.records).unwrap();
    drop(opened);
    assert_eq!(past(&path).0[0], before[0]);
    assert_eq!(past(&path).0[1].2, PastState::Begun { attempt: 0, started: false });
    // Who looked on meanwhile goes on too.
    view.refresh().unwrap();
    assert_eq!((&*view.runs().last().unwrap().id, view.len()), ("next", JOBS));
}

#[test]
fn what_is_needed_damaged_or_on_a_full_disk_stays_as_it_is() {
    let once = Ran { lives: [Life::Succeeds; JOBS], fed_again: None, done: true };
    let (dir, path) = on_disk(&history(&[once]));
    let bytes = fs::read(&path).unwrap();
    assert_eq!(compact(&path).unwrap(), None);
    assert_eq!(fs::read(&path).unwrap(), bytes);
    assert!(!is_due(SMALLEST, 1 << 30, 1) && !is_due(1 << 30, 5_000_100, 1_000_000));

    let mut damaged = written(&much()).bytes;
    damaged[HEADER + 200] ^= 1;
    fs::write(&path, &damaged).unwrap();
    assert!(compact(&path).is_err());
    assert_eq!(fs::read(&path).unwrap(), damaged);

    fs::write(&path, written(&much()).bytes).unwrap();
    // Where the new one would be is something that cannot be written.
    fs::create_dir(dir.path().join("journal.new")).unwrap();
    assert!(compact(&path).is_err());
    assert_eq!(fs::read(&path).unwrap(), written(&much()).bytes);
}
