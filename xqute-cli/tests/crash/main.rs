//! Programs that are killed while their jobs run, and what the jobs themselves say of it afterwards.
//!
//! `CRASHES=200` asks for so many kills; `.ci/run` does, and `.ci/full` for more. What happens is random: the seed is printed, and
//! `CRASH_SEED` sets it.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking, and prints where kills fell"
)]

mod dice;
mod proof;
mod round;
mod step;

use std::collections::BTreeMap;

use dice::Dice;
use proof::Verdict;
use round::{Round, Victim};

/// So many kills of each kind, where nothing else is asked for.
const CRASHES: usize = 40;

fn crashes(share: usize) -> usize {
    let asked = std::env::var("CRASHES").ok().map(|it| it.parse().unwrap());
    asked.unwrap_or(CRASHES) / share
}

/// Kills until there were enough kills with a job running. Prints where they fell, and what became of the jobs.
fn kill_and_go_on(victims: &[Victim], kills: usize, options: &[&str]) -> Verdict {
    let mut dice = Dice::new();
    let (mut sum, mut fell) = (Verdict::default(), BTreeMap::<u64, usize>::new());
    let mut counted = 0;
    while counted < kills {
        let round = Round::new(&mut dice, options);
        let felled = round.run(victims, &mut dice);
        felled.iter().for_each(|at| *fell.entry(at / 50).or_default() += 1);
        counted += felled.len();
        let verdict = round.judge();
        assert!(verdict.is_right(), "seed {}: {verdict:?}\n{}", dice.seed, round.tell());
        sum.add(&verdict);
    }
    println!("{victims:?}: {counted} kills with a job running, seed {}; {sum:?}", dice.seed);
    for (at, count) in fell {
        println!("  {:>4} ms after the start: {}", at * 50, "#".repeat(count));
    }
    sum
}

#[test]
fn the_program_is_killed_and_no_job_is_lost_doubled_or_called_failed() {
    let verdict = kill_and_go_on(&[Victim::Program], crashes(1), &[]);
    assert_eq!((verdict.doubled, verdict.unknown), (0, 0), "{verdict:?}");
}

#[test]
fn the_supervisor_is_killed_and_what_runs_twice_is_told() {
    kill_and_go_on(&[Victim::Supervisor], crashes(4), &[]);
}

#[test]
fn both_are_killed_and_what_runs_twice_is_told() {
    kill_and_go_on(&[Victim::Program, Victim::Supervisor], crashes(4), &[]);
    kill_and_go_on(&[Victim::Supervisor, Victim::Program], crashes(4), &[]);
}

/// What each job wrote is kept, and is its own, whatever was killed.
#[test]
fn a_bundle_loses_and_mixes_no_output() {
    let bundle = ["--output", "bundle"];
    let verdict = kill_and_go_on(&[Victim::Program], crashes(4), &bundle);
    assert_eq!((verdict.doubled, verdict.unknown), (0, 0), "{verdict:?}");
    kill_and_go_on(&[Victim::Supervisor], crashes(4), &bundle);
    kill_and_go_on(&[Victim::Program, Victim::Supervisor], crashes(8), &bundle);
    kill_and_go_on(&[Victim::Supervisor, Victim::Program], crashes(8), &bundle);
}

#[test]
fn the_program_is_killed_in_each_of_its_steps() {
    let mut sum = Verdict::default();
    for (thread, calls) in step::all() {
        let kills = step::kill_in_each(thread, calls, crashes(10), &mut sum);
        println!("{kills} kills in {calls} of the thread {thread}");
    }
    assert_eq!((sum.doubled, sum.unknown), (0, 0), "{sum:?}");
}
