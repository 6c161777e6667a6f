//! Is the log of jobs GNU parallel's? Read by GNU parallel itself, and complete whatever was killed.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

mod common;
use common::{bash, bash_in};

fn desk() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// What a line of bash prints, which ends with this code.
fn told(desk: &TempDir, code: i32, line: &str) -> String {
    let (ended, out, err) = bash_in(desk, line);
    assert_eq!(ended, Some(code), "{line}\n{out}\n{err}");
    out
}

/// How many lines begin so: with a job's number, or as the first does.
fn lines(desk: &TempDir, file: &str) -> BTreeMap<String, usize> {
    let text = fs::read_to_string(desk.path().join(file)).unwrap();
    let mut counts = BTreeMap::new();
    for line in text.lines() {
        assert_eq!(line.split('\t').count(), 9, "{line}");
        *counts.entry(line.split('\t').next().unwrap().to_owned()).or_default() += 1;
    }
    counts
}

fn once(jobs: usize) -> BTreeMap<String, usize> {
    let numbers = (1..=jobs).map(|it| (it.to_string(), 1));
    numbers.chain([("Seq".to_owned(), 1)]).collect()
}

#[test]
fn gnu_parallel_goes_on_with_it() {
    let desk = desk();
    let ours = "xqute run -q -j2 --joblog jl --shell 'echo {} >> ours; test {} != b' ::: a b 'c d'";
    told(&desk, 1, ours);
    let theirs = |option: &str| {
        told(
            &desk,
            0,
            &format!(
                "rm -f theirs; touch theirs; parallel --will-cite -q {option} --joblog jl sh -c 'echo \"$1\" >> theirs' _ ::: a b 'c d' e; cat theirs"
            ),
        )
    };
    assert_eq!(theirs("--resume"), "e\n");
    assert_eq!(theirs("--resume-failed"), "b\n");
    // It runs the command of the line.
    fs::remove_file(desk.path().join("jl")).unwrap();
    told(&desk, 1, &ours.replace("xqute run", "xqute run --fresh"));
    fs::remove_file(desk.path().join("ours")).unwrap();
    told(&desk, 1, "parallel --will-cite --retry-failed --joblog jl");
    assert_eq!(told(&desk, 0, "cat ours"), "b\n");
}

#[test]
fn a_new_run_begins_it_anew_and_a_run_that_goes_on_adds_to_it() {
    let desk = desk();
    told(&desk, 1, "xqute run -q --joblog jl test {} = a ::: a b");
    assert_eq!(lines(&desk, "jl"), once(2));
    told(&desk, 1, "xqute run -q --joblog jl test {} = a ::: a b c");
    assert_eq!(lines(&desk, "jl"), once(3));
    // As with --resume-failed, the last line of a job counts.
    told(&desk, 1, "xqute run -q --joblog jl --retry-failed test {} = a ::: a b c");
    assert_eq!(lines(&desk, "jl")["2"], 2);
    told(&desk, 0, "xqute run -q --joblog jl --fresh true ::: x");
    assert_eq!(lines(&desk, "jl"), once(1));
    told(&desk, 0, "xqute run -q --joblog +jl -w another true ::: x");
    assert_eq!(lines(&desk, "jl")["1"], 2);
    // What the last run was not asked to log is added, and a mistake empties nothing.
    told(&desk, 0, "xqute run -q -w third true ::: x y; xqute run -q -w third --joblog new true ::: x y");
    assert_eq!(lines(&desk, "new"), once(2));
    let (code, _, err) = bash("xqute run --joblog no/such true ::: x");
    assert_eq!(code, Some(2));
    assert!(err.contains("joblog") && err.contains("no/such: No such file"), "{err}");
    told(&desk, 2, "xqute run --fresh --joblog new --plugins none true ::: x");
    assert_eq!(lines(&desk, "new"), once(2));
}

#[test]
fn it_is_set_as_any_option_is_and_resumed_from_anywhere() {
    let desk = desk();
    told(&desk, 0, "echo 'joblog = \"jl\"' > xqute.toml; xqute run -q true ::: a");
    assert_eq!(lines(&desk, "jl"), once(1));
    told(
        &desk,
        0,
        "printf '[plugins.joblog]\\npath = \"other\"\\n' > xqute.toml; xqute run -q --fresh true ::: a",
    );
    assert_eq!(lines(&desk, "other"), once(1));
    let stopped = "rm xqute.toml; xqute run -q -j1 -w w --joblog jl --halt now,fail=1 test {} = a ::: a b c";
    told(&desk, 1, stopped);
    assert_eq!(lines(&desk, "jl"), once(2));
    told(&desk, 1, "mkdir sub; cd sub; xqute resume -q ../w");
    assert_eq!(lines(&desk, "jl"), once(3));
}

/// Each of the plugins that keep a table; the first run has each of its jobs in it, as if there had been no second.
#[test]
fn a_second_run_that_would_write_the_same_table_is_refused() {
    for plugin in ["joblog", "trace", "resources"] {
        let desk = desk();
        let config = format!("[plugins.{plugin}]\npath = \"table\"\nappend = true\n");
        fs::write(desk.path().join("xqute.toml"), config).unwrap();
        let jobs = ["true", "sh -c 'touch runs; until [ -e end ]; do sleep 0.02; done'", "true"].join("\n");
        fs::write(desk.path().join("list"), jobs).unwrap();
        let mut first = Command::new(env!("CARGO_BIN_EXE_xqute"));
        first.args(["run", "-q", "-j1", "-a", "list"]).current_dir(desk.path()).stdin(Stdio::null());
        let mut first = first.spawn().unwrap();
        let begun = Instant::now();
        while !desk.path().join("runs").exists() {
            assert!(begun.elapsed() < Duration::from_secs(60), "the first run does nothing");
            std::thread::sleep(Duration::from_millis(5));
        }
        let (code, _, err) = bash_in(&desk, "xqute run -q -w other touch ran ::: x");
        assert_eq!(code, Some(2), "{err}");
        let path = desk.path().join("table").display().to_string();
        for part in [plugin, &path, "another run", "name another `path`"] {
            assert!(err.contains(part), "no {part}: {err}");
        }
        assert!(!desk.path().join("ran").exists());
        fs::write(desk.path().join("end"), "").unwrap();
        assert!(first.wait().unwrap().success());
        told(&desk, 0, "xqute run -q -w other true ::: x");
        let lines = fs::read_to_string(desk.path().join("table")).unwrap().lines().count();
        assert_eq!(lines, 1 + 3 + 1, "{plugin}");
    }
}

/// Kills it when so many jobs have left a mark.
fn kill_at(mut program: Child, desk: &TempDir, marks: usize) {
    let begun = Instant::now();
    while fs::read_dir(desk.path().join("marks")).unwrap().count() < marks {
        assert!(begun.elapsed() < Duration::from_secs(60), "fewer than {marks} jobs have ended");
        std::thread::sleep(Duration::from_millis(1));
    }
    program.kill().unwrap();
    program.wait().unwrap();
}

#[test]
fn each_job_has_one_line_whenever_the_program_is_killed() {
    const JOBS: usize = 60;
    let desk = desk();
    fs::create_dir(desk.path().join("marks")).unwrap();
    let list: String =
        (0..JOBS).map(|it| format!("sh -c 'sleep 0.02; touch marks/{it}; exit {}'\n", it % 2)).collect();
    fs::write(desk.path().join("list"), list).unwrap();
    for marks in [10, 20, 30, 40, 50] {
        let mut xqute = Command::new(env!("CARGO_BIN_EXE_xqute"));
        xqute.args(["run", "-q", "--no-print", "-j4", "-a", "list", "--joblog", "jl"]);
        let program = xqute.current_dir(desk.path()).stdin(Stdio::null()).spawn().unwrap();
        kill_at(program, &desk, marks);
        if marks == 30 {
            // A line that was cut short as it was written, or the first where nothing was written yet.
            told(&desk, 0, "[ -s jl ] && printf '7\\t:\\t17' >> jl || printf 'Seq\\tHo' >> jl");
        }
    }
    told(&desk, 1, "xqute run -q --no-print -a list --joblog jl");
    assert_eq!(lines(&desk, "jl"), once(JOBS));
}
