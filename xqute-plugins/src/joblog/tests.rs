//! Does a line say what GNU parallel's would? Each end of a job, and each way to hear of it.

use std::time::Duration;

use xqute::{Signal, WorkDirView, Xqute};

use super::line::Seen;
use super::*;

/// The lines of a run of these jobs, and those that are made of its journal afterwards.
async fn lines(jobs: &[&str]) -> (Vec<String>, Vec<String>) {
    let dir = tempfile::tempdir().unwrap();
    let (work, log, again) = (dir.path().join("work"), dir.path().join("log"), dir.path().join("again"));
    let builder = Xqute::builder().forks(1).workdir(&work).timeout(Duration::from_secs(1));
    let run = builder.config("joblog", JoblogConfig::new(&log)).build().unwrap();
    for job in jobs {
        run.feed(xqute::JobSpec::parse(job)).await.unwrap();
    }
    run.run_until_complete().await.unwrap();
    let seen = Seen::of(jobs.len());
    let table = Table::open(&again, HEAD, Before::Goes, |_| {}).unwrap();
    complete(&table, WorkDirView::open(&work).unwrap(), &seen).unwrap();
    drop(table);
    let read = |path| std::fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect();
    (read(log), read(again))
}

#[tokio::test]
async fn each_end_has_its_line_and_the_journal_tells_the_same() {
    let jobs =
        ["true", "sh -c 'exit 3'", "sh -c 'kill -9 $$'", "sleep 30", "no-such-program", "sh -c 'exit 137'"];
    let (live, past) = lines(&jobs).await;
    let ends: Vec<_> = live.iter().skip(1).map(|line| line.split('\t').collect::<Vec<_>>()).collect();
    let codes: Vec<_> = ends.iter().map(|it| (it[0], it[1], it[6], it[7])).collect();
    let of = |seq, code, signal| (seq, ":", code, signal);
    let wanted = [
        of("1", "0", "0"),
        of("2", "3", "0"),
        of("3", "0", "9"),
        of("4", "-1", "15"),
        of("5", "127", "0"),
        of("6", "137", "0"),
    ];
    assert_eq!(codes, wanted);
    assert_eq!(ends[1][8], "sh -c \"exit 3\"");
    assert!(ends.iter().all(|it| it.len() == 9 && it[3].len() >= 10), "{live:?}");
    assert_eq!(live, past);
}

#[test]
fn what_is_left_for_another_run_has_no_line() {
    assert!(is_final(&Outcome::Succeeded) && is_final(&Outcome::Failed(Failure::Signal(Signal(9)))));
    assert!(is_final(&Outcome::Killed(KillReason::User)));
    assert!(!is_final(&Outcome::Killed(KillReason::RunCancelled)));
    assert!(!is_final(&Outcome::Failed(Failure::Unknown("".into()))));
}

#[test]
fn the_last_line_of_a_job_counts_and_what_is_none_is_passed_over() {
    let mut seen = Seen::of(3);
    for line in ["1\t:\t10.5\t 1.0", "9999999999\t:\t1.0\t", "x", "", "0\t:\t3.0", "1\t:\t11.000\t 1.0"] {
        seen.take(line.as_bytes());
    }
    assert!(seen.has(0) && !seen.has(1) && !seen.has(2) && !seen.has(7));
}
