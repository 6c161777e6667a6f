//! What do many failures have in common? They are told in groups, and take the same room however many they are.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::path::Path;

use super::job::Failed;
use super::message::{Group, LongJob};
use super::tell;

/// So many groups are kept; what fits in none is counted.
const KEPT: usize = 100;
/// So many are told, and so many jobs that run for long.
const TOLD: usize = 20;

/// What failures of one group have in common.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Kind {
    cause: String,
    program: String,
    /// The last line of standard error, without its numbers.
    last: String,
}

/// The one of a group with the lowest index, and how many there are.
#[derive(Debug)]
struct Kept {
    jobs: u64,
    example: Failed,
    stderr: Vec<String>,
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
        let has_room = self.groups.len() < KEPT;
        match self.groups.get_mut(&kind) {
            Some(kept) => {
                kept.jobs += 1;
                if job.index < kept.example.index {
                    (kept.example, kept.stderr) = (job, stderr);
                }
            }
            None if has_room => {
                self.groups.insert(kind, Kept { jobs: 1, example: job, stderr });
            }
            None => self.others += 1,
        }
    }

    /// Takes in a job that runs for long.
    pub(super) fn add_long(&mut self, job: LongJob) {
        if self.long.len() < TOLD { self.long.push(job) } else { self.other_long += 1 }
    }

    pub(super) fn gathered(self, workdir: &Path) -> Gathered {
        let mut kept: Vec<Kept> = self.groups.into_values().collect();
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

impl Kept {
    fn told(self, workdir: &Path) -> Group {
        let Failed { index, name, command, cause, .. } = self.example;
        let see = tell::see(&["logs", &index.to_string()], workdir);
        Group { jobs: self.jobs, cause, index, name, command, stderr: self.stderr, see }
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
