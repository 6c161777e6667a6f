//! Does a run get a directory that is its own, with its past or without?

use super::*;
use crate::job::Status;
use crate::store::frame::header_of;
use crate::store::{PastState, Record, make_metadir};
use std::os::unix::fs::PermissionsExt;

fn make_job(workdir: &Path, index: usize) {
    make_metadir(&JobFiles::new(workdir.into(), index)).unwrap();
}

/// A run that begins, and of which one job ended.
fn run(workdir: &mut WorkDir, holder: Holder<'static>) -> Opened {
    make_job(workdir.path(), 0);
    let mut opened = workdir.journal(false).unwrap();
    opened.records.push(&Record::Run {
        id: "r",
        version: "",
        scheduler: "local",
        holder,
        when: 1_795_498_262_000,
    });
    let (why, rc, usage) = ("", Some(0), None);
    opened.records.push(&Record::Ended { index: 0, attempt: 0, status: 6, why, rc, usage, when: 2 });
    opened.journal.write(&mut opened.records).unwrap();
    opened
}

fn used() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    run(&mut WorkDir::open(dir.path(), false).unwrap(), Holder::this_process());
    dir
}

#[test]
fn a_directory_is_made_for_its_owner_alone_and_goes_if_nothing_came_of_it() {
    for with_journal in [false, true] {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("a/b");
        let mut workdir = WorkDir::open(&path, false).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        if with_journal {
            workdir.journal(false).unwrap();
            assert!(path.join("journal").exists());
        }
        workdir.abandon();
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
    }
}

#[test]
fn a_journal_with_something_in_it_and_one_that_was_there_stay() {
    let dir = tempfile::tempdir().unwrap();
    let mut workdir = WorkDir::open(dir.path(), false).unwrap();
    run(&mut workdir, Holder::this_process());
    workdir.abandon();
    assert!(dir.path().join("journal").exists());
    let empty = tempfile::tempdir().unwrap();
    for last in [false, true] {
        let mut workdir = WorkDir::open(empty.path(), false).unwrap();
        workdir.journal(false).unwrap();
        if last {
            workdir.abandon();
        }
    }
    assert!(empty.path().join("journal").exists(), "the second run did not make it");
}

#[test]
fn a_used_directory_is_used_again_and_its_jobs_are_the_past() {
    let dir = used();
    let past = WorkDir::open(dir.path(), false).unwrap().journal(false).unwrap().past;
    assert_eq!((past.len(), past.get(0).unwrap().state), (1, PastState::Ended(Status::Finished)));
    assert!(dir.path().join("0").exists());
}

#[test]
fn a_fresh_run_has_no_past_but_nothing_goes_before_it_is_built() {
    let dir = used();
    fs::write(dir.path().join("notes"), "mine").unwrap();
    let mut workdir = WorkDir::open(dir.path(), true).unwrap();
    assert!(dir.path().join("0").exists() && dir.path().join("journal").exists());
    workdir.clear().unwrap();
    assert!(!dir.path().join("0").exists() && !dir.path().join("journal").exists());
    assert_eq!(workdir.journal(false).unwrap().past.len(), 0);
    workdir.abandon();
    let left: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(left, ["notes"]);
}

#[test]
fn the_journal_goes_before_the_output_that_it_tells_of() {
    let dir = used();
    let mut workdir = WorkDir::open(dir.path(), true).unwrap();
    // What is to go cannot go.
    fs::remove_dir_all(dir.path().join("0")).unwrap();
    fs::write(dir.path().join("0"), "").unwrap();
    assert!(matches!(workdir.clear(), Err(WorkDirError::Io { .. })));
    assert!(!dir.path().join("journal").exists());
}

#[test]
fn jobs_without_a_journal_stay_unless_they_may_go() {
    for torn in [None, Some(&header_of(1, 7)[..30]), Some(&[])] {
        let dir = tempfile::tempdir().unwrap();
        make_job(dir.path(), 0);
        if let Some(bytes) = torn {
            fs::write(dir.path().join("journal"), bytes).unwrap();
        }
        let error = WorkDir::open(dir.path(), false).unwrap_err();
        assert!(matches!(error, WorkDirError::Used { .. }));
        assert!(error.to_string().contains("holds the jobs of another run and no journal"), "{error}");
        assert!(dir.path().join("0").exists());
        WorkDir::open(dir.path(), true).unwrap().clear().unwrap();
        assert!(!dir.path().join("0").exists());
    }
}

#[test]
fn what_only_has_the_name_of_a_job_is_never_touched() {
    for make in [
        (|path| fs::write(path, "mine")) as fn(PathBuf) -> io::Result<()>,
        |path| fs::create_dir(&path).and_then(|()| fs::write(path.join("thesis"), "mine")),
        |path| std::os::unix::fs::symlink("/", path),
    ] {
        let dir = tempfile::tempdir().unwrap();
        make_job(dir.path(), 0);
        make(dir.path().join("2024")).unwrap();
        for fresh in [false, true] {
            assert!(matches!(WorkDir::open(dir.path(), fresh), Err(WorkDirError::Foreign { .. })));
        }
        assert!(dir.path().join("0").exists() && dir.path().join("2024").exists());
    }
}

#[test]
fn what_only_has_the_name_of_the_journal_is_never_touched() {
    for make in [
        (|path| fs::write(path, "Dear diary")) as fn(PathBuf) -> io::Result<()>,
        |path| fs::create_dir(path),
        |path| std::os::unix::fs::symlink("/dev/null", path),
    ] {
        let dir = tempfile::tempdir().unwrap();
        make(dir.path().join("journal")).unwrap();
        for fresh in [false, true] {
            let error = WorkDir::open(dir.path(), fresh).unwrap_err();
            assert!(matches!(error, WorkDirError::Journal(JournalError::Foreign { .. })), "{error}");
        }
        assert!(dir.path().join("journal").symlink_metadata().is_ok());
    }
}

#[test]
fn a_newer_journal_is_refused_and_may_only_go() {
    let dir = tempfile::tempdir().unwrap();
    make_job(dir.path(), 0);
    fs::write(dir.path().join("journal"), header_of(2, 7)).unwrap();
    let error = WorkDir::open(dir.path(), false).unwrap_err();
    assert!(matches!(error, WorkDirError::Journal(JournalError::Newer { found: 2, known: 1, .. })));
    let mut workdir = WorkDir::open(dir.path(), true).unwrap();
    workdir.clear().unwrap();
    assert_eq!(workdir.journal(false).unwrap().past.len(), 0);
}

#[test]
fn one_run_at_a_time_uses_a_directory_and_the_second_is_told_who_does() {
    let dir = tempfile::tempdir().unwrap();
    let mut first = WorkDir::open(dir.path(), false).unwrap();
    let told = || WorkDir::open(dir.path(), true).unwrap_err().to_string();
    assert!(told().contains("is in use by another run: wait"), "{}", told());
    let here = Holder { host: "lab7".into(), ..Holder::this_process() };
    let gone = Holder { start: here.start + 1, ..here.clone() };
    let _opened = run(&mut first, here);
    let who =
        format!("in use by process {} on host lab7 since 2026-11-24 05:31:02 UTC: ", std::process::id());
    assert!(told().contains(&who), "{}", told());
    run(&mut first, gone);
    assert!(told().contains("is in use by another run: "), "an old run's process: {}", told());
    drop(first);
    assert!(WorkDir::open(dir.path(), false).is_ok());
}

/// A process that another thread is about to start has the descriptors of all files until it runs its program.
#[test]
fn a_directory_is_free_when_its_run_is_gone_whoever_still_has_the_descriptor() {
    let dir = tempfile::tempdir().unwrap();
    let workdir = WorkDir::open(dir.path(), false).unwrap();
    let copy = workdir._lock.0.try_clone().unwrap();
    drop(workdir);
    assert!(WorkDir::open(dir.path(), false).is_ok());
    drop(copy);
}

#[test]
fn a_run_that_ended_in_order_may_be_who_still_uses_it_or_not() {
    let dir = tempfile::tempdir().unwrap();
    let mut workdir = WorkDir::open(dir.path(), false).unwrap();
    let mut opened = run(&mut workdir, Holder::this_process());
    opened.records.push(&Record::Done { when: 3 });
    opened.journal.write(&mut opened.records).unwrap();
    let told = WorkDir::open(dir.path(), false).unwrap_err().to_string();
    let who = format!(
        "in use by another run, or the one that has ended of process {} on host ",
        std::process::id()
    );
    assert!(told.contains(&who), "{told}");
}

#[test]
fn a_file_is_no_directory() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    for path in [file.clone(), file.join("a/b")] {
        let error = WorkDir::open(&path, false).unwrap_err();
        let told = format!("cannot use the work directory {}: {} is a file", path.display(), file.display());
        assert!(error.to_string().starts_with(&told), "{error}");
    }
}

#[test]
fn a_directory_that_cannot_be_written_is_told() {
    // Not even root makes a directory there.
    let error = WorkDir::open(Path::new("/sys/xqute/a"), false).unwrap_err();
    assert!(matches!(error, WorkDirError::NotWritable { .. }), "{error:?}");
    assert!(error.to_string().contains("/sys is not writable: choose another"), "{error}");
}
