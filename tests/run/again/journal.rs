//! What if the journal is damaged, or not this xqute's to read?

use std::fs;
use std::ops::Range;

use xqute::{BuildError, Error, JournalError, WorkDirError};

use super::{Scene, WAYS, Way, counts_of};

/// Two copies of 24 bytes: magic, version, salt, checksum.
const HEADER: usize = 48;
/// Before each payload: marker, length, checksum.
const HEAD: usize = 10;
/// What the payload of a job's end begins with; then comes its index.
const ENDED: u8 = 6;

/// Where the record of each end is that a journal has, by the job's index.
pub(super) fn ends(journal: &[u8]) -> Vec<(u8, Range<usize>)> {
    let (mut at, mut found) = (HEADER, Vec::new());
    // The last one may be half written.
    while let Some(head) = journal.get(at..at + HEAD) {
        let length = u32::from_le_bytes(head[2..6].try_into().unwrap()) as usize;
        let Some(payload) = journal.get(at + HEAD..at + HEAD + length) else { break };
        if payload[0] == ENDED {
            found.push((payload[1], at..at + HEAD + length));
        }
        at += HEAD + length;
    }
    found
}

/// Who looked after the jobs wrote down how they ended too.
#[tokio::test]
async fn a_job_whose_end_cannot_be_read_is_taken_from_the_other_log() {
    for way in WAYS {
        let scene = Scene::new();
        counts_of(scene.builder(way, &[]).forks(2), &scene, 0..4).await;
        let mut journal = fs::read(scene.path("journal")).unwrap();
        let (index, place) = ends(&journal).remove(2);
        journal[place.start + HEAD] ^= 0x55;
        fs::write(scene.path("journal"), journal).unwrap();
        let counts = counts_of(scene.builder(way, &[]), &scene, 0..4).await;
        assert_eq!((counts.done_before, counts.succeeded, counts.total()), (3, 1, 4), "job {index}, {way:?}");
        scene.ledger.assert([0, 1, 2, 3].map(|it| (it, 1)));
    }
}

#[tokio::test]
async fn a_job_whose_end_cannot_be_read_anywhere_is_run_again_and_no_other() {
    let scene = Scene::new();
    counts_of(scene.builder(Way::Direct, &[]).forks(2), &scene, 0..4).await;
    let sound = fs::read(scene.path("journal")).unwrap();
    let ends = ends(&sound);
    assert_eq!(ends.len(), 4);
    let mut expected = [1; 4];
    for (index, place) in ends {
        // A byte of marker, length, checksum, kind, index, and the last one.
        for at in [
            place.start,
            place.start + 2,
            place.start + 6,
            place.start + HEAD,
            place.start + HEAD + 1,
            place.end - 1,
        ] {
            let mut damaged = sound.clone();
            damaged[at] ^= 0x55;
            fs::write(scene.path("journal"), damaged).unwrap();
            fs::remove_file(scene.path("local.log")).unwrap();
            let counts = counts_of(scene.builder(Way::Direct, &[]), &scene, 0..4).await;
            assert_eq!(
                (counts.done_before, counts.succeeded, counts.total()),
                (3, 1, 4),
                "job {index}, byte {at}"
            );
            expected[usize::from(index)] += 1;
            scene.ledger.assert([0, 1, 2, 3].map(|it| (it, expected[it])));
            // What the damage cost is paid once.
            let counts = counts_of(scene.builder(Way::Direct, &[]), &scene, 0..4).await;
            assert_eq!((counts.done_before, counts.total()), (4, 4), "job {index}, byte {at}");
        }
    }
}

#[tokio::test]
async fn a_journal_that_was_cut_anywhere_loses_only_what_was_behind_the_cut() {
    let scene = Scene::new();
    counts_of(scene.builder(Way::Direct, &[]), &scene, 0..3).await;
    let sound = fs::read(scene.path("journal")).unwrap();
    let ends = ends(&sound);
    let mut expected = [1; 3];
    for cut in (HEADER..sound.len()).step_by(7) {
        fs::write(scene.path("journal"), &sound[..cut]).unwrap();
        let counts = counts_of(scene.builder(Way::Direct, &[]), &scene, 0..3).await;
        let known: Vec<usize> =
            ends.iter().filter(|(_, place)| place.end <= cut).map(|(index, _)| usize::from(*index)).collect();
        assert_eq!((counts.done_before, counts.succeeded), (known.len(), 3 - known.len()), "cut at {cut}");
        (0..3).filter(|it| !known.contains(it)).for_each(|it| expected[it] += 1);
        scene.ledger.assert([0, 1, 2].map(|it| (it, expected[it])));
    }
}

/// The same journal, said to be of a later format.
fn of_format(journal: &[u8], version: u32) -> Vec<u8> {
    let mut journal = journal.to_vec();
    for copy in journal[..HEADER].chunks_exact_mut(HEADER / 2) {
        copy[8..12].copy_from_slice(&version.to_le_bytes());
        let sum = crc32fast::hash(&copy[..20]);
        copy[20..].copy_from_slice(&sum.to_le_bytes());
    }
    journal
}

#[tokio::test]
async fn a_journal_of_a_newer_format_is_refused_and_left_as_it_is() {
    let scene = Scene::new();
    counts_of(scene.builder(Way::Direct, &[]), &scene, 0..2).await;
    let sound = fs::read(scene.path("journal")).unwrap();
    let newer = of_format(&sound, 7);
    fs::write(scene.path("journal"), &newer).unwrap();
    let error = scene.builder(Way::Direct, &[]).build().unwrap_err();
    let told = error.to_string();
    for part in [
        "has format 7",
        "formats up to 1",
        "newer xqute",
        "-w DIR",
        "--fresh",
        scene.path("journal").to_str().unwrap(),
    ] {
        assert!(told.contains(part), "{part} is not in: {told}");
    }
    assert!(matches!(
        error,
        Error::Build(
            BuildError::WorkDir(WorkDirError::Journal(JournalError::Newer { found: 7, known: 1, .. }))
                | BuildError::Journal(JournalError::Newer { found: 7, known: 1, .. })
        )
    ));
    assert_eq!(fs::read(scene.path("journal")).unwrap(), newer);
    // Both ways out are ones: its own format again, or a fresh start.
    fs::write(scene.path("journal"), of_format(&newer, 1)).unwrap();
    assert_eq!(counts_of(scene.builder(Way::Direct, &[]), &scene, 0..2).await.done_before, 2);
    fs::write(scene.path("journal"), &newer).unwrap();
    assert_eq!(counts_of(scene.builder(Way::Direct, &[]).fresh(true), &scene, 0..2).await.succeeded, 2);
    scene.ledger.assert([(0, 2), (1, 2)]);
}
