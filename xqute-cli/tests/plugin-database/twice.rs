//! A run of 10,000 jobs that is killed twice: is there one row for each job, and are all rows true?

use super::base::{Base, told};

const JOBS: usize = 10_000;

fn killed_twice(base: &Base) {
    let list = "true\n".repeat(JOBS);
    let args = ["-j", "4", "--output", "none", "-q"];
    for least in [2000, 6000] {
        let mut run = base.start(&args, &list);
        base.wait_for("SELECT count(*) FROM jobs WHERE state = 'succeeded'", least);
        // SIGKILL.
        run.kill().unwrap();
        run.wait().unwrap();
    }
    told(&base.start(&args, &list).wait_with_output().unwrap());
    let count = |what: &str| base.number(&format!("SELECT count(*) FROM {what}"));
    let all = JOBS as u64;
    assert_eq!(count("jobs"), all);
    assert_eq!(count("jobs WHERE state = 'succeeded' AND command = 'true' AND rc = 0"), all);
    assert_eq!(base.number("SELECT count(DISTINCT idx) FROM jobs WHERE idx >= 0 AND idx < 10000"), all);
    assert_eq!(count("lists"), 1);
    assert_eq!(count("runs"), 3);
    assert_eq!(count("runs WHERE done IS NULL"), 2, "two of them were killed");
    assert_eq!(count("attempts WHERE state = 'succeeded'"), all);
    assert_eq!(count("attempts WHERE state IN ('submitted', 'running')"), 0, "none is left open");
    assert_eq!(count("events WHERE event = 'ended'"), all, "an event is there once");
    // Each row belongs to another one.
    let lost = "FROM attempts a LEFT JOIN runs r ON r.id = a.run WHERE r.id IS NULL";
    assert_eq!(base.number(&format!("SELECT count(*) {lost}")), 0);
    assert_eq!(base.number("SELECT succeeded FROM progress"), all);
}

#[test]
fn sqlite_has_each_job_once() {
    killed_twice(&Base::sqlite());
}

#[test]
fn postgres_has_each_job_once() {
    killed_twice(&Base::postgres());
}
