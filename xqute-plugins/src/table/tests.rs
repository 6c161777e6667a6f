//! Does a table keep what it has, cut what is torn, and say what it could not write?

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::*;

fn open(path: &Path, before: Before) -> (Table, Vec<String>) {
    let mut seen = Vec::new();
    let take = |line: &[u8]| seen.push(String::from_utf8_lossy(line).into_owned());
    let table = Table::open(path, "head", before, take).unwrap();
    (table, seen)
}

fn scene(text: Option<&str>) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("table");
    if let Some(text) = text {
        fs::write(&path, text).unwrap();
    }
    (dir, path)
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

#[test]
fn a_new_table_has_a_head_and_its_lines_and_is_for_its_owner_alone() {
    let (_dir, path) = scene(None);
    let (table, seen) = open(&path, Before::Stays);
    assert!(seen.is_empty());
    table.add(b"one\n");
    table.add(b"two\n");
    table.finish().unwrap();
    assert_eq!(text(&path), "head\none\ntwo\n");
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    table.add(b"three\n");
    drop(table);
    assert_eq!(text(&path), "head\none\ntwo\nthree\n");
}

#[test]
fn what_was_there_stays_without_a_torn_line_or_goes_with_the_first_line() {
    let (_dir, path) = scene(Some("head\none\ntwo\nthr"));
    let (table, seen) = open(&path, Before::Stays);
    assert_eq!(seen, ["head", "one", "two"]);
    assert_eq!(text(&path), "head\none\ntwo\n");
    table.add(b"four\n");
    drop(table);
    assert_eq!(text(&path), "head\none\ntwo\nfour\n");
    // A run that comes to nothing leaves the file alone.
    drop(open(&path, Before::Goes));
    assert_eq!(text(&path), "head\none\ntwo\nfour\n");
    let (table, seen) = open(&path, Before::Goes);
    assert!(seen.is_empty());
    table.finish().unwrap();
    assert_eq!(text(&path), "head\n");
}

#[test]
fn lines_are_written_without_being_asked_for() {
    let (_dir, path) = scene(None);
    let (table, _) = open(&path, Before::Stays);
    table.add(b"one\n");
    let begun = Instant::now();
    while text(&path) != "head\none\n" {
        assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", text(&path));
        std::thread::sleep(Duration::from_millis(20));
    }
    drop(table);
}

#[test]
fn what_cannot_be_written_is_told_and_what_cannot_be_opened_is_an_error() {
    let table = open(Path::new("/dev/full"), Before::Stays).0;
    table.add(b"one\n");
    let told = table.finish().unwrap_err();
    assert!(told.starts_with("/dev/full lacks the last lines") && told.contains("No space left"), "{told}");
    // However many come, memory has an end.
    let long = vec![b'x'; 1 << 20];
    (0..20).for_each(|_| table.add(&long));
    assert!(lock(&table.shared.waiting).lines.len() <= MOST);
    assert!(lock(&table.shared.waiting).dropped >= 4);
    drop(table);
    let error = Table::open(Path::new("/no/such/file"), "head", Before::Stays, |_| {}).unwrap_err();
    assert_eq!(error.to_string(), "cannot write /no/such/file: No such file or directory (os error 2)");
}

#[test]
fn a_file_that_is_somebody_elses_is_left_alone() {
    for text_there in ["Dear diary", "heads\n", "hea\nd", "a\tb\tc\td\n"] {
        for before in [Before::Goes, Before::Stays] {
            let (_dir, path) = scene(Some(text_there));
            let opened = Table::open(&path, "head\tof\tit\tall", before, |_| {});
            let error = opened.map(drop).unwrap_err().to_string();
            assert!(error.contains("there is something else in it"), "{error}");
            assert_eq!(text(&path), text_there);
        }
    }
    // A head that was cut short, and one with other columns behind the first three.
    for text_there in ["hea", "head\tof\tit\tnone\n"] {
        let (_dir, path) = scene(Some(text_there));
        Table::open(&path, "head\tof\tit\tall", Before::Goes, |_| {}).unwrap().finish().unwrap();
        assert_eq!(text(&path), "head\tof\tit\tall\n");
    }
}

#[test]
fn who_writes_a_table_writes_it_alone_until_all_is_written() {
    let (_dir, path) = scene(None);
    let refused = |before| {
        let error = Table::open(&path, "head", before, |_| {}).map(drop).unwrap_err().to_string();
        assert!(error.contains(&path.display().to_string()) && error.contains("another run"), "{error}");
    };
    let (table, _) = open(&path, Before::Stays);
    table.add(b"one\n");
    [Before::Goes, Before::Stays].into_iter().for_each(refused);
    // The run has ended, though somebody still has it in hand.
    table.finish().unwrap();
    let (next, seen) = open(&path, Before::Stays);
    assert_eq!(seen, ["head", "one"]);
    refused(Before::Stays);
    drop(next);
    drop(open(&path, Before::Stays));
    drop(table);
    assert_eq!(text(&path), "head\none\n");
}

#[test]
fn a_run_ends_though_its_disk_takes_nothing() {
    let (_dir, path) = scene(None);
    let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
    assert!(made.success());
    let (table, _) = open(&path, Before::Stays);
    // More than a pipe holds.
    let line = [&b"x".repeat(1 << 20)[..], b"\n"].concat();
    table.add(&line);
    let told = table.finish_within(Duration::from_millis(100)).unwrap_err();
    assert!(told.contains("lacks the last lines, which it did not take"), "{told}");
    let mut reader = File::open(&path).unwrap();
    drop(table);
    // The thread that was left to it writes them when it can.
    let mut written = Vec::new();
    reader.read_to_end(&mut written).unwrap();
    assert_eq!(written.len(), "head\n".len() + line.len());
}
