//! Does what earlier runs left come back as it was?

use std::io::Cursor;

use super::*;
use crate::job::JobSpec;
use crate::store::frame::HEADER;
use crate::store::samples::written;

/// A journal with these records, played back.
fn past(records: &[Record<'_>]) -> (Past, Vec<Damage>) {
    let bytes = written(records).bytes;
    Past::read(&mut Reader::new(Cursor::new(bytes), Path::new("journal")).unwrap()).unwrap()
}

fn state(records: &[Record<'_>]) -> PastState {
    let (past, damage) = past(records);
    assert_eq!(damage, []);
    past.get(0).unwrap().state
}

fn fed(index: usize, digest: u8, name: Option<&str>) -> Record<'_> {
    Record::Fed { index, digest: [digest; 16], name, argv: Words::Given(&[]), cwd: None }
}

fn submitted(attempt: u32) -> Record<'static> {
    Record::Submitted { index: 0, attempt, jid: "42", process: Some((42, 7)), when: 1 }
}

fn failed(attempt: u32) -> Record<'static> {
    Record::Failed { index: 0, attempt, why: "", rc: Some(1), usage: None, when: 2 }
}

fn ended(index: usize, status: u8) -> Record<'static> {
    Record::Ended { index, attempt: 0, status, why: "", rc: None, usage: None, when: 3 }
}

fn run(id: &str) -> Record<'_> {
    Record::run(id, "local", 5)
}

const SUBMITTING: Record<'_> = Record::Submitting { index: 0, attempt: 0 };
const STARTED: Record<'_> = Record::Started { index: 0, attempt: 0, when: 1 };

#[test]
fn a_million_jobs_fit() {
    assert!(size_of::<PastJob>() <= 64, "{}", size_of::<PastJob>());
}

#[test]
fn a_job_is_where_its_last_record_left_it() {
    let life = [fed(0, 1, None), SUBMITTING, submitted(0), STARTED, failed(0), submitted(1), ended(0, 6)];
    let begun = |attempt, started| PastState::Begun { attempt, started };
    let states = [
        PastState::Fed,
        begun(0, false),
        begun(0, false),
        begun(0, true),
        PastState::Failed { attempt: 0 },
        begun(1, false),
        PastState::Ended(Status::Finished),
    ];
    for (length, expected) in (1..).zip(states) {
        assert_eq!(state(&life[..length]), expected, "after {:?}", life[length - 1]);
    }
    for end in [Status::Finished, Status::Failed, Status::Killed, Status::Cancelled] {
        assert_eq!(state(&[ended(0, end.code())]), PastState::Ended(end));
    }
    assert_eq!(state(&[ended(0, 7), SUBMITTING]), begun(0, false), "a failed job that is run again");
}

#[test]
fn runs_are_known_with_their_process_and_whether_they_ended_in_order() {
    let (known, _) = past(&[run("a"), Record::Done { when: 9 }, run("b")]);
    let [a, b] = known.runs() else { panic!("{:?}", known.runs()) };
    assert_eq!((&*a.id, &*a.scheduler, a.when, a.done), ("a", "local", 5, true));
    assert_eq!((&*b.id, b.done), ("b", false));
    assert_eq!(b.holder, Holder::this_process());
    let (unknown, damage) = past(&[Record::Done { when: 9 }]);
    assert_eq!((unknown.runs(), damage), (&[][..], vec![]), "an end whose beginning cannot be read");
}

#[test]
fn a_job_is_the_same_by_its_digest_or_by_its_name() {
    let (past, _) = past(&[fed(0, 1, None), fed(1, 2, Some("n")), ended(2, 6)]);
    assert_eq!(past.len(), 3);
    let compare = |index, digest: u8, name| past.compare(index, Digest([digest; 16]), name);
    assert_eq!(compare(0, 1, None), Sameness::Same);
    assert_eq!(compare(0, 1, Some("x")), Sameness::Same, "a name that is new changes nothing");
    assert_eq!(compare(0, 9, None), Sameness::Different);
    assert_eq!(compare(0, 9, Some("n")), Sameness::Different, "the name is another job's");
    assert_eq!(compare(1, 9, Some("n")), Sameness::Same);
    assert_eq!(compare(1, 2, None), Sameness::Same);
    assert_eq!(compare(1, 9, None), Sameness::Different);
    assert_eq!(compare(2, 9, None), Sameness::Same, "its record cannot be read");
    assert_eq!(compare(3, 1, None), Sameness::New);
    assert!(past.has(0, Digest([1; 16])) && !past.has(0, Digest([9; 16])));
    assert!(!past.has(2, Digest([9; 16])) && !past.has(3, Digest([9; 16])));
}

#[test]
fn a_job_that_is_fed_again_under_its_name_keeps_what_became_of_it() {
    let (past, _) = past(&[fed(0, 1, Some("n")), ended(0, 6), fed(0, 2, Some("n"))]);
    assert!(past.has(0, Digest([2; 16])) && !past.has(0, Digest([1; 16])));
    assert_eq!(past.get(0).unwrap().state, PastState::Ended(Status::Finished));
}

#[test]
fn a_job_of_which_nothing_is_left_counts_as_fed() {
    let (past, _) = past(&[fed(0, 1, None), fed(2, 1, None)]);
    assert_eq!(past.get(1), Some(&PastJob::default()));
    assert_eq!(past.compare(1, Digest([9; 16]), None), Sameness::Same);
}

#[test]
fn a_record_that_makes_no_sense_is_told_and_nothing_is_allocated_for_it() {
    for nonsense in [
        fed(usize::MAX, 1, None),
        Record::Started { index: 1 << 40, attempt: 0, when: 0 },
        ended(0, 4),
        ended(0, 255),
    ] {
        let (past, damage) = past(&[nonsense, fed(1, 1, None)]);
        assert_eq!((past.len(), damage.len(), damage[0].at), (2, 1, HEADER as u64));
    }
}

#[test]
fn the_command_of_a_past_job_can_be_shown() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal");
    let mut opened = crate::store::Journal::open(&path, false, Vec::new()).unwrap();
    for (index, words) in [["echo", "a b"], ["cat", "x"]].into_iter().enumerate() {
        let spec = JobSpec::new(words);
        opened.records.push(&Record::fed(index, spec.digest(None).unwrap(), spec.argv().unwrap(), &spec));
    }
    opened.records.push(&ended(2, 6));
    opened.journal.write(&mut opened.records).unwrap();
    let past = crate::store::Journal::open(&path, false, Vec::new()).unwrap().past;
    let shown = |index| command(&path, past.get(index).unwrap());
    assert_eq!(shown(0).unwrap(), "echo 'a b'");
    assert_eq!(shown(1).unwrap(), "cat x");
    assert_eq!(shown(2), None, "its record is not there");
    std::fs::remove_file(&path).unwrap();
    assert_eq!(shown(0), None);
}
