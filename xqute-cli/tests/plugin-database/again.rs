//! Runs beside each other and one after the other: does each have its rows, and none another's?

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::base::{Base, told};

#[test]
fn two_runs_write_to_one_database_at_once() {
    for base in Base::both() {
        let list = "true\n".repeat(300);
        // Neither finds the tables made.
        let runs = ["a", "b"].map(|it| base.start(&["-q", "-j", "2", "-w", it], &list));
        runs.into_iter().for_each(|it| drop(told(&it.wait_with_output().unwrap())));
        let told = base.rows("SELECT succeeded, jobs FROM progress ORDER BY workdir");
        assert_eq!(told, ["300|300", "300|300"]);
        let attempts = base.rows("SELECT count(*) FROM attempts GROUP BY list");
        assert_eq!(attempts, ["300", "300"]);
    }
}

#[test]
fn what_failed_and_was_retried_is_told_with_its_attempts() {
    for base in Base::both() {
        let list = "sh -c 'exit 3'\ntrue 'a b'\n";
        let run = base.start(&["-q", "-j", "1", "--num-retries", "2", "--retry-delay", "0s"], list);
        assert_eq!(run.wait_with_output().unwrap().status.code(), Some(1));
        let told = base.rows("SELECT idx, command, state, rc, attempts FROM report ORDER BY idx");
        assert_eq!(told, ["0|sh -c 'exit 3'|failed|3|3", "1|true 'a b'|succeeded|0|1"]);
        let events = base.rows("SELECT event FROM events WHERE idx = 0 ORDER BY happened, attempt");
        let count = |event: &str| events.iter().filter(|it| *it == event).count();
        let counts = ["submitted", "started", "failed", "retry", "gave_up", "ended"].map(count);
        assert_eq!(counts, [3, 3, 2, 2, 1, 1], "{events:?}");
        assert_eq!(base.number("SELECT count(*) FROM resources WHERE peak_memory > 0"), 4);
    }
}

#[test]
fn a_journal_that_is_written_anew_makes_no_row_twice() {
    for base in Base::both() {
        // As in `tests/verbs/compact.rs`: a megabyte of arguments, and some thousand records.
        let list = format!("sh -c 'exit 3'{}\n", format!(" {}", "x".repeat(100_000)).repeat(11));
        let args = ["-q", "--num-retries", "260", "--retry-delay", "0s"];
        assert_eq!(base.start(&args, &list).wait_with_output().unwrap().status.code(), Some(1));
        let counts =
            || ["jobs", "attempts", "events"].map(|it| base.number(&format!("SELECT count(*) FROM {it}")));
        let (before, first) = (counts(), base.rows("SELECT journal FROM lists"));
        assert_eq!(before[..2], [1, 261]);
        assert_eq!(base.start(&args, &list).wait_with_output().unwrap().status.code(), Some(1));
        assert_ne!(base.rows("SELECT journal FROM lists"), first, "it was written anew");
        assert_eq!(counts(), before);
        assert_eq!(base.number("SELECT count(*) FROM runs"), 2);
    }
}

#[test]
fn a_job_that_a_plugin_holds_is_told_with_its_reason_and_an_older_schema_is_brought_up_to_date() {
    for base in Base::both() {
        base.run(&["-q", "-w", "old"], "true\n");
        let newest = base.number("SELECT max(version) FROM xqute_schema");
        base.rows(
            "DROP VIEW progress; CREATE VIEW progress AS SELECT l.workdir, l.id AS list FROM lists l;
             DELETE FROM xqute_schema WHERE version > 1",
        );
        let config = fs::read_to_string(base.path("xqute.toml")).unwrap();
        let rule = "[[plugins.submit-when.rule]]\nname = 'gate'\nexists = 'go'\nevery = '50ms'\n";
        fs::write(base.path("xqute.toml"), config + rule).unwrap();
        let run = base.start(&["-q", "-w", "new"], "true\n");
        base.wait_for("SELECT held FROM progress WHERE workdir LIKE '%new'", 1);
        let [why] = &base.rows("SELECT state || ': ' || why FROM jobs WHERE state <> 'succeeded'")[..] else {
            panic!("one job is held")
        };
        assert!(why.starts_with("held: held by plugin `submit-when`: gate: "), "{why}");
        fs::write(base.path("go"), "").unwrap();
        told(&run.wait_with_output().unwrap());
        assert_eq!(base.rows("SELECT jobs, succeeded, held FROM progress"), ["1|1|0"; 2]);
        assert_eq!(base.number("SELECT count(*) FROM jobs WHERE state = 'succeeded' AND why IS NULL"), 2);
        let [event] = &base.rows("SELECT detail FROM events WHERE event = 'held'")[..] else {
            panic!("it was held once")
        };
        assert!(event.starts_with("by plugin `submit-when`: gate: "), "{event}");
        assert_eq!(base.number("SELECT max(version) FROM xqute_schema"), newest);
    }
}

#[test]
fn the_file_is_its_owners_alone() {
    let base = Base::sqlite();
    base.run(&["-q"], "true\n");
    let mode = fs::metadata(base.path("jobs.db")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn without_events_there_are_none() {
    let base = Base::sqlite();
    base.configure("path = 'jobs.db'\nevents = false");
    base.run(&["-q"], "true\n");
    assert_eq!(base.rows("SELECT (SELECT count(*) FROM jobs), (SELECT count(*) FROM events)"), ["1|0"]);
}
