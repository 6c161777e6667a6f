//! Is what a job uses measured, also where its program was killed meanwhile? With the real binary.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;

use tempfile::TempDir;

mod common;
use common::{bash, bash_in};

/// The rows of a table, by the names of its columns.
fn table(desk: &TempDir, file: &str) -> Vec<BTreeMap<String, String>> {
    let text = fs::read_to_string(desk.path().join(file)).unwrap();
    let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
    let names = lines.next().unwrap();
    lines.map(|line| names.iter().cloned().zip(line).collect()).collect()
}

fn number(row: &BTreeMap<String, String>, column: &str) -> f64 {
    row[column].parse().unwrap_or_else(|_| panic!("{column}: {row:?}"))
}

const CONFIG: &str = "[plugins.resources]\npath = 'used.csv'\ninterval = '10ms'\n";

#[test]
fn what_jobs_use_is_in_the_table_and_in_the_summary() {
    let desk = tempfile::tempdir().unwrap();
    fs::write(desk.path().join("xqute.toml"), CONFIG).unwrap();
    let jobs = "[[job]]\nname = 'hold-1'\ntimeout = '1h'\nshell = '(head -c 50000000 /dev/zero; sleep 3) | tail -c 50000000 > held'\n\
                [[job]]\nname = 'busy'\nshell = 'i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done'\n";
    fs::write(desk.path().join("jobs.toml"), jobs).unwrap();
    let (code, _, err) = bash_in(&desk, "xqute run -j2 --file jobs.toml");
    assert_eq!(code, Some(0), "{err}");
    let told = |name: &str| {
        err.lines().find(|it| it.starts_with(name)).unwrap_or_else(|| panic!("{name}: {err}")).to_owned()
    };
    assert!(told("used by").contains("attempts  time limit  longest"), "{err}");
    assert!(told("hold ").contains(" 1h00m ") && told("hold ").contains(">= "), "{err}");
    assert!(told("busy ").contains(" none "), "{err}");
    let rows = table(&desk, "used.csv");
    let row = |name: &str| rows.iter().find(|it| it["name"] == name).unwrap();
    let hold = row("hold-1");
    assert!(number(hold, "memory_at_least") > 45e6 && number(hold, "processes_at_least") >= 3.0, "{hold:?}");
    assert!(number(hold, "memory_average") <= number(hold, "memory_at_least"), "{hold:?}");
    let busy = row("busy");
    assert!(number(busy, "cpu_at_least") > 0.0, "{busy:?}");
    assert!(["=", "<="].contains(&&*busy["largest_process_is"]), "{busy:?}");
}

#[test]
fn a_job_of_a_run_that_was_killed_is_looked_at_on() {
    let desk = tempfile::tempdir().unwrap();
    fs::write(desk.path().join("xqute.toml"), CONFIG).unwrap();
    let killed = "xqute run --shell 'touch runs; while [ ! -e stop ]; do sleep 0.05; done' & until [ -e runs ]; do :; done; kill -9 $!; wait";
    bash_in(&desk, killed);
    let (code, _, err) = bash_in(&desk, "(sleep 3; touch stop) & xqute resume");
    assert_eq!(code, Some(0), "{err}");
    let rows = table(&desk, "used.csv");
    assert!(err.contains("1 job adopted") && rows.len() == 1, "{err}\n{rows:?}");
    assert!(number(&rows[0], "samples") >= 1.0 && number(&rows[0], "memory_at_least") > 100e3, "{rows:?}");
}

#[test]
fn a_mistake_is_told_before_anything_runs() {
    for (config, wanted) in [
        ("interval = \"0\"", "`interval` is shorter than 10 ms"),
        ("intervall = 1", "unknown key"),
        ("path = \"no/such\"", "no/such: No such file"),
    ] {
        let line =
            format!("printf '[plugins.resources]\\n{config}\\n' > xqute.toml; xqute run touch ran; ls");
        let (_, out, err) = bash(&line);
        assert!(err.contains("resources") && err.contains(wanted), "{config}: {err}");
        assert!(!out.contains("ran"), "{out}");
    }
}
