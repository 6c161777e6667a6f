//! Does the example run a real pipeline, and what becomes of it when its program is killed?

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;
use xqute::{Entries, Fact};

const TEXT: &str = "the cat and the dog\nand the bird\nfly over the hill\nand away\nthe end\n";
/// The words of both texts, as no pipeline counts them.
const WORDS: &str = "10 the\n6 and\n2 away\n2 bird\n2 cat\n2 dog\n2 end\n2 fly\n2 hill\n2 over\n";

/// In place of `sort`: it writes down that it has run. One that finds the file `hold`, or `hold-merge` and is that of `merge`, tells its process group, and waits to be
/// let go.
const SORT: &str = r#"#!/bin/bash
cd "${0%/*}"
echo "$*" >>log
if mv hold held 2>/dev/null || { [ $# -gt 0 ] && mv hold-merge held 2>/dev/null; }; then
  read -r _ _ _ _ group _ </proc/$$/stat
  echo "$group" >up
  read -r _ <gate
fi
cd - >/dev/null
exec /usr/bin/sort "$@"
"#;

/// A directory with two texts, and with a `sort` that can be held.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        ["one.txt", "two.txt"].iter().for_each(|it| fs::write(desk.path(it), TEXT).unwrap());
        fs::create_dir(desk.path("bin")).unwrap();
        fs::write(desk.path("bin/sort"), SORT).unwrap();
        fs::set_permissions(desk.path("bin/sort"), fs::Permissions::from_mode(0o755)).unwrap();
        let fifos = ["bin/up", "bin/gate"].map(|it| desk.path(it));
        assert!(Command::new("mkfifo").args(fifos).status().unwrap().success());
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self) -> Command {
        let mut words = Command::new(env!("CARGO_BIN_EXE_words"));
        let path = format!("{}:{}", self.path("bin").display(), std::env::var("PATH").unwrap());
        words.current_dir(self.0.path()).env("PATH", path).args(["dir", "one.txt", "two.txt"]);
        words
    }

    /// Begins, and is killed with SIGKILL when the journal has so many bytes more; `true`: it was done before.
    fn dies_after(&self, bytes: u64) -> bool {
        let journal = self.path("dir/jobs/journal");
        let size = || fs::metadata(&journal).map_or(0, |it| it.len());
        let enough = size() + bytes;
        let mut program = self.command().stdout(Stdio::null()).spawn().unwrap();
        while size() < enough {
            if let Some(status) = program.try_wait().unwrap() {
                assert!(status.success(), "{status}");
                return true;
            }
            std::thread::yield_now();
        }
        program.kill().unwrap();
        program.wait().unwrap();
        false
    }

    /// Begins, and gives the process group of the job that is held.
    fn hold(&self, which: &str) -> (Child, String) {
        fs::write(self.path("bin").join(which), "").unwrap();
        let program = self.command().stdout(Stdio::null()).spawn().unwrap();
        (program, fs::read_to_string(self.path("bin/up")).unwrap().trim().to_owned())
    }

    fn assert_done(&self, out: &Output, last: &str) {
        let told = String::from_utf8_lossy(&out.stdout).into_owned();
        assert!(out.status.success() && told.contains(last), "{told}\n{out:?}");
        assert_eq!(fs::read_to_string(self.path("dir/results/merge/words")).unwrap(), WORDS);
    }

    /// What each call of `sort` has noted, in all runs.
    fn sorts(&self) -> String {
        fs::read_to_string(self.path("bin/log")).unwrap()
    }

    /// How often each job was handed to this machine, in all runs.
    fn submitted(&self) -> Vec<usize> {
        let mut times = BTreeMap::new();
        for entry in Entries::open(self.path("dir/jobs")).unwrap() {
            let entry = entry.unwrap();
            if let (Fact::Submitted { .. }, Some(index)) = (entry.fact, entry.index) {
                *times.entry(index).or_default() += 1;
            }
        }
        times.into_values().collect()
    }
}

fn kill(whom: &str) {
    assert!(Command::new("bash").args(["-c", "kill -9 -- $0", whom]).status().unwrap().success());
}

#[test]
fn two_texts() {
    let desk = Desk::new();
    let first = desk.command().output().unwrap();
    desk.assert_done(&first, "split: 2 succeeded\ncount: 6 succeeded\nmerge: 1 succeeded\n0 cached, 0 attempts failed\n9 jobs: 9 succeeded");
    let again = desk.command().output().unwrap();
    desk.assert_done(&again, "9 cached, 0 attempts failed\n9 jobs: 0 succeeded, 9 skipped");
    assert_eq!(desk.submitted(), [1; 9]);
}

/// In the middle, and its jobs live on: the next run takes them up.
#[test]
fn a_killed_program_is_gone_on_with() {
    let desk = Desk::new();
    let (mut program, _) = desk.hold("hold");
    program.kill().unwrap();
    program.wait().unwrap();
    let mut next = desk.command().stdout(Stdio::piped()).spawn().unwrap();
    let mut told = BufReader::new(next.stdout.take().unwrap());
    let mut line = String::new();
    told.read_line(&mut line).unwrap();
    assert!(line.starts_with("split: "), "{line}");
    fs::write(desk.path("bin/gate"), "\n").unwrap();
    assert!(next.wait().unwrap().success());
    desk.assert_done(&desk.command().output().unwrap(), "9 cached");
    // By what jobs did: a program that is killed may not have noted that the one that was held has begun.
    assert_eq!(desk.sorts().lines().count(), 7, "nothing was done twice: {}", desk.sorts());
}

/// Wherever that is: what a job does is done once.
#[test]
fn a_program_that_is_killed_again_and_again_does_nothing_twice() {
    for step in [400, 700, 1100] {
        let (desk, mut bytes) = (Desk::new(), step);
        while !desk.dies_after(bytes) {
            bytes += step;
        }
        desk.assert_done(&desk.command().output().unwrap(), "9 cached");
        let sorts = desk.sorts();
        assert_eq!(
            sorts.lines().count(),
            7,
            "6 for `count` and one for `merge`, killed every {step} bytes: {sorts}"
        );
    }
}

/// They might write what this one writes. When they have ended, it begins.
#[test]
fn another_list_does_not_begin_while_jobs_of_the_last_one_run() {
    let desk = Desk::new();
    let (mut program, _) = desk.hold("hold-merge");
    program.kill().unwrap();
    program.wait().unwrap();
    fs::write(desk.path("three.txt"), TEXT).unwrap();
    // At another place, so that it is another list.
    let mut other = desk.command();
    other.args(["three.txt"]);
    let refused = other.output().unwrap();
    let why = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(why.starts_with("words: 1 job of an earlier run still runs in "), "{why}");
    assert_eq!(refused.status.code(), Some(2));
    fs::write(desk.path("bin/gate"), "\n").unwrap();
    desk.assert_done(&desk.command().output().unwrap(), "9 jobs: ");
    let others = other.output().unwrap();
    assert!(
        others.status.success() && String::from_utf8_lossy(&others.stdout).contains("8 cached"),
        "{others:?}"
    );
}

/// As when a machine goes down: program, supervisor and job at once. What the job had written is no result.
#[test]
fn a_job_that_died_with_its_program_is_done_again_and_no_other_is() {
    let desk = Desk::new();
    let (mut program, group) = desk.hold("hold-merge");
    let stat = fs::read_to_string(format!("/proc/{group}/stat")).unwrap();
    let supervisor = stat.rsplit(')').next().unwrap().split_whitespace().nth(1).unwrap().to_owned();
    program.kill().unwrap();
    program.wait().unwrap();
    kill(&supervisor);
    kill(&format!("-{group}"));
    assert_eq!(fs::read_to_string(desk.path("dir/results/merge/words")).unwrap(), "", "half of it is there");
    let next = desk.command().output().unwrap();
    desk.assert_done(
        &next,
        "merge: 1 succeeded\n8 cached, 1 attempts failed\n9 jobs: 1 succeeded, 8 skipped",
    );
    assert_eq!(desk.submitted(), [1, 1, 1, 1, 1, 1, 1, 1, 2]);
    desk.assert_done(&desk.command().output().unwrap(), "9 cached");
}
