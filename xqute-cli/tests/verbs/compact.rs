//! A journal that has become too long: is it made short, and what if the program is killed while that is done?

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::desk::Desk;

/// A folder with a run of one job, which has failed so often that its journal is due to be written anew.
struct Long {
    desk: Desk,
    line: String,
}

impl Long {
    fn new() -> Self {
        // A megabyte of arguments; and four records for each attempt.
        let line = format!("sh -c 'exit 3'{}", format!(" {}", "x".repeat(100_000)).repeat(11));
        let long = Self { desk: Desk::new(), line };
        long.desk.run(&["-q", "--num-retries", "260", "--retry-delay", "0s"], &[&long.line]);
        assert!(long.records() > 1018);
        long
    }

    fn journal(&self) -> PathBuf {
        self.desk.path().join(".xqute/journal")
    }

    fn records(&self) -> usize {
        self.desk.told(&["journal", "--json"]).lines().count()
    }

    /// What status tells of the job.
    fn told(&self) -> String {
        self.desk.json(&["status", "--json", "0"])["jobs"].to_string()
    }

    /// Runs the list, which changes nothing of the job; killed at the so-manieth call of the system.
    fn run_until(&self, call: &str, number: usize) -> Option<i32> {
        let list = self.desk.path().join("again");
        fs::write(&list, &self.line).unwrap();
        let mut strace = Command::new("strace");
        strace.args(["-f", "-qq", "-o", "/dev/null", "-P"]).arg(self.desk.path().join(".xqute/journal.new"));
        strace.args(["-e", &format!("inject={call}:signal=KILL:when={number}"), env!("CARGO_BIN_EXE_xqute")]);
        strace.args(["run", "-q"]).stdin(fs::File::open(list).unwrap()).current_dir(self.desk.path());
        strace.output().expect("there is an `strace`").status.code()
    }
}

#[test]
fn whenever_the_program_is_killed_there_is_the_old_journal_or_the_new_one() {
    let long = Long::new();
    let (old, told) = (fs::read(long.journal()).unwrap(), long.told());
    let mut kills = 0;
    // `openat` and `unlink` of what an earlier time left come before.
    for (call, most) in [("openat", 1), ("pwrite64", 2), ("fsync", 1), ("rename", 1)] {
        for number in 1..=most {
            fs::write(long.journal(), &old).unwrap();
            let code = long.run_until(call, number);
            assert_eq!(code, None, "{call} {number}: it was not killed");
            kills += 1;
            assert_eq!(long.told(), told, "{call} {number}");
            let journal = fs::read(long.journal()).unwrap();
            assert!(
                journal == old || long.records() < 20,
                "{call} {number}: neither the old one nor the new one"
            );
            long.desk.run(&["-q"], &[&long.line]);
            assert_eq!(long.told(), told, "{call} {number}, then to its end");
            assert!(long.records() < 20, "{call} {number}: {} records", long.records());
            assert!(!long.journal().with_extension("new").exists());
            assert!(long.desk.told(&["check"]).starts_with("sound: 1 job, "));
        }
    }
    assert_eq!(kills, 5);
    assert!(long.desk.told(&["explain", "0"]).ends_with("earlier attempts may be missing.\n"));
}
