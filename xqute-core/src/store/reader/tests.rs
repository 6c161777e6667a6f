//! Is what is whole read, and the rest told, whatever happened to the file?

use std::ffi::OsString;
use std::fs;
use std::io::Cursor;

use proptest::prelude::*;

use super::*;
use crate::job::Status;
use crate::store::frame::{LONGEST, head, header};
use crate::store::samples::{Parts, SALT, every_kind, holder, parts, place, written};
use crate::store::words::Words;
use crate::store::{Past, PastState};

#[test]
fn cut_at_every_byte_it_tells_what_is_whole_and_that_it_was_cut() {
    let records = every_kind();
    let journal = written(&records);
    for length in 0..=journal.bytes.len() {
        let (found, damage) = journal.read(&journal.bytes[..length]);
        assert_eq!(found, journal.those(|it| it.end <= length), "cut at {length}");
        let whole = journal.places.iter().map(|it| it.end).filter(|end| *end <= length).max();
        let begin = whole.unwrap_or(if length < HEADER { 0 } else { HEADER });
        let torn = (begin < length).then(|| place(&(begin..length)));
        assert_eq!(damage, torn.into_iter().collect::<Vec<_>>(), "cut at {length}");
    }
}

#[test]
fn flipped_at_every_byte_it_tells_all_but_the_frame_with_that_byte() {
    let records = every_kind();
    let journal = written(&records);
    for at in 0..journal.bytes.len() {
        for flip in [1, 2, 4, 8, 16, 32, 64, 128, 0xFF, 0x55] {
            let mut bytes = journal.bytes.clone();
            bytes[at] ^= flip;
            let (found, damage) = journal.read(&bytes);
            assert_eq!(found, journal.those(|it| !it.contains(&at)), "{at} ^ {flip}");
            let halves = [0..HEADER / 2, HEADER / 2..HEADER];
            let lost = halves.iter().chain(&journal.places).find(|it| it.contains(&at)).unwrap();
            assert_eq!(damage, [place(lost)], "{at} ^ {flip}");
        }
    }
}

#[test]
fn a_copy_of_a_frame_in_an_argument_is_no_frame() {
    let inner = every_kind();
    let copy = written(&inner).bytes;
    let words = [OsString::from("cat"), std::os::unix::ffi::OsStringExt::from_vec(copy.clone())];
    let fed = Record::Fed { index: 0, digest: [1; 16], name: None, argv: Words::Given(&words), cwd: None };
    let records = [fed.clone(), Record::Done { when: 1 }, fed, Record::Done { when: 2 }];
    let journal = written(&records);
    assert_eq!(journal.read(&journal.bytes), (vec![0, 1, 2, 3], vec![]));
    for at in journal.places[0].clone() {
        let mut bytes = journal.bytes.clone();
        bytes[at] ^= 1;
        assert_eq!(journal.read(&bytes), (vec![1, 2, 3], vec![place(&journal.places[0])]), "{at}");
    }
    // In the place that it was copied from it is one, but in another journal it is none.
    let mut other = header(SALT + 1).to_vec();
    other.extend(&copy[HEADER..]);
    assert_eq!(written(&inner).read(&other), (vec![], vec![place(&(HEADER..other.len()))]));
}

#[test]
fn an_argument_of_ten_megabytes_is_kept_and_lost_alone() {
    let words = [OsString::from("x".repeat(10 << 20))];
    let fed = Record::Fed { index: 0, digest: [1; 16], name: None, argv: Words::Given(&words), cwd: None };
    let records = [Record::Done { when: 1 }, fed, Record::Done { when: 2 }];
    let mut journal = written(&records);
    assert_eq!(journal.read(&journal.bytes), (vec![0, 1, 2], vec![]));
    let middle = journal.bytes.len() / 2;
    journal.bytes[middle] ^= 1;
    assert_eq!(journal.read(&journal.bytes), (vec![0, 2], vec![place(&journal.places[1])]));
}

#[test]
fn a_length_that_cannot_be_is_not_believed() {
    let records = every_kind();
    let journal = written(&records);
    for length in [u32::MAX, LONGEST as u32 + 1, LONGEST as u32, journal.bytes.len() as u32] {
        let mut bytes = journal.bytes.clone();
        bytes[HEADER + 2..HEADER + 6].copy_from_slice(&length.to_le_bytes());
        assert_eq!(
            journal.read(&bytes),
            (journal.those(|it| it.start > HEADER), vec![place(&journal.places[0])])
        );
    }
}

/// What the fixture began with whenever a kind of record was added: its length and checksum. A line is added, at the end,
/// and none is ever changed: that would be another format under the same number (ARCHITECTURE.md, "The journal's format").
const WRITTEN_ONCE: [(usize, u32); 7] = [
    (526, 0x003f_6bad),
    (793, 0x66e5_f5cc),
    (891, 0x7316_f0c4),
    (909, 0x1795_eee7),
    (929, 0xa2be_0731),
    (957, 0x8f8f_a17f),
    (973, 0xd2d4_022f),
];

/// The journal of the first format is read for ever, and what is written today is the same.
#[test]
fn the_journal_of_the_first_format_is_read_for_ever() {
    let records = every_kind();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/fixtures/journal-v1");
    if std::env::var_os("XQUTE_WRITE_FIXTURES").is_some() {
        fs::write(&path, written(&records).bytes).unwrap();
    }
    let bytes = fs::read(&path).unwrap();
    for (length, sum) in WRITTEN_ONCE {
        let begin = bytes.get(..length).map(crc32fast::hash);
        assert_eq!(begin, Some(sum), "the first {length} bytes of the fixture are no longer what they were");
    }
    let last = WRITTEN_ONCE.last().map(|(length, _)| *length);
    let (length, sum) = (bytes.len(), crc32fast::hash(&bytes));
    assert_eq!(last, Some(length), "kinds of records were added: add the line ({length}, {sum:#x})");
    assert_eq!(written(&records).read(&bytes), ((0..records.len()).collect(), vec![]));
    assert_eq!(written(&records).bytes, bytes, "what is written today is another format");
    kinds_have_a_place_in(&bytes);
    let mut reader = Reader::new(Cursor::new(bytes), &path).unwrap();
    let (past, damage) = Past::read(&mut reader).unwrap();
    assert_eq!((damage, past.len()), (vec![], 3));
    let states: Vec<_> = (0..3).map(|it| past.get(it).unwrap().state).collect();
    let begun = PastState::Begun { attempt: 2, started: false };
    assert_eq!(states, [PastState::Ended(Status::Finished), begun, PastState::Ended(Status::Killed)]);
    let digests: Vec<_> = (0..3).map(|it| past.get(it).unwrap().digest.map(|it| it.0)).collect();
    assert_eq!(digests, [Some([7; 16]), Some([8; 16]), None]);
    assert_eq!(past.get(1).unwrap().name.as_deref(), Some("näme"));
    let [run] = past.runs() else { panic!("{:?}", past.runs()) };
    assert_eq!((&*run.id, &*run.scheduler, run.when, run.done), ("run-1", "local", 1000, true));
    assert_eq!(run.holder, holder());
}

/// The first byte of a payload is its kind; they are numbered without a gap, so that the first number that is no kind
/// shows how many there are.
fn kinds_have_a_place_in(fixture: &[u8]) {
    let mut reader = Reader::new(Cursor::new(fixture), Path::new("journal")).unwrap();
    let mut kinds = std::collections::BTreeSet::new();
    while let Some(part) = reader.next().unwrap() {
        kinds.insert(fixture[part.at as usize + HEAD]);
    }
    let next = (0..).find(|kind| !kinds.contains(kind)).unwrap();
    assert_eq!(usize::from(next), kinds.len());
    // Zeros are numbers, texts that are empty, and what is missing: a record of any kind.
    let known = postcard::from_bytes::<Record<'_>>(&[&[next], &[0; 64][..]].concat()).is_ok();
    assert!(!known, "the fixture has no record of kind {next}: add one to `every_kind`");
}

proptest! {
    #[test]
    fn any_records_come_back(parts in proptest::collection::vec(parts(), 0..20)) {
        let records: Vec<_> = parts.iter().map(Parts::record).collect();
        let journal = written(&records);
        prop_assert_eq!(journal.read(&journal.bytes), (journal.those(|_| true), vec![]));
    }

    #[test]
    fn whatever_is_overwritten_the_other_records_come_back(
        parts in proptest::collection::vec(parts(), 1..20),
        hits in proptest::collection::vec((any::<prop::sample::Index>(), any::<[u8; 3]>()), 1..8),
    ) {
        let records: Vec<_> = parts.iter().map(Parts::record).collect();
        let journal = written(&records);
        let mut bytes = journal.bytes.clone();
        for (at, new) in hits {
            let at = HEADER + at.index(bytes.len() - HEADER);
            let end = bytes.len().min(at + 3);
            bytes[at..end].copy_from_slice(&new[..end - at]);
        }
        let whole = journal.those(|it| bytes[it.clone()] == journal.bytes[it.clone()]);
        let (found, damage) = journal.read(&bytes);
        prop_assert_eq!(damage.is_empty(), bytes == journal.bytes);
        prop_assert_eq!(found, whole);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in any::<Vec<u8>>(), payload in any::<Vec<u8>>(), headed in any::<bool>()) {
        let mut file = if headed { header(SALT).to_vec() } else { Vec::new() };
        if headed {
            // A frame that is sound, with anything in it.
            file.extend(head(SALT, HEADER as u64, &payload));
            file.extend(&payload);
        }
        file.extend(&bytes);
        if let Ok(mut reader) = Reader::new(Cursor::new(&file), Path::new("journal")) {
            let (past, _) = Past::read(&mut reader).unwrap();
            prop_assert!(past.len() <= file.len() / HEAD);
        }
    }
}
