//! Is each record given once to who follows, whatever happens to the journal meanwhile?

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use crate::store::samples::{SALT, every_kind, written, written_with};

use super::*;

fn put(dir: &Path, bytes: &[u8]) {
    fs::write(dir.join("journal"), bytes).unwrap();
}

fn all(entries: &mut Entries) -> Vec<u64> {
    entries
        .map(Result::unwrap)
        .filter(|it| it.fact != crate::store::Fact::Unreadable)
        .map(|it| it.at)
        .collect()
}

#[test]
fn who_follows_is_given_each_record_once_wherever_writing_stops() {
    let records = every_kind();
    let journal = written(&records);
    let places: Vec<u64> = journal.places.iter().map(|it| it.start as u64).collect();
    let dir = tempfile::tempdir().unwrap();
    for step in [1, 7, 100] {
        put(dir.path(), &journal.bytes[..48]);
        let mut entries = Entries::open(dir.path()).unwrap();
        let mut seen = all(&mut entries);
        for piece in journal.bytes[48..].chunks(step) {
            let mut file = OpenOptions::new().append(true).open(dir.path().join("journal")).unwrap();
            file.write_all(piece).unwrap();
            assert!(entries.refresh().unwrap());
            seen.extend(all(&mut entries));
        }
        assert_eq!(seen, places, "{step} bytes at a time");
    }
}

#[test]
fn another_process_goes_on_behind_the_mark() {
    let records = every_kind();
    let journal = written(&records);
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), &journal.bytes);
    let places: Vec<u64> = journal.places.iter().map(|it| it.start as u64).collect();
    for read in 0..=places.len() {
        let mut first = Entries::open(dir.path()).unwrap();
        assert_eq!(first.by_ref().take(read).count(), read);
        let mark: Mark = first.mark().to_string().parse().unwrap();
        assert_eq!((mark, mark.journal()), (first.mark(), SALT));
        let mut second = Entries::open(dir.path()).unwrap();
        assert!(second.go_behind(&mark).unwrap());
        assert_eq!(second.mark(), mark);
        assert_eq!(all(&mut second), places[read..], "{read}");
    }
}

#[test]
fn a_mark_of_what_is_not_there_any_more_is_none() {
    let records = every_kind();
    let journal = written(&records);
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), &journal.bytes);
    let mut read = Entries::open(dir.path()).unwrap();
    let places = all(&mut read);
    let mark = read.mark();
    // Its end is lost.
    let last = *places.last().unwrap() as usize;
    put(dir.path(), &journal.bytes[..last]);
    let mut cut = Entries::open(dir.path()).unwrap();
    assert!(!cut.go_behind(&mark).unwrap());
    assert_eq!(all(&mut cut), places[..places.len() - 1], "it stays where it was");
    // And something else was written behind it.
    let count = places.len();
    let mut other = records[..count - 1].to_vec();
    other.push(records[0].clone());
    other.extend(records.clone());
    put(dir.path(), &written(&other).bytes);
    assert!(!Entries::open(dir.path()).unwrap().go_behind(&mark).unwrap());
    // Another journal.
    put(dir.path(), &written_with(SALT + 1, &records).bytes);
    assert!(!Entries::open(dir.path()).unwrap().go_behind(&mark).unwrap());
    assert!(!read.refresh().unwrap());
    assert_eq!(all(&mut read), places, "from its beginning");
}

#[test]
fn no_other_text_is_a_mark() {
    for text in ["", "1-2", "1-2-3-4", "x-2-3", "1-x-3", "1-2-x", "1--2-3", " 1-2-3"] {
        assert_eq!(text.parse::<Mark>(), Err(MarkError), "{text:?}");
    }
}
