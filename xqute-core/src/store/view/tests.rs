//! Is what is seen of a work directory what its journal has?

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use tempfile::TempDir;

use super::*;
use crate::job::PeakMemory;
use crate::store::Records;
use crate::store::frame::{HEADER, header};
use crate::store::holder::Holder;
use crate::store::samples::every_kind;
use crate::store::words::{Bytes, Words};

/// A work directory whose journal is written bit by bit.
struct Writer {
    dir: TempDir,
    records: Records,
}

impl Writer {
    fn new(salt: u64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let writer = Self { records: Records::new(salt, HEADER as u64), dir };
        fs::write(writer.journal(), header(salt)).unwrap();
        writer
    }

    fn journal(&self) -> PathBuf {
        self.dir.path().join("journal")
    }

    fn bytes(&mut self, records: &[Record<'_>]) -> Vec<u8> {
        let mut bytes = Vec::new();
        records.iter().for_each(|it| self.records.push(it));
        self.records.hand_over(|more, _| bytes.write(more)).unwrap();
        bytes
    }

    fn append(&self, bytes: &[u8]) {
        OpenOptions::new().append(true).open(self.journal()).unwrap().write_all(bytes).unwrap();
    }

    fn write(&mut self, records: &[Record<'_>]) {
        let bytes = self.bytes(records);
        self.append(&bytes);
    }

    fn view(&self) -> WorkDirView {
        WorkDirView::open(self.dir.path()).unwrap()
    }
}

fn ended(index: usize, status: u8, why: &str) -> Record<'_> {
    Record::Ended { index, attempt: 0, status, why, rc: Some(1), usage: None, when: 9 }
}

#[test]
fn each_kind_of_record_is_taken_in() {
    let mut writer = Writer::new(7);
    let (records, later) = (every_kind(), every_kind().split_off(18));
    writer.write(&records[..18]);
    let mut view = writer.view();
    let states: Vec<_> = view.states().collect();
    assert_eq!(states, [JobState::Succeeded, JobState::Killed, JobState::Killed]);
    let job = view.job(1).unwrap().unwrap();
    assert_eq!((job.name.as_deref(), job.attempts, job.jid.as_deref()), (Some("näme"), 2, Some("slurm.12")));
    assert_eq!(job.argv[2].as_bytes(), b"\xFF\n\0");
    assert_eq!(job.cwd.unwrap().as_os_str().as_bytes(), b"/\xFE");
    assert_eq!((job.env, job.runs_again), (vec!["A".into(), OsString::from_vec(b"\xFF".to_vec())], true));
    let direct = view.job(0).unwrap().unwrap();
    assert_eq!((direct.cwd.unwrap().as_os_str().as_bytes(), direct.runs_again), (&b"/home/\xFF"[..], false));
    assert_eq!((job.why.as_deref(), job.ended), (Some("the run was halted"), Some(1010)));
    let killed = view.job(2).unwrap().unwrap();
    assert_eq!(killed.usage.unwrap().peak_memory, PeakMemory::AtMost(1 << 33));
    assert_eq!(view.job(3).unwrap(), None);
    assert_eq!(view.runs().map(|it| (it.done, it.alive)).collect::<Vec<_>>(), [(Some(1009), Some(false))]);
    writer.write(&later[..1]);
    view.refresh().unwrap();
    let excused = view.job(1).unwrap().unwrap();
    assert_eq!((excused.why.as_deref(), excused.ended, excused.attempts), (Some("preempted"), Some(1011), 2));
    writer.write(&later[1..]);
    view.refresh().unwrap();
    let adopted = view.job(1).unwrap().unwrap();
    assert_eq!((adopted.attempts, adopted.jid.as_deref()), (3, Some("slurm.13")));
    // The last of all kinds is about it, too.
    assert_eq!(adopted.why.as_deref(), Some("held by plugin `p`: no disk"));
}

/// It runs since another run began it, where that was started.
#[test]
fn an_adopted_job_runs_as_it_did() {
    let mut writer = Writer::new(7);
    let run = |id| Record::run(id, "local", 1);
    let (here, there) = (Record::RunIn { cwd: Bytes(b"/here") }, Record::RunIn { cwd: Bytes(b"/there") });
    let fed = Record::Fed {
        index: 0,
        digest: [7; 16],
        name: None,
        argv: Words::Read(vec![Bytes(b"a")]),
        cwd: None,
    };
    let submitted = Record::Submitted { index: 0, attempt: 0, jid: "1", process: None, when: 2 };
    let started = Record::Started { index: 0, attempt: 0, when: 3 };
    writer.write(&[run("a"), here, fed, Record::Submitting { index: 0, attempt: 0 }, submitted, started]);
    writer.write(&[run("b"), there]);
    let mut view = writer.view();
    assert_eq!(view.state(0), Some(JobState::Queued), "until it is adopted");
    writer.write(&[Record::Adopted { index: 0, attempt: 0, run: "a", jid: "2", process: None, when: 4 }]);
    view.refresh().unwrap();
    let job = view.job(0).unwrap().unwrap();
    assert_eq!((job.state, job.attempts, job.jid.as_deref()), (JobState::Running, 1, Some("2")));
    assert_eq!((job.started, job.cwd), (Some(3), Some("/here".into())));
    writer.write(&[Record::Unstarted { index: 0, why: "the run was halted", when: 5 }]);
    view.refresh().unwrap();
    assert_eq!(view.state(0), Some(JobState::Killed));
}

#[test]
fn a_job_of_a_process_that_is_gone_is_unfinished_and_one_of_this_process_runs() {
    let here = Holder::this_process();
    let gone = Holder { start: here.start + 1, ..here.clone() };
    let far = Holder { boot: "another".into(), ..here.clone() };
    for (holder, alive, state) in [
        (here, Some(true), JobState::Running),
        (gone, Some(false), JobState::Unfinished),
        (far, None, JobState::Running),
    ] {
        let mut writer = Writer::new(7);
        let started = Record::Started { index: 0, attempt: 0, when: 6 };
        writer.write(&[Record::Run { id: "r", version: "", scheduler: "local", holder, when: 5 }, started]);
        let view = writer.view();
        assert_eq!((view.runs().next().unwrap().alive, view.state(0)), (alive, Some(state)));
    }
}

#[test]
fn a_torn_record_is_the_end_until_it_is_whole() {
    let mut writer = Writer::new(7);
    writer.write(&[Record::run("r", "local", 5), Record::Submitting { index: 0, attempt: 0 }]);
    let bytes = writer.bytes(&[ended(0, 7, "failed: exit code 1")]);
    let (first, rest) = bytes.split_at(bytes.len() / 2);
    writer.append(first);
    let mut view = writer.view();
    assert_eq!(view.state(0), Some(JobState::Submitted));
    view.refresh().unwrap();
    assert_eq!(view.state(0), Some(JobState::Submitted));
    writer.append(rest);
    view.refresh().unwrap();
    assert_eq!(view.state(0), Some(JobState::Failed));
    assert_eq!(view.job(0).unwrap().unwrap().why.as_deref(), Some("failed: exit code 1"));
    assert_eq!((view.len(), view.runs().len()), (1, 1), "nothing is taken in twice");
}

#[test]
fn another_journal_in_its_place_is_read_anew() {
    let mut writer = Writer::new(7);
    writer.write(&[Record::run("old", "local", 5), ended(3, 7, "")]);
    let mut view = writer.view();
    assert_eq!(view.len(), 4);
    let mut fresh = Writer::new(8);
    fresh.write(&[Record::run("new", "local", 5), ended(0, 6, "")]);
    fs::copy(fresh.journal(), writer.journal()).unwrap();
    view.refresh().unwrap();
    assert_eq!((view.len(), &*view.runs().next().unwrap().id), (1, "new"));
}

/// Jobs that were stopped with their run: before they began, between two attempts, while they ran.
fn stopped(writer: &mut Writer) {
    let unstarted = |index| Record::Unstarted { index, why: "the run was halted", when: 3 };
    writer.write(&[
        Record::run("a", "local", 5),
        unstarted(0),
        Record::Submitted { index: 1, attempt: 0, jid: "1", process: None, when: 5 },
        Record::Failed { index: 1, attempt: 0, why: "exit code 1", rc: Some(1), usage: None, when: 5 },
        unstarted(1),
        Record::Submitting { index: 2, attempt: 0 },
        unstarted(2),
        Record::Submitting { index: 3, attempt: 0 },
        Record::Submitted { index: 3, attempt: 0, jid: "3", process: None, when: 5 },
        unstarted(3),
        Record::Started { index: 4, attempt: 0, when: 5 },
        unstarted(4),
        ended(5, 7, ""),
        Record::Done { when: 4 },
    ]);
}

#[test]
fn what_was_stopped_with_its_run_ended_as_its_summary_said_and_a_new_run_takes_it_up() {
    let mut writer = Writer::new(7);
    stopped(&mut writer);
    let mut view = writer.view();
    let (cancelled, killed) = (JobState::Cancelled, JobState::Killed);
    let states: Vec<_> = view.states().collect();
    assert_eq!(states, [cancelled, cancelled, cancelled, killed, killed, JobState::Failed]);
    assert_eq!(view.run_again(), 5);
    let job = view.job(3).unwrap().unwrap();
    assert_eq!((job.why.as_deref(), job.runs_again), (Some("the run was halted"), true));
    assert!(!view.job(5).unwrap().unwrap().runs_again);

    writer.write(&[Record::run("b", "local", 6)]);
    view.refresh().unwrap();
    let states: Vec<_> = view.states().collect();
    assert_eq!(states[..5], [JobState::Queued; 5]);
    assert_eq!((states[5], view.run_again()), (JobState::Failed, 0));
    let job = view.job(3).unwrap().unwrap();
    assert_eq!((job.why, job.runs_again), (None, false), "that it was stopped once is no news");
}

#[test]
fn a_job_ran_where_the_run_of_its_last_attempt_was_started() {
    let mut writer = Writer::new(7);
    let spec = |index, cwd| Record::Fed { index, digest: [0; 16], name: None, argv: Words::Given(&[]), cwd };
    let submitted = |index| Record::Submitted { index, attempt: 0, jid: "1", process: None, when: 5 };
    let begun = |id: &'static str, cwd| [Record::run(id, "local", 5), Record::RunIn { cwd: Bytes(cwd) }];
    writer.write(&begun("a", b"/a"));
    writer.write(&[spec(0, None), spec(1, None), spec(2, Some(Bytes(b"in"))), submitted(0), submitted(1)]);
    writer.write(&begun("b", b"/b"));
    writer.write(&[submitted(1), submitted(2)]);
    let mut view = writer.view();
    let mut cwd = |index| view.job(index).unwrap().unwrap().cwd.unwrap();
    assert_eq!([cwd(0), cwd(1), cwd(2)], ["/a", "/b", "/b/in"].map(PathBuf::from));
}

#[test]
fn a_journal_that_is_removed_is_no_run_until_another_is_there() {
    let mut writer = Writer::new(7);
    writer.write(&[Record::run("old", "local", 5), ended(3, 7, "why")]);
    let mut view = writer.view();
    fs::remove_file(writer.journal()).unwrap();
    assert_eq!(view.job(3).unwrap().unwrap().why.as_deref(), Some("why"), "what was seen can be told");
    assert!(matches!(view.refresh(), Err(WorkDirError::NoRun { .. })));
    for torn in [0, HEADER / 2] {
        fs::write(writer.journal(), &header(8)[..torn]).unwrap();
        assert!(matches!(view.refresh(), Err(WorkDirError::NoRun { .. })), "a new journal of {torn} bytes");
    }
    fs::write(writer.journal(), header(8)).unwrap();
    view.refresh().unwrap();
    assert_eq!((view.len(), view.job(3).unwrap()), (0, None));
}

#[test]
fn where_no_run_was_made_that_is_told_and_nothing_is_made() {
    let dir = tempfile::tempdir().unwrap();
    for path in [dir.path().to_owned(), dir.path().join("none")] {
        let error = WorkDirView::open(&path).unwrap_err();
        assert!(error.to_string().starts_with("no run was made in "), "{error}");
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    fs::write(dir.path().join("journal"), "a file of somebody's").unwrap();
    let error = WorkDirView::open(dir.path()).unwrap_err();
    assert!(matches!(error, WorkDirError::Journal(JournalError::Foreign { .. })), "{error}");
}

/// The clock is set back and forth while a job runs: what counts is the order of the records.
#[test]
fn a_clock_that_jumps_changes_times_and_nothing_else() {
    for jump in [0, 1, u64::MAX] {
        let mut writer = Writer::new(7);
        writer.write(&[
            Record::run("r", "local", 1000),
            Record::Submitting { index: 0, attempt: 0 },
            Record::Started { index: 0, attempt: 0, when: 2000 },
            Record::Ended { index: 0, attempt: 0, status: 6, why: "", rc: Some(0), usage: None, when: jump },
            Record::Done { when: jump },
            Record::run("s", "local", 500),
        ]);
        let mut view = writer.view();
        let job = view.job(0).unwrap().unwrap();
        assert_eq!((job.state, job.started, job.ended), (JobState::Succeeded, Some(2000), Some(jump)));
        assert_eq!(&*view.runs().last().unwrap().id, "s");
        let entries = crate::store::Entries::open(writer.dir.path()).unwrap();
        assert_eq!(entries.count(), 6);
        drop(view);
        assert_eq!(
            crate::store::check(writer.dir.path(), false).unwrap().findings.len(),
            1,
            "it has no `Fed`"
        );
    }
}
