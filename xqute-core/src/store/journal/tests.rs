//! Does the file stay sound, whatever was in it and whatever the disk does?

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use proptest::prelude::*;

use super::*;
use crate::store::frame::{HEAD, head, header_of};
use crate::store::samples::{SALT, every_kind, place, written};
use crate::store::{PastState, Record};

fn temporary() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal");
    (dir, path)
}

#[test]
fn it_is_made_for_its_owner_alone_and_goes_on_at_its_end() {
    let (_dir, path) = temporary();
    for (run, durable) in [false, true, false].into_iter().enumerate() {
        let mut opened = Journal::open(&path, durable, Vec::new()).unwrap();
        assert_eq!((opened.past.len(), opened.past.runs().len(), opened.damage), (run, run, vec![]));
        assert!(opened.past.runs().iter().all(|it| it.done));
        opened.records.push(&Record::run("r", "local", 1));
        opened.records.push(&Record::Submitting { index: run, attempt: 0 });
        opened.records.push(&Record::Done { when: 2 });
        opened.journal.write(&mut opened.records).unwrap();
        opened.journal.write(&mut opened.records).unwrap();
        opened.journal.close().unwrap();
    }
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_torn_tail_is_cut_and_told_and_what_is_written_then_is_sound() {
    let records = every_kind();
    let journal = written(&records);
    let (_dir, path) = temporary();
    for length in 0..=journal.bytes.len() {
        fs::write(&path, &journal.bytes[..length]).unwrap();
        let mut opened = Journal::open(&path, false, Vec::new()).unwrap();
        let torn = length != 0 && length != HEADER && journal.places.iter().all(|it| it.end != length);
        assert_eq!(opened.damage.len(), usize::from(torn), "cut at {length}");
        opened.records.push(&Record::run("next", "local", 1));
        opened.journal.write(&mut opened.records).unwrap();
        drop(opened);
        let again = Journal::open(&path, false, Vec::new()).unwrap();
        assert_eq!((again.damage, &*again.past.runs().last().unwrap().id), (vec![], "next"));
    }
}

#[test]
fn damage_in_the_middle_stays_and_is_told_each_time() {
    let records = every_kind();
    let journal = written(&records);
    let (_dir, path) = temporary();
    let mut bytes = journal.bytes.clone();
    bytes[journal.places[9].start] ^= 1;
    fs::write(&path, &bytes).unwrap();
    for time in 0..3 {
        let mut opened = Journal::open(&path, false, Vec::new()).unwrap();
        assert_eq!(opened.damage, [place(&journal.places[9])]);
        let state = opened.past.get(0).unwrap().state;
        assert_eq!(state, PastState::Failed { attempt: 0 }, "its end was there");
        assert_eq!(opened.past.runs().len(), 1 + time);
        opened.records.push(&Record::run("next", "local", 1));
        opened.journal.write(&mut opened.records).unwrap();
    }
    assert!(fs::read(&path).unwrap().starts_with(&bytes));
}

#[test]
fn a_whole_frame_that_is_no_record_is_told_and_not_cut() {
    let (_dir, path) = temporary();
    let mut bytes = header(SALT).to_vec();
    bytes.extend(head(SALT, HEADER as u64, &[0xEE]));
    bytes.push(0xEE);
    fs::write(&path, &bytes).unwrap();
    let opened = Journal::open(&path, false, Vec::new()).unwrap();
    assert_eq!(opened.damage, [Damage { at: HEADER as u64, bytes: HEAD as u64 + 1 }]);
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

#[test]
fn a_newer_journal_and_what_is_none_are_refused_and_left_alone() {
    let (_dir, path) = temporary();
    fs::write(&path, header_of(VERSION + 1, SALT)).unwrap();
    let error = Journal::open(&path, false, Vec::new()).unwrap_err();
    assert!(matches!(error, JournalError::Newer { found: 2, known: 1, .. }));
    assert!(
        error.to_string().contains("use a newer xqute") && error.to_string().contains("--fresh"),
        "{error}"
    );
    fs::write(&path, "Dear diary").unwrap();
    let error = Journal::open(&path, false, Vec::new()).unwrap_err();
    assert!(matches!(error, JournalError::Foreign { .. }));
    assert!(error.to_string().contains("is no journal of xqute"), "{error}");
    assert_eq!(fs::read(&path).unwrap(), b"Dear diary");
}

#[test]
fn on_a_full_disk_nothing_is_lost() {
    let (_dir, path) = temporary();
    let mut opened = Journal::open(&path, false, Vec::new()).unwrap();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut full = Journal::of(full, Path::new("full/journal"), false, Vec::new()).unwrap();
    for record in &every_kind() {
        opened.records.push(record);
        let error = full.write(&mut opened.records).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert!(
            error.to_string().starts_with("cannot write the journal full/journal: No space left"),
            "{error}"
        );
    }
    opened.journal.write(&mut opened.records).unwrap();
    drop(opened.journal);
    let again = Journal::open(&path, false, Vec::new()).unwrap();
    assert_eq!((again.past.len(), again.damage.len()), (3, 0));
}

#[test]
fn a_sync_that_fails_is_an_error_of_this_write_or_the_next_and_of_all_after_it() {
    // It takes what is written, and cannot sync.
    let null = || File::options().write(true).open("/dev/null").unwrap();
    let mut records = Records::new(SALT, 0);
    let mut durable = Journal::of(null(), Path::new("journal"), true, Vec::new()).unwrap();
    for _ in 0..3 {
        records.push(&Record::Done { when: 1 });
        let error = durable.write(&mut records).unwrap_err();
        assert!(error.to_string().starts_with("cannot sync the journal journal: "), "{error}");
        assert!(records.is_empty(), "it was written all the same");
    }
    assert!(durable.write(&mut records).is_err() && durable.close().is_err());
    let mut later = Journal::of(null(), Path::new("journal"), false, Vec::new()).unwrap();
    records.push(&Record::Done { when: 1 });
    later.write(&mut records).unwrap();
    later.close().unwrap_err();
}

proptest! {
    #[test]
    fn random_bytes_at_the_end_are_cut_and_told(tail in proptest::collection::vec(any::<u8>(), 1..500)) {
        let records = every_kind();
        let mut journal = written(&records);
        let end = journal.bytes.len();
        journal.bytes.extend(&tail);
        let (found, damage) = journal.read(&journal.bytes);
        prop_assert_eq!((found, damage), (journal.those(|_| true), vec![place(&(end..end + tail.len()))]));
        let (_dir, path) = temporary();
        fs::write(&path, &journal.bytes).unwrap();
        prop_assert_eq!(Journal::open(&path, false, Vec::new()).unwrap().damage.len(), 1);
        prop_assert_eq!(fs::read(&path).unwrap(), &journal.bytes[..end]);
    }
}
