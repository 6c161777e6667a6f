//! How often did each job run? Its jobs write that down themselves, in a file that no run knows of.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A variable of the environment that jobs write down beside their number, where a program has it.
pub const ROUND: &str = "ROUND";

/// What jobs do, and how often they did it.
#[derive(Debug)]
pub struct Ledger(PathBuf);

/// A job adds its number, and then does what the test wants of it at that time: the command stays the same.
const JOB: &str = r#"echo "$1 $ROUND" >>"$2/log"; [ ! -e "$2/does.$1" ] || . "$2/does.$1""#;

impl Ledger {
    /// An empty one, in a directory that is there.
    ///
    /// # Panics
    ///
    /// The directory cannot be written.
    #[must_use]
    pub fn new(within: &Path) -> Self {
        let directory = within.join("ledger");
        fs::create_dir(&directory).expect("a directory is made");
        fs::write(directory.join("log"), "").expect("a file is written");
        Self(directory)
    }

    /// The command of job `number`.
    #[must_use]
    pub fn words(&self, number: usize) -> Vec<String> {
        let directory = self.0.to_str().expect("a temporary directory has a name of text");
        ["sh", "-c", JOB, "sh", &number.to_string(), directory].map(String::from).to_vec()
    }

    /// What the job does from now on after it has been counted: a piece of shell.
    ///
    /// # Panics
    ///
    /// It cannot be written.
    pub fn does(&self, number: usize, script: &str) {
        fs::write(self.0.join(format!("does.{number}")), script).expect("a file is written");
    }

    /// A new fifo. Reading or opening it waits for the other side.
    ///
    /// # Panics
    ///
    /// It cannot be made.
    #[must_use]
    pub fn fifo(&self, name: &str) -> PathBuf {
        let path = self.0.join(name);
        let made = Command::new("mkfifo").arg(&path).status().expect("there is a mkfifo");
        assert!(made.success(), "a fifo is made");
        path
    }

    /// Each time that a job has begun: its number, and [`ROUND`], where it has one.
    fn log(&self) -> Vec<(usize, Option<usize>)> {
        let number = |word: &str| word.parse().expect("a number");
        let read = |line: &str| {
            let mut words = line.split_whitespace();
            (number(words.next().expect("a job's number")), words.next().map(number))
        };
        fs::read_to_string(self.0.join("log")).expect("the log is read").lines().map(read).collect()
    }

    /// How often each job has begun.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<usize, usize> {
        let mut counts = BTreeMap::new();
        self.log().into_iter().for_each(|(job, _)| *counts.entry(job).or_default() += 1);
        counts
    }

    /// Which jobs have begun in which [`ROUND`].
    #[must_use]
    pub fn rounds(&self) -> Vec<(usize, usize)> {
        self.log().into_iter().filter_map(|(job, round)| Some((job, round?))).collect()
    }

    /// Whether exactly these jobs ran, each so often.
    ///
    /// # Panics
    ///
    /// They did not.
    pub fn assert<const N: usize>(&self, counts: [(usize, usize); N]) {
        assert_eq!(self.counts(), BTreeMap::from(counts), "how often each job ran");
    }
}
