//! What do many failures have in common? They are told in groups, and take the same room however many they are.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::Path;

use super::job::Failed;
use super::message::{Group, LongJob};
use super::tell;

/// So many groups are kept; what fits in none is counted.
const KEPT: usize = 100;
/// So many are told, and so many jobs that run for long;
const TOLD: usize = 20;
/// so many of those as they are, the others together where cause and program are the same.
const APART: usize = 10;
/// Of a group so many jobs are named besides the first.
const ALSO: usize = 4;

/// What failures of one group have in common.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Kind {
    cause: String,
    program: String,
    /// The last line of standard error, without its numbers; none where too many were said.
    last: String,
}

/// The one of a group with the lowest index, and how many there are.
#[derive(Debug)]
struct Kept {
    jobs: u64,
    example: Failed,
    stderr: Vec<String>,
    /// The next ones, in order.
    also: Vec<usize>,
}

/// What has happened since the last message.
#[derive(Debug, Default)]
pub(super) struct Digest {
    groups: HashMap<Kind, Kept>,
    failed: u64,
    /// Of them, those in no group.
    others: u64,
    long: Vec<LongJob>,
    other_long: u64,
}

/// The same, to be told.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) failed: u64,
    pub(super) failures: Vec<Group>,
    pub(super) other_failures: u64,
    pub(super) long_jobs: Vec<LongJob>,
    pub(super) other_long_jobs: u64,
}

impl Digest {
    pub(super) fn is_empty(&self) -> bool {
        self.failed == 0 && self.long.is_empty()
    }

    /// Takes in a job that failed, and what it said last.
    pub(super) fn add(&mut self, job: Failed, stderr: Vec<String>) {
        self.failed += 1;
        let last = stderr.last().map(|it| without_numbers(it)).unwrap_or_default();
        let kind = Kind { cause: job.cause.clone(), program: job.program.clone(), last };
        let kept = Kept { jobs: 1, example: job, stderr, also: Vec::new() };
        let is_known = self.groups.contains_key(&kind);
        let kind = if is_known || self.groups.len() < KEPT { kind } else { kind.whatever_was_said() };
        if self.groups.contains_key(&kind) || self.groups.len() < 2 * KEPT {
            put(&mut self.groups, kind, kept);
        } else {
            self.others += 1;
        }
    }

    /// Takes in a job that runs for long.
    pub(super) fn add_long(&mut self, job: LongJob) {
        if self.long.len() < TOLD { self.long.push(job) } else { self.other_long += 1 }
    }

    pub(super) fn gathered(self, workdir: &Path) -> Gathered {
        let mut all: Vec<(Kind, Kept)> = self.groups.into_iter().collect();
        all.sort_unstable_by_key(|(_, it)| (Reverse(it.jobs), it.example.index));
        let mut rest = if all.len() > TOLD { all.split_off(APART) } else { Vec::new() };
        if !rest.is_empty() {
            rest.extend(all.extract_if(.., |(kind, _)| kind.last.is_empty()));
        }
        let mut together = HashMap::new();
        rest.into_iter().for_each(|(kind, it)| put(&mut together, kind.whatever_was_said(), it));
        let mut kept: Vec<Kept> = all.into_iter().map(|(_, it)| it).chain(together.into_values()).collect();
        kept.sort_unstable_by_key(|it| (Reverse(it.jobs), it.example.index));
        let untold: u64 = kept.iter().skip(TOLD).map(|it| it.jobs).sum();
        Gathered {
            failed: self.failed,
            failures: kept.into_iter().take(TOLD).map(|it| it.told(workdir)).collect(),
            other_failures: self.others + untold,
            long_jobs: self.long,
            other_long_jobs: self.other_long,
        }
    }
}

impl Kind {
    fn whatever_was_said(self) -> Self {
        Self { last: String::new(), ..self }
    }
}

/// Adds jobs to those of their kind.
fn put(groups: &mut HashMap<Kind, Kept>, kind: Kind, kept: Kept) {
    match groups.entry(kind) {
        Entry::Occupied(mut there) => there.get_mut().add(kept),
        Entry::Vacant(place) => drop(place.insert(kept)),
    }
}

impl Kept {
    fn add(&mut self, mut other: Self) {
        if other.example.index < self.example.index {
            std::mem::swap(self, &mut other);
        }
        self.jobs += other.jobs;
        self.also.push(other.example.index);
        self.also.append(&mut other.also);
        self.also.sort_unstable();
        self.also.truncate(ALSO);
    }

    fn told(self, workdir: &Path) -> Group {
        let Failed { index, name, command, cause, .. } = self.example;
        let see = tell::see(&["logs", &index.to_string()], workdir);
        Group { jobs: self.jobs, cause, index, name, command, stderr: self.stderr, also: self.also, see }
    }
}

/// `line 7 of sample 12` is of the same kind as `line 8 of sample 3`.
fn without_numbers(text: &str) -> String {
    let mut without = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '0'..='9' if without.ends_with('#') => {}
            '0'..='9' => without.push('#'),
            letter => without.push(letter),
        }
    }
    without
}
