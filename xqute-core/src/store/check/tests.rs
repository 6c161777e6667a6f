//! Is every kind of damage found, told, and mended where it can be?

use std::os::unix::fs::FileExt;
use std::sync::Arc;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::job::JobFiles;
use crate::store::frame::{HEADER, head};
use crate::store::holder::Holder;
use crate::store::metadata::{make_metadir, write_line};
use crate::store::samples::{SALT, Written, parts, written};
use crate::store::words::{Bytes, Words};
use crate::store::{Record, WorkDir};

const ENDED: Record<'_> =
    Record::Ended { index: 0, attempt: 0, status: 7, why: "", rc: Some(3), usage: None, when: 9 };

fn fed(index: usize) -> Record<'static> {
    let argv = Words::Read(vec![Bytes(b"true")]);
    Record::Fed { index, digest: [0; 16], name: None, argv, cwd: None }
}

fn begun() -> Record<'static> {
    let holder = Holder { start: 1, ..Holder::this_process() };
    Record::Run { id: "r", version: "", scheduler: "local", holder, when: 1 }
}

/// A run of two jobs: the first failed after a retry, the second was skipped.
fn sound() -> Vec<Record<'static>> {
    let submitted = |attempt| Record::Submitted { index: 0, attempt, jid: "7", process: None, when: 2 };
    vec![
        begun(),
        fed(0),
        fed(1),
        Record::Submitting { index: 0, attempt: 0 },
        submitted(0),
        Record::Failed { index: 0, attempt: 0, why: "", rc: Some(1), usage: None, when: 3 },
        Record::Submitting { index: 0, attempt: 1 },
        submitted(1),
        Record::Ended { index: 0, attempt: 1, status: 7, why: "", rc: Some(3), usage: None, when: 4 },
        Record::Ended { index: 1, attempt: 0, status: 6, why: "", rc: None, usage: None, when: 4 },
        Record::Done { when: 5 },
    ]
}

fn directory(journal: &Written<'_>) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("journal"), &journal.bytes).unwrap();
    let files = JobFiles::new(dir.path().into(), 0);
    make_metadir(&files).unwrap();
    write_line(&files.rc(), 3).unwrap();
    write_line(&files.status(), 7).unwrap();
    dir
}

fn found(dir: &TempDir, repair: bool) -> Vec<Finding> {
    check(dir.path(), repair).unwrap().findings
}

/// What is told of a journal with these records.
fn told(records: &[Record<'_>]) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("journal"), written(records).bytes).unwrap();
    found(&dir, false).into_iter().map(|it| it.what).collect()
}

#[test]
fn a_sound_directory_is_sound() {
    let records = sound();
    let dir = directory(&written(&records));
    let checked = check(dir.path(), true).unwrap();
    assert_eq!(checked.findings, []);
    assert_eq!((checked.jobs, checked.runs, checked.records), (2, 1, 11));
    assert_eq!(fs::read(dir.path().join("journal")).unwrap(), written(&records).bytes);
}

#[test]
fn a_torn_tail_is_cut_whatever_is_left_of_it() {
    let records = sound();
    let journal = written(&records);
    for length in HEADER..journal.bytes.len() {
        let dir = directory(&journal);
        let path = dir.path().join("journal");
        fs::write(&path, &journal.bytes[..length]).unwrap();
        let is_torn = |it: &Finding| it.what.contains("its last, are no whole record");
        let torn = found(&dir, false).into_iter().find(is_torn);
        let whole = length == HEADER || journal.places.iter().any(|it| it.end == length);
        assert_eq!(torn.is_none(), whole, "{length}");
        assert_eq!(fs::metadata(&path).unwrap().len(), length as u64, "it only looked");
        let mended = found(&dir, true).into_iter().find(is_torn);
        assert!(mended.is_none_or(|it| it.mended.as_deref() == Some("it was cut off")), "{length}");
        assert!(!found(&dir, false).iter().any(is_torn), "{length}");
    }
}

#[test]
fn a_flipped_byte_is_found_anywhere_and_the_rest_is_kept() {
    let records = sound();
    let journal = written(&records);
    let last = journal.places.last().unwrap().clone();
    for at in (0..journal.bytes.len()).filter(|at| !last.contains(at)) {
        let mut bytes = journal.bytes.clone();
        bytes[at] ^= 0x55;
        let dir = directory(&journal);
        let path = dir.path().join("journal");
        fs::write(&path, &bytes).unwrap();
        let what = if at < HEADER { "a damaged half of its header" } else { "cannot be read" };
        let of_journal = |it: &Finding| it.what.contains(what);
        let first = found(&dir, true).into_iter().find(of_journal).unwrap();
        let kept = dir.path().join("journal.damaged-1");
        assert!(first.mended.unwrap().contains("journal.damaged-1"), "{at}");
        assert_eq!(fs::read(&kept).unwrap(), bytes, "{at}");
        assert!(!found(&dir, true).iter().any(of_journal) && !dir.path().join("journal.damaged-2").exists());
        let mut reader = Reader::new(File::open(&path).unwrap(), &path).unwrap();
        let mut left = 0;
        while reader.next().unwrap().is_some() {
            left += 1;
        }
        assert_eq!(left, records.len() - usize::from(at >= HEADER), "{at}");
    }
}

#[test]
fn a_second_damaged_journal_is_kept_beside_the_first() {
    let records = sound();
    let dir = directory(&written(&records));
    for number in 1..4 {
        let journal = File::options().write(true).open(dir.path().join("journal")).unwrap();
        journal.write_all_at(b"\0", HEADER as u64 - 1).unwrap();
        journal.write_all_at(b"\0", HEADER as u64 - 2).unwrap();
        assert_eq!(found(&dir, true).len(), 1);
        assert!(dir.path().join(format!("journal.damaged-{number}")).exists());
    }
}

#[test]
fn records_that_make_no_sense_in_their_order_are_told() {
    let submitting = |attempt| Record::Submitting { index: 0, attempt };
    let done = Record::Done { when: 1 };
    for (records, what) in [
        (vec![begun(), ENDED, fed(0)], "job 0 is told of before it is known"),
        (vec![begun(), ENDED], "job 0: no record tells what it is"),
        (vec![begun(), fed(0), submitting(1), submitting(0)], "job 0 has attempt 1 after attempt 2"),
        (vec![begun(), fed(0), ENDED, ENDED], "job 0 has ended before, in the same run"),
        (vec![begun(), fed(0), ENDED, submitting(1)], "job 0 has ended before, in the same run"),
        (vec![fed(0)], "no run has begun before it"),
        (vec![begun(), done.clone(), fed(0)], "its run has ended before it"),
        (vec![begun(), done.clone(), done], "its run has ended before it"),
        (vec![begun(), fed(usize::MAX)], "which cannot be"),
    ] {
        let told = told(&records);
        assert!(told.len() == 1 && told[0].contains(what), "{records:?}: {told:?}");
    }
    // What a later run does is no contradiction, and a list that is run again tells what was lost.
    for records in [
        vec![begun(), fed(0), ENDED, begun(), submitting(0), ENDED],
        vec![begun(), fed(0), submitting(1), begun(), submitting(0)],
        vec![begun(), ENDED, begun(), fed(0)],
    ] {
        assert_eq!(told(&records), [""; 0], "{records:?}");
    }
}

#[test]
fn what_no_run_can_read_is_left_out_and_what_a_newer_one_wrote_is_not() {
    let mut records = sound();
    records.insert(3, fed(1 << 40));
    let dir = directory(&written(&records));
    let first = found(&dir, true);
    assert!(first.len() == 1 && first[0].mended.is_some(), "{first:?}");
    assert_eq!(found(&dir, true), []);

    let records = sound();
    let mut journal = written(&records);
    let newer = head(SALT, journal.bytes.len() as u64, &[0xEE]);
    journal.bytes.extend(newer.into_iter().chain([0xEE]));
    journal.bytes[0] ^= 1;
    let dir = directory(&journal);
    let findings = found(&dir, true);
    assert!(findings.len() == 2 && findings.iter().all(|it| it.mended.is_none()), "{findings:?}");
    assert_eq!(fs::read(dir.path().join("journal")).unwrap(), journal.bytes);
}

#[test]
fn small_files_are_written_as_the_journal_says() {
    let records = sound();
    let dir = directory(&written(&records));
    let files = JobFiles::new(Arc::from(dir.path()), 0);
    for spoil in [
        (|files| write_line(&files.rc(), 0)) as fn(&JobFiles) -> io::Result<()>,
        |files| fs::write(files.rc(), "thr"),
        |files| fs::remove_file(files.rc()),
        |files| write_line(&files.status(), 6),
        |files| fs::remove_file(files.status()),
    ] {
        spoil(&files).unwrap();
        let seen = found(&dir, false);
        assert!(
            seen.len() == 1 && seen[0].mended.is_none() && seen[0].what.starts_with("job 0: "),
            "{seen:?}"
        );
        assert!(found(&dir, true)[0].mended.is_some());
        assert_eq!(found(&dir, false), []);
    }
    let read = |path| fs::read_to_string(path).unwrap();
    assert_eq!((read(files.rc()), read(files.status())), ("3\n".to_owned(), "7\n".to_owned()));
}

#[test]
fn directories_that_are_missing_too_many_or_none_are_told_and_left() {
    let records = sound();
    let dir = directory(&written(&records));
    fs::remove_dir_all(dir.path().join("0")).unwrap();
    make_metadir(&JobFiles::new(dir.path().into(), 7)).unwrap();
    fs::write(dir.path().join("8"), "thesis").unwrap();
    fs::write(dir.path().join("notes"), "mine").unwrap();
    for repair in [true, false] {
        let mut told: Vec<_> = found(&dir, repair).into_iter().map(|it| it.what).collect();
        told.sort_by_key(|it| !it.starts_with("job"));
        assert!(told.len() == 3 && told[0].contains("it ran, and its directory"), "{told:?}");
        assert!(told[1..].iter().any(|it| it.ends_with("/7: the journal has no job 7")), "{told:?}");
        assert!(told[1..].iter().any(|it| it.contains("/8 is named as a job's")), "{told:?}");
    }
}

#[test]
fn what_is_no_work_directory_or_is_in_use_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(check(dir.path(), true), Err(WorkDirError::NoRun { .. })));
    fs::write(dir.path().join("journal"), "Dear diary").unwrap();
    let error = check(dir.path(), true).unwrap_err();
    assert!(matches!(error, WorkDirError::Journal(JournalError::Foreign { .. })), "{error}");
    assert_eq!(fs::read_to_string(dir.path().join("journal")).unwrap(), "Dear diary");

    let dir = tempfile::tempdir().unwrap();
    let mut workdir = WorkDir::open(dir.path(), false).unwrap();
    let mut opened = workdir.journal(false).unwrap();
    opened.records.push(&Record::run("r", "local", 1));
    opened.journal.write(&mut opened.records).unwrap();
    let told = check(dir.path(), false).unwrap_err().to_string();
    assert!(told.contains(&format!("in use by process {}", std::process::id())), "{told}");
}

proptest! {
    #[test]
    fn whatever_stands_in_it_what_is_mended_is_not_found_again(
        parts in proptest::collection::vec(parts(), 0..20),
        hits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..5),
    ) {
        let records: Vec<_> = parts.iter().map(crate::store::samples::Parts::record).collect();
        let mut bytes = written(&records).bytes;
        for (at, new) in hits {
            let at = HEADER + at.index(bytes.len() - HEADER + 1);
            if let Some(byte) = bytes.get_mut(at) {
                *byte = new;
            }
        }
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("journal"), &bytes).unwrap();
        check(dir.path(), true).unwrap();
        let again = check(dir.path(), true).unwrap().findings;
        prop_assert!(again.iter().all(|it| it.mended.is_none()), "{:?}", again);
    }
}
