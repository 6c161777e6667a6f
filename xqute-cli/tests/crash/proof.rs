//! What do the jobs say of themselves? Each writes its starts and ends into one file, a line each.

use std::collections::BTreeMap;
use std::path::Path;

/// What runs as a job: `work PROOF INDEX SECONDS CODE FIRST`, `FIRST` being the exit code of its first attempt. It says so if
/// another attempt of the same job is still alive when it starts.
pub(crate) const WORK: &str = r#"
proof=$1 index=$2 seconds=$3 code=$4 first=$5
me="$$ $(cut -d' ' -f22 /proc/$$/stat)"
alive() { [ "$(cut -d' ' -f22 "/proc/$1/stat" 2>/dev/null)" = "$2" ] && ! grep -q '^State:.Z' "/proc/$1/status"; }
before=0
while read -r what which pid start rest; do
  [ "$which" = "$index" ] || continue
  case $what in
    start) before=$((before + 1)); last="$pid $start" ;;
    end) last= ;;
  esac
done < "$proof"
[ -z "$last" ] || ! alive $last || echo "overlap $index $me" >> "$proof"
[ $before -gt 0 ] || code=$first
echo "start $index $me" >> "$proof"
for line in 1 2 3 4 5 6 7 8 9; do echo "out $index $line"; echo "err $index $line" >&2; done
sleep "$seconds"
echo "out $index over"
echo "end $index $me $code" >> "$proof"
exit "$code"
"#;

/// What a job writes to standard output and standard error.
pub(crate) fn writes(index: usize) -> [String; 2] {
    let lines = |stream: &str| (1..=9).map(|line| format!("{stream} {index} {line}\n")).collect::<String>();
    [lines("out") + &format!("out {index} over\n"), lines("err")]
}

/// What was asked of a job.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    pub(crate) millis: u64,
    /// With which it ends, and with which its first attempt does.
    pub(crate) code: i32,
    pub(crate) first: i32,
}

/// How often something happened to a job.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Happened {
    pub(crate) starts: usize,
    /// Ended with 0.
    pub(crate) good: usize,
    /// Ended otherwise.
    pub(crate) bad: usize,
    pub(crate) overlaps: usize,
}

/// By job.
pub(crate) fn read(proof: &Path) -> BTreeMap<usize, Happened> {
    let mut jobs = BTreeMap::<usize, Happened>::new();
    for line in std::fs::read_to_string(proof).unwrap().lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let job = jobs.entry(words[1].parse().unwrap()).or_default();
        match (words[0], words.get(4)) {
            ("start", _) => job.starts += 1,
            ("end", Some(&"0")) => job.good += 1,
            ("end", Some(_)) => job.bad += 1,
            ("overlap", _) => job.overlaps += 1,
            _ => panic!("{line}"),
        }
    }
    jobs
}

/// What came of the jobs of a round, or of many.
#[derive(Debug, Default, Clone)]
pub(crate) struct Verdict {
    pub(crate) jobs: usize,
    /// Never came to an end that the run knows.
    pub(crate) lost: usize,
    /// Succeeded more than once.
    pub(crate) doubled: usize,
    /// Of these, how many the run says itself that it does not know their first end.
    pub(crate) unknown: usize,
    /// The run calls them failed, and they succeeded.
    pub(crate) falsely_failed: usize,
    /// The run calls them succeeded, and they did not.
    pub(crate) falsely_succeeded: usize,
    /// A second copy ran while the first one was alive.
    pub(crate) overlapped: usize,
    /// Their output is not what they wrote.
    pub(crate) spoilt: usize,
}

impl Verdict {
    /// Whatever was killed: this never happens.
    pub(crate) fn is_right(&self) -> bool {
        let Self { lost, doubled, unknown, falsely_failed, falsely_succeeded, overlapped, spoilt, .. } = self;
        lost + falsely_failed + falsely_succeeded + overlapped + spoilt == 0 && doubled <= unknown
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.jobs += other.jobs;
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.unknown += other.unknown;
        self.falsely_failed += other.falsely_failed;
        self.falsely_succeeded += other.falsely_succeeded;
        self.overlapped += other.overlapped;
        self.spoilt += other.spoilt;
    }
}
