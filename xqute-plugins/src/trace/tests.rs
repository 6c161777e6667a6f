//! Is a line of a trace one line, with what was asked for?

use std::time::Duration;

use xqute::{PeakMemory, Usage, Xqute};

use super::*;

fn attempt() -> Attempt {
    let usage = Usage::new(Duration::from_millis(1500), Duration::from_millis(250), PeakMemory::AtMost(4096));
    Attempt {
        index: 7,
        attempt: 2,
        started: Some(1_000),
        ended: 3_500,
        outcome: "failed",
        reason: "killed by SIGKILL (9)".to_owned(),
        rc: Some(137),
        usage: Some(usage),
        jid: Some("42".to_owned()),
        name: Some("a\tb".to_owned()),
        tags: vec!["x".to_owned(), "y".to_owned()],
        command: b"echo 'a\n\\'\xff".to_vec(),
    }
}

fn line(names: &[&str], attempt: &Attempt) -> Vec<u8> {
    let names: Vec<_> = names.iter().map(|it| (*it).to_owned()).collect();
    Columns::new(Some(&names)).unwrap().line(attempt)
}

#[test]
fn a_line_is_one_and_has_the_columns_that_were_chosen() {
    let chosen = ["command", "index", "signal", "exit_code", "max_rss", "cpu_user", "wall", "name", "tags"];
    let wanted = b"7\t2\t3500\techo 'a\\n\\\\'\xff\t9\t\t<=4096\t1.500\t2.500\ta\\tb\tx,y\n";
    assert_eq!(line(&chosen, &attempt()), wanted);
    let unknown = Attempt {
        started: None,
        usage: None,
        rc: Some(137),
        reason: "exit code 137".to_owned(),
        ..attempt()
    };
    assert_eq!(line(&chosen[2..7], &unknown), b"7\t2\t3500\t\t137\t\t\t\n");
}

#[test]
fn a_column_that_there_is_not_is_an_error_which_lists_them() {
    let error = Columns::new(Some(&["wal".to_owned()])).unwrap_err().to_string();
    assert!(error.contains("no column \"wal\"") && error.contains("wall, cpu_user"), "{error}");
}

#[tokio::test]
async fn another_table_is_not_mixed_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("trace");
    std::fs::write(&path, "index\tattempt\tended\tname\n").unwrap();
    let build = |columns: &[&str]| {
        let columns = Some(columns.iter().map(|it| (*it).to_owned()).collect());
        let config = TraceConfig { columns, append: true, ..TraceConfig::new(&path) };
        Xqute::builder().workdir(dir.path().join("work")).config("trace", config).build()
    };
    let error = build(&["tags"]).unwrap_err().to_string();
    assert!(error.contains("trace") && error.contains("has other columns"), "{error}");
    drop(build(&["name"]).unwrap());
}
