//! `xqute journal`: is every record told, in its order, and damage in its place?

use std::fs;

use serde_json::Value;

use super::desk::{Desk, desk};

fn records(desk: &Desk) -> Vec<Value> {
    let told = desk.told(&["journal", "--json"]);
    told.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn names(records: &[Value]) -> Vec<String> {
    let about = |it: &Value| it["index"].as_u64().map_or(String::new(), |index| format!(" {index}"));
    records.iter().map(|it| format!("{}{}", it["record"].as_str().unwrap(), about(it))).collect()
}

#[test]
fn the_records_of_a_run_are_told_in_their_order() {
    let desk = desk();
    let records = records(&desk);
    let names = names(&records);
    assert_eq!(names[..3], ["run", "run_in", "rules"]);
    assert_eq!(names.last().unwrap(), "done");
    let of_one: Vec<_> = names.iter().filter(|it| it.ends_with(" 1")).collect();
    assert_eq!(of_one, ["fed 1", "submitting 1", "submitted 1", "started 1", "ended 1"]);
    let end = &records[names.iter().position(|it| it == "ended 1").unwrap()];
    assert_eq!((&end["state"], &end["rc"], &end["attempt"]), (&"failed".into(), &3.into(), &1.into()));
    let usage = end["usage"].as_object().unwrap();
    assert!(usage["user_seconds"].is_f64() && usage["peak_memory_bytes"].is_u64(), "{end}");
    // No byte of the file goes without being told.
    let mut at = 48;
    for record in &records {
        assert_eq!(record["at"], at);
        at += record["bytes"].as_u64().unwrap();
    }
    assert_eq!(at, fs::metadata(desk.path().join(".xqute/journal")).unwrap().len());
    let lines = desk.told(&["journal"]);
    assert_eq!(lines.lines().count(), records.len());
    let end = lines.lines().find(|it| it.contains("job 1, attempt 1") && it.contains("  ended  ")).unwrap();
    assert!(
        end.contains(" UTC  ") && end.contains("rc: 3  state: failed  why: failed: exit code 3"),
        "{end}"
    );
}

#[test]
fn what_cannot_be_read_is_told_in_its_place() {
    let desk = desk();
    let before = records(&desk);
    let path = desk.path().join(".xqute/journal");
    let mut bytes = fs::read(&path).unwrap();
    let hit = before[5]["at"].as_u64().unwrap();
    bytes[usize::try_from(hit).unwrap()] ^= 1;
    bytes.extend(b"torn");
    fs::write(&path, &bytes).unwrap();
    let mut expected = names(&before);
    expected[5] = "unreadable".to_owned();
    expected.push("unreadable".to_owned());
    assert_eq!(names(&records(&desk)), expected);
    let told = desk.told(&["journal"]);
    let place = format!("{} bytes from byte {hit} on cannot be read", before[5]["bytes"]);
    assert!(told.lines().nth(5).unwrap().ends_with(&place), "{told}");
}

#[test]
fn secrets_are_not_told() {
    let desk = Desk::new();
    desk.told(&["run", "-q", "-e", "TOKEN=s3cret", "true"]);
    let told = desk.told(&["journal"]) + &desk.told(&["journal", "--json"]);
    assert!(told.contains("names: TOKEN") && !told.contains("s3cret"), "{told}");
}
