//! Is what is left what was left?

use super::*;
use crate::store::Paper;

fn run(id: &str) -> Record<'_> {
    Record::run(id, "local", 5)
}

fn submitted(attempt: u32, jid: &str) -> Record<'_> {
    Record::Submitted { index: 0, attempt, jid, process: Some((42, 7)), when: 1 }
}

fn adopted<'a>(run: &'a str, jid: &'a str) -> Record<'a> {
    Record::Adopted { index: 0, attempt: 0, run, jid, process: Some((43, 8)), when: 4 }
}

fn submitting(attempt: u32) -> Record<'static> {
    Record::Submitting { index: 0, attempt }
}

fn failed(attempt: u32) -> Record<'static> {
    Record::Failed { index: 0, attempt, why: "", rc: Some(1), usage: None, when: 2 }
}

fn excused(attempt: u32) -> Record<'static> {
    Record::Excused { index: 0, attempt, why: "", rc: None, usage: None, when: 2 }
}

fn told(by: By) -> Record<'static> {
    Record::Killing { index: 0, attempt: 0, by, when: 3 }
}

const STARTED: Record<'_> = Record::Started { index: 0, attempt: 0, when: 9 };
const UNSTARTED: Record<'_> = Record::Unstarted { index: 0, why: "", when: 3 };
const ENDED: Record<'_> =
    Record::Ended { index: 0, attempt: 0, status: 6, why: "", rc: None, usage: None, when: 3 };

/// What is left of job 0.
fn left(records: &[Record<'_>]) -> Option<PastLeft> {
    let mut paper = Paper::new();
    let mut buffer = paper.records();
    records.iter().for_each(|it| buffer.push(it));
    paper.write(&mut buffer);
    paper.past().take_left().remove(&0)
}

fn of(run: &str, tried: (u32, u32)) -> PastLeft {
    let tried = Tried { paid: tried.0, free: tried.1 };
    PastLeft { tried, run: run.into(), ..PastLeft::default() }
}

#[test]
fn what_has_begun_and_not_ended_is_left_with_what_is_known_of_it() {
    let life = [run("a"), submitting(0), submitted(0, "1.0"), STARTED, told(By::User)];
    let begun = of("a", (0, 0));
    let known = PastLeft { jid: Some("1.0".into()), process: Some((42, 7)), ..begun.clone() };
    let runs = PastLeft { started: Some(9), ..known.clone() };
    let told = PastLeft { told: Some(By::User), ..runs.clone() };
    let all = [None, Some(begun), Some(known), Some(runs), Some(told)];
    for (length, expected) in (1..).zip(all) {
        assert_eq!(left(&life[..length]), expected, "after {:?}", life[length - 1]);
    }
    for end in [failed(0), excused(0), UNSTARTED, ENDED] {
        let mut life = life.to_vec();
        life.push(end.clone());
        assert_eq!(left(&life), None, "after {end:?}");
    }
}

#[test]
fn attempts_count_as_they_did() {
    let life = [
        run("a"),
        submitting(0),
        excused(0),
        submitting(1),
        failed(1),
        submitting(2),
        excused(2),
        submitting(3),
    ];
    assert_eq!(left(&life), Some(of("a", (1, 2))));
    let damaged = [run("a"), submitting(0), excused(0), submitting(3)];
    assert_eq!(left(&damaged), Some(of("a", (3, 0))), "what cannot be read counts as paid");
    let anew = [&life[..], &[ENDED, run("b"), submitting(0)]].concat();
    assert_eq!(left(&anew), Some(of("b", (0, 0))), "a run begins to count anew");
}

/// The name of an attempt has the run in it that submitted it: asked for by another, it would never have been started.
#[test]
fn however_often_it_was_adopted_it_is_the_attempt_of_the_run_that_submitted_it() {
    let life = [run("a"), submitting(0), submitted(0, "1"), STARTED, run("b"), adopted("a", "2"), run("c")];
    let expected =
        PastLeft { jid: Some("2".into()), process: Some((43, 8)), started: Some(9), ..of("a", (0, 0)) };
    assert_eq!(left(&life), Some(expected.clone()));
    let more = [&life[..], &[adopted("a", "2"), run("d")]].concat();
    assert_eq!(left(&more), Some(expected.clone()));
    let told = [&more[..], &[told(By::Stop), run("e")]].concat();
    assert_eq!(left(&told), Some(PastLeft { told: Some(By::Stop), ..expected }));
    let damaged = [run("b"), adopted("a", "2")];
    assert_eq!(left(&damaged).unwrap().run, "a".into(), "also where no other record of it can be read");
}

#[test]
fn a_run_that_is_stopped_takes_nothing_away_from_what_it_never_had() {
    let before = [run("a"), submitting(0), submitted(0, "1"), run("b"), UNSTARTED];
    assert_eq!(left(&before).unwrap().run, "a".into());
    let adopted = [&before[..], &[adopted("a", "1"), UNSTARTED]].concat();
    assert_eq!(left(&adopted), None, "this one was killed with its run");
    let again = [&before[..], &[submitting(0), UNSTARTED]].concat();
    assert_eq!(left(&again), None);
}

#[test]
fn what_a_run_submits_again_is_its_own() {
    let again =
        [run("a"), submitting(0), submitted(0, "1"), STARTED, told(By::Stop), run("b"), submitting(0)];
    assert_eq!(left(&again), Some(of("b", (0, 0))));
    // The record that says that it is about to be is damaged.
    let damaged = [run("a"), submitting(0), run("b"), submitted(0, "2")];
    let known = PastLeft { jid: Some("2".into()), process: Some((42, 7)), ..of("b", (0, 0)) };
    assert_eq!(left(&damaged), Some(known));
}
