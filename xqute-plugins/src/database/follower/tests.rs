//! Is the database what the journal says, wherever the program was killed, and however often a record is read?
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::types::Value;
use tempfile::TempDir;
use xqute::{ErrorStrategy, Halt, JobSpec, RetryPolicy, WorkDirView, Xqute};

use super::*;

/// Two runs with every kind of end: the first was stopped, the second ran what was left.
async fn journal() -> TempDir {
    let desk = tempfile::tempdir().unwrap();
    let build = |halts: bool| {
        let builder = Xqute::builder().workdir(desk.path().join("work")).forks(2);
        let builder = builder.error_strategy(ErrorStrategy::Retry).num_retries(0);
        if halts { builder.halt(Halt::now().failed(2)) } else { builder.retry_failed(true) }.build().unwrap()
    };
    let retried = JobSpec::new(["false"]).name("twice").tag("a").tag("b");
    let retried = retried.retry(RetryPolicy::new(1).delay(Duration::ZERO));
    let jobs = [
        JobSpec::new(["echo", "it's"]),
        retried,
        JobSpec::new(["sh", "-c", "exit 3"]),
        JobSpec::new(["sleep", "20"]).timeout(Duration::from_millis(300)),
        JobSpec::new(["true"]),
    ];
    for halts in [true, false] {
        let xqute = build(halts);
        for job in &jobs {
            // A run that is stopped takes no more.
            if xqute.feed(job.clone()).await.is_err() {
                break;
            }
        }
        xqute.run_until_complete().await.unwrap();
    }
    desk
}

/// As a new process would: whatever the database has not.
fn take_in(desk: &Path) {
    let (workdir, target) = (desk.join("work"), Target::Sqlite(desk.join("jobs.db")));
    let line = Arc::new(Line::default());
    let mut following = Following { workdir, target, events: true, line, open: None, batch: BATCH };
    while matches!(following.look().unwrap(), Looked::More) {}
}

/// All rows of all tables, but for how far the journal is taken in.
fn rows(desk: &Path) -> Vec<String> {
    let base = Connection::open(desk.join("jobs.db")).unwrap();
    let mut all = Vec::new();
    for table in ["runs", "jobs", "attempts", "resources", "events"] {
        let mut asked = base.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let width = asked.column_count();
        let told = asked.query_map([], |row| {
            let values: Vec<Value> = (0..width).map(|it| row.get(it).unwrap()).collect();
            Ok(format!("{table} {values:?}"))
        });
        all.extend(told.unwrap().map(Result::unwrap));
    }
    all.sort();
    all
}

fn is_forgotten(desk: &Path) {
    for file in ["jobs.db", "jobs.db-wal", "jobs.db-shm"] {
        let _ = fs::remove_file(desk.join(file));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_states_are_those_that_the_journal_tells() {
    let desk = journal().await;
    take_in(desk.path());
    let base = Connection::open(desk.path().join("jobs.db")).unwrap();
    let mut view = WorkDirView::open(desk.path().join("work")).unwrap();
    assert_eq!(view.len(), 5);
    for index in 0..view.len() {
        let job = view.job(index).unwrap().unwrap();
        let told = base.query_row(
            "SELECT state, why, rc, jid, submitted, started, ended, user_seconds + system_seconds, name, j.stopped
             FROM jobs j LEFT JOIN attempts a USING (list, idx, run, attempt) LEFT JOIN resources USING (list, idx, run, attempt)
             WHERE idx = ?"
                .replace("SELECT state, why, rc", "SELECT j.state, j.why, j.rc")
                .replace("started, ended", "started, j.ended")
                .as_str(),
            [i64::try_from(index).unwrap()],
            |row| {
                let text = |it| row.get::<_, Option<String>>(it).unwrap();
                let number = |it| row.get::<_, Option<i64>>(it).unwrap();
                Ok((text(0), text(1), number(2), text(3), number(5), number(6), text(8), row.get::<_, bool>(9)?))
            },
        );
        let time = |it: Option<u64>| it.map(|it| i64::try_from(it).unwrap());
        let (started, ended) = (time(job.started), time(job.ended));
        let expected = (
            Some(job.state.to_string()),
            job.why,
            job.rc.map(i64::from),
            job.jid,
            started,
            ended,
            job.name,
            job.runs_again,
        );
        assert_eq!(told.unwrap(), expected, "job {index}");
    }
    let count = |table: &str| {
        base.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, i64>(0)).unwrap()
    };
    assert_eq!((count("lists"), count("runs"), count("jobs")), (1, 2, 5));
    let tags =
        base.query_row("SELECT tags FROM jobs WHERE name = 'twice'", [], |row| row.get::<_, String>(0));
    assert_eq!(tags.unwrap(), r#"["a","b"]"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn wherever_a_program_is_killed_the_next_one_goes_on() {
    let desk = journal().await;
    let path = desk.path().join("work/journal");
    let whole = fs::read(&path).unwrap();
    let ends: Vec<usize> = Entries::open(desk.path().join("work"))
        .unwrap()
        .map(|it| it.unwrap())
        .map(|it| (it.at + it.bytes) as usize)
        .collect();
    take_in(desk.path());
    let expected = rows(desk.path());
    for (place, end) in ends.iter().enumerate() {
        is_forgotten(desk.path());
        // Sometimes in the middle of a record.
        fs::write(&path, &whole[..whole.len().min(end + 7 * (place % 2))]).unwrap();
        take_in(desk.path());
        fs::write(&path, &whole).unwrap();
        take_in(desk.path());
        assert_eq!(rows(desk.path()), expected, "killed behind record {place}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_read_again_makes_no_second_row() {
    let desk = journal().await;
    take_in(desk.path());
    let expected = rows(desk.path());
    let forget = |change: &str| {
        let base = Connection::open(desk.path().join("jobs.db")).unwrap();
        assert_eq!(base.execute(change, []).unwrap(), 1);
    };
    // The journal has lost its end; it was written anew under another number.
    for change in
        ["UPDATE lists SET mark = NULL", "UPDATE lists SET mark = '1-2-3'", "UPDATE lists SET journal = 'x'"]
    {
        forget(change);
        take_in(desk.path());
        assert_eq!(rows(desk.path()), expected, "{change}");
        forget("UPDATE lists SET workdir = workdir");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_list_of_the_same_directory_is_another() {
    let desk = journal().await;
    take_in(desk.path());
    let before = rows(desk.path()).len();
    let xqute = Xqute::builder().workdir(desk.path().join("work")).fresh(true).build().unwrap();
    xqute.feed(["true"]).await.unwrap();
    xqute.run_until_complete().await.unwrap();
    take_in(desk.path());
    let after = rows(desk.path());
    // A run, a job, an attempt, what it used, and its events: submitted, started, ended.
    assert_eq!(after.len(), before + 7, "{after:#?}");
}

#[test]
fn a_run_ends_however_long_it_was_told_to_wait() {
    let line = Arc::new(Line::default());
    line.tell(|it| it.done = Some(None));
    let follower = Follower { line, target: Target::Sqlite("jobs.db".into()) };
    assert_eq!(follower.finish(Duration::MAX), None);
}

#[test]
fn a_newer_schema_is_told_and_left_alone() {
    let desk = tempfile::tempdir().unwrap();
    let path = desk.path().join("jobs.db");
    drop(Target::Sqlite(path.clone()).open().unwrap());
    let base = Connection::open(&path).unwrap();
    base.execute("INSERT INTO xqute_schema VALUES (1000)", []).unwrap();
    let trouble = Target::Sqlite(path).open().map(|_| ()).unwrap_err();
    assert!(trouble.lasts && trouble.why.contains("version 1000"), "{trouble:?}");
}

#[test]
fn what_is_no_database_is_left_alone() {
    let desk = tempfile::tempdir().unwrap();
    let path = desk.path().join("jobs.db");
    fs::write(&path, "Dear diary, ".repeat(100)).unwrap();
    let trouble = Target::Sqlite(path.clone()).open().map(|_| ()).unwrap_err();
    assert!(trouble.lasts && trouble.why.contains("no SQLite database"), "{trouble:?}");
    assert!(fs::read_to_string(path).unwrap().starts_with("Dear diary"));
}
