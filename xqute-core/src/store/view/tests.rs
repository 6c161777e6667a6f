//! Is what is seen of a work directory what its journal has?

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;

use tempfile::TempDir;

use super::*;
use crate::job::PeakMemory;
use crate::store::Records;
use crate::store::frame::{HEADER, header};
use crate::store::holder::Holder;
use crate::store::samples::every_kind;

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
    writer.write(&every_kind());
    let mut view = writer.view();
    let states: Vec<_> = view.states().collect();
    assert_eq!(states, [JobState::Succeeded, JobState::Unfinished, JobState::Killed]);
    let job = view.job(1).unwrap().unwrap();
    assert_eq!((job.name.as_deref(), job.attempts, job.jid.as_deref()), (Some("näme"), 2, Some("slurm.12")));
    assert_eq!(job.argv[2].as_bytes(), b"\xFF\n\0");
    assert_eq!(job.cwd.unwrap().as_os_str().as_bytes(), b"/\xFE");
    assert_eq!((job.why.as_deref(), job.ended), (Some("the run was halted"), Some(1010)));
    let killed = view.job(2).unwrap().unwrap();
    assert_eq!(killed.usage.unwrap().peak_memory, PeakMemory::AtMost(1 << 33));
    assert_eq!(view.job(3).unwrap(), None);
    assert_eq!(view.runs().map(|it| (it.done, it.alive)).collect::<Vec<_>>(), [(Some(1009), Some(false))]);
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

#[test]
fn a_new_run_takes_up_what_the_last_one_left() {
    let mut writer = Writer::new(7);
    let unstarted = Record::Unstarted { index: 0, why: "halted", when: 3 };
    writer.write(&[Record::run("a", "local", 5), unstarted, ended(1, 7, ""), Record::Done { when: 4 }]);
    assert_eq!(writer.view().states().collect::<Vec<_>>(), [JobState::Unfinished, JobState::Failed]);
    writer.write(&[Record::run("b", "local", 6)]);
    assert_eq!(writer.view().states().collect::<Vec<_>>(), [JobState::Queued, JobState::Failed]);
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
