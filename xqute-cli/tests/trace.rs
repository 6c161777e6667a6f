//! Has each attempt a line in the trace, whatever was killed? Counted from what the attempts themselves wrote.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

mod common;
use common::{bash, bash_in};

/// The lines of a table, by the names of its columns.
fn table(desk: &TempDir, file: &str) -> Vec<BTreeMap<String, String>> {
    let text = fs::read_to_string(desk.path().join(file)).unwrap();
    let mut lines = text.lines().map(|line| line.split('\t').map(str::to_owned).collect::<Vec<_>>());
    let names = lines.next().unwrap();
    let row = |line: Vec<String>| {
        assert_eq!(line.len(), names.len(), "{line:?}");
        names.iter().cloned().zip(line).collect()
    };
    lines.map(row).collect()
}

fn count<'a>(of: impl Iterator<Item = &'a str>) -> BTreeMap<&'a str, usize> {
    let mut counts = BTreeMap::new();
    of.for_each(|it| *counts.entry(it).or_default() += 1);
    counts
}

#[test]
fn each_attempt_has_one_line_whenever_the_program_is_killed() {
    const JOBS: usize = 40;
    let desk = tempfile::tempdir().unwrap();
    let path = |name: &str| desk.path().join(name);
    fs::write(
        path("xqute.toml"),
        "[plugins.trace]\npath = 'trace.tsv'\n[plugins.resources]\npath = 'used.csv'\nsummary = false\n",
    )
    .unwrap();
    fs::write(path("ran"), "").unwrap();
    // Two of three fail each time: each attempt leaves a mark as it begins.
    let job = |it: usize| format!("sh -c 'echo {it} >> ran; sleep 0.02; exit {}'\n", it % 3);
    let list: String = (0..JOBS).map(job).collect();
    fs::write(path("list"), list).unwrap();
    for marks in [8, 16, 24, 32, 40, 48] {
        let mut xqute = Command::new(env!("CARGO_BIN_EXE_xqute"));
        xqute.args([
            "run",
            "-q",
            "--no-print",
            "-j4",
            "-a",
            "list",
            "--num-retries",
            "1",
            "--retry-delay",
            "0",
        ]);
        let mut program = xqute.current_dir(desk.path()).stdin(Stdio::null()).spawn().unwrap();
        let begun = Instant::now();
        while fs::read_to_string(path("ran")).unwrap().lines().count() < marks {
            assert!(begun.elapsed() < Duration::from_secs(60), "fewer than {marks} attempts have begun");
            std::thread::sleep(Duration::from_millis(1));
        }
        program.kill().unwrap();
        program.wait().unwrap();
    }
    let (code, _, err) = bash_in(&desk, "xqute run -q --no-print -a list --num-retries 1 --retry-delay 0");
    assert_eq!(code, Some(1), "{err}");
    let (rows, ran) = (table(&desk, "trace.tsv"), fs::read_to_string(path("ran")).unwrap());
    assert_eq!(count(rows.iter().map(|it| &*it["index"])), count(ran.lines()), "{rows:#?}");
    let used = fs::read_to_string(path("used.csv")).unwrap();
    let used = used.lines().skip(1).filter_map(|it| it.split(',').next());
    assert_eq!(count(used), count(ran.lines()));
    let ends = count(rows.iter().filter(|it| it["outcome"] != "retried").map(|it| &*it["index"]));
    assert!(ends.len() == JOBS && ends.values().all(|it| *it == 1), "{ends:?}");
}

#[test]
fn it_tells_what_an_attempt_used_and_how_it_ended() {
    let desk = tempfile::tempdir().unwrap();
    fs::write(desk.path().join("xqute.toml"), "[plugins.trace]\npath = 't'\n").unwrap();
    let jobs = "[[job]]\nname = 'busy'\ntags = ['x', 'y']\nargv = ['sh', '-c', 'i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done']\n[[job]]\nargv = ['sh', '-c', \"kill -9 $$\\n\"]\n[[job]]\nargv = ['sleep', '60']\ntimeout = '100ms'\n";
    fs::write(desk.path().join("jobs.toml"), jobs).unwrap();
    let (code, _, err) = bash_in(&desk, "xqute run -q -j1 --file jobs.toml");
    assert_eq!(code, Some(1), "{err}");
    let rows = table(&desk, "t");
    let told: Vec<_> = rows
        .iter()
        .map(|it| ["name", "tags", "outcome", "exit_code", "signal", "reason"].map(|key| &*it[key]))
        .collect();
    assert_eq!(told[0], ["busy", "x,y", "succeeded", "0", "", ""]);
    assert_eq!(told[1], ["", "", "failed", "", "9", "killed by SIGKILL"]);
    assert_eq!(told[2], ["", "", "failed", "", "15", "timed out after 100ms"]);
    assert!(rows[1]["command"].ends_with("'kill -9 $$\\n'"), "{rows:?}");
    let seconds = |row: usize, key: &str| rows[row][key].parse::<f64>().unwrap();
    assert!(seconds(0, "cpu_user") > 0.0 && seconds(2, "wall") >= 0.1, "{rows:?}");
    assert!(rows[0]["max_rss"].trim_start_matches("<=").parse::<u64>().unwrap() > 100_000);
    let (code, _, err) =
        bash("printf '[plugins.trace]\\npath = \"t\"\\ncolumns = [\"nam\"]\\n' > xqute.toml; xqute run true");
    assert_eq!(code, Some(2));
    assert!(err.contains("plugin `trace`") && err.contains("no column \"nam\""), "{err}");
}
