//! Is what is seen with an index what is seen without, whatever became of it?

use std::io::Write;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::store::compact::tests::{history, ran};
use crate::store::samples::written;
use crate::store::{JobView, Journal, Record, RunView};

/// A journal that is written bit by bit, with an index.
struct Scene {
    dir: TempDir,
    bytes: Vec<u8>,
    writer: Writer,
    length: usize,
}

impl Scene {
    fn new(records: &[Record<'_>]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let bytes = written(records).bytes;
        fs::write(dir.path().join("journal"), &bytes[..HEADER]).unwrap();
        let writer = Writer::begin(&dir.path().join("journal")).unwrap();
        Self { dir, bytes, writer, length: HEADER }
    }

    /// Writes so much of what is left, wherever that ends, and has a block appended.
    fn write(&mut self, length: usize) {
        let to = self.bytes.len().min(self.length + length);
        let mut journal = OpenOptions::new().append(true).open(self.dir.path().join("journal")).unwrap();
        journal.write_all(&self.bytes[self.length..to]).unwrap();
        self.length = to;
        self.writer.extend(|| true).unwrap();
    }

    fn index(&self) -> PathBuf {
        self.dir.path().join("journal.index")
    }

    /// What is seen, and whether that took an index.
    fn seen(&self) -> (Seen, bool) {
        let mut view = WorkDirView::unread(self.dir.path()).unwrap();
        recall(&mut view);
        let recalled = view.next > HEADER as u64;
        view.read(|_, _| true).unwrap();
        (seen(&mut view), recalled)
    }

    fn seen_without(&self) -> Seen {
        let mut view = WorkDirView::unread(self.dir.path()).unwrap();
        view.read(|_, _| true).unwrap();
        seen(&mut view)
    }
}

type Seen = (Vec<JobView>, Vec<RunView>, usize, u64);

fn seen(view: &mut WorkDirView) -> Seen {
    let jobs = (0..view.len()).map(|it| view.job(it).unwrap().unwrap()).collect();
    (jobs, view.runs().cloned().collect(), view.run_again(), view.next)
}

fn much() -> Vec<Record<'static>> {
    let stopped = |index| Record::Unstarted { index, why: "the run was halted", when: 3 };
    let ended =
        |index| Record::Ended { index, attempt: 0, status: 7, why: "so", rc: Some(3), usage: None, when: 9 };
    let mut records = vec![Record::run("a", "local", 5)];
    records.extend((0..20).flat_map(|index| {
        [Record::Submitting { index, attempt: 0 }, if index % 3 == 0 { stopped(index) } else { ended(index) }]
    }));
    records.push(Record::Done { when: 7 });
    records.push(Record::run("b", "local", 8));
    records.extend((0..20).map(|index| Record::Started { index, attempt: 0, when: 9 }));
    records
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn with_an_index_the_same_is_seen(
        runs in proptest::collection::vec(ran(), 1..8),
        lengths in proptest::collection::vec(1..2000_usize, 1..8),
    ) {
        let mut scene = Scene::new(&history(&runs));
        for length in lengths {
            scene.write(length);
            prop_assert_eq!(scene.seen().0, scene.seen_without());
        }
        scene.write(usize::MAX >> 1);
        prop_assert_eq!(scene.seen().0, scene.seen_without());
    }
}

#[test]
fn whatever_became_of_the_index_the_same_is_seen() {
    let mut scene = Scene::new(&much());
    [100, 900, 300].into_iter().for_each(|length| scene.write(length));
    let sound = fs::read(scene.index()).unwrap();
    let expected = (scene.seen_without(), true);
    assert_eq!(scene.seen(), expected);
    for length in 0..sound.len() {
        fs::write(scene.index(), &sound[..length]).unwrap();
        assert_eq!(scene.seen().0, expected.0, "cut at {length}");
    }
    for at in 0..sound.len() {
        let mut bytes = sound.clone();
        bytes[at] ^= 0x55;
        fs::write(scene.index(), &bytes).unwrap();
        assert_eq!(scene.seen().0, expected.0, "flipped at {at}");
    }
    fs::remove_file(scene.index()).unwrap();
    assert_eq!(scene.seen(), (expected.0, false));
}

#[test]
fn an_index_of_another_journal_or_of_a_longer_one_is_none() {
    let mut scene = Scene::new(&much());
    scene.write(usize::MAX >> 1);
    let (journal, index) = (scene.dir.path().join("journal"), fs::read(scene.index()).unwrap());
    fs::write(&journal, &scene.bytes[..scene.bytes.len() - 1]).unwrap();
    assert_eq!(scene.seen(), (scene.seen_without(), false));
    fs::write(&journal, crate::store::frame::header(1)).unwrap();
    fs::write(scene.index(), &index).unwrap();
    assert_eq!(scene.seen(), (scene.seen_without(), false));
}

#[test]
fn a_run_with_a_long_journal_keeps_an_index_and_the_next_run_begins_without() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, index) = (dir.path().join("journal"), dir.path().join("journal.index"));
    let why = "x".repeat(1 << 20);
    let mut opened = Journal::open(&journal, false, Vec::new()).unwrap();
    for number in 0..20 {
        opened.records.push(&Record::run("r", "local", number));
        opened.records.push(&Record::Unstarted { index: 0, why: &why, when: number });
        assert!(number >= 7 || !index.exists(), "a short journal has none");
        opened.journal.write(&mut opened.records).unwrap();
    }
    while fs::metadata(&index).map_or(0, |it| it.len()) <= 16 {
        thread::yield_now();
    }
    let mut view = WorkDirView::unread(dir.path()).unwrap();
    recall(&mut view);
    assert!(view.next > STEP);
    drop(opened);
    drop(Journal::open(&journal, false, Vec::new()).unwrap());
    assert!(!index.exists());
    assert_eq!(WorkDirView::open(dir.path()).unwrap().runs().len(), 20);
}

#[test]
fn a_run_that_cannot_keep_an_index_goes_on_without() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("journal.index")).unwrap();
    let mut opened = Journal::open(&dir.path().join("journal"), false, Vec::new()).unwrap();
    let why = "x".repeat(9 << 20);
    for number in 0..3 {
        opened.records.push(&Record::Unstarted { index: 0, why: &why, when: number });
        opened.journal.write(&mut opened.records).unwrap();
    }
    opened.journal.close().unwrap();
    assert_eq!(WorkDirView::open(dir.path()).unwrap().len(), 1);
}
