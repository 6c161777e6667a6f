//! Which defects of other tools, and of the original, must not come back? Each test is named for the one that it guards against.

use std::fs;
use std::process::Command;

use super::scene::Scene;

/// nextflow #1448: after a restart, jobs that still ran were submitted once more.
#[test]
fn nextflow_1448_a_restart_attaches_to_what_runs_and_submits_nothing_twice() {
    let scene = Scene::new();
    scene.kill_program(scene.start(&[], &[]));
    let processes = scene.processes();
    let (code, told) = scene.again();
    assert!(code == Some(0) && told.contains("2 jobs adopted"), "{told}");
    assert_eq!(scene.processes(), processes, "the same processes");
    scene.assert_each(1, 1);
}

/// xqute X8: the driver was killed, its job died of the lost pipe or had succeeded unseen, and the restarted driver called it failed.
#[test]
fn xqute_x8_a_job_that_succeeds_while_no_program_is_there_is_not_called_failed() {
    let scene = Scene::new();
    scene.kill_program(scene.start(&[], &["--prescript", ":"]));
    scene.go();
    scene.supervisor_is_gone();
    scene.assert_each(1, 1);
    let run = scene.run(&["timeout", "60"], &["--prescript", ":"]).output().unwrap();
    let told = String::from_utf8(run.stderr).unwrap();
    assert_eq!(run.status.code(), Some(0), "{told}");
    scene.assert_each(1, 1);
    assert_eq!(fs::read_to_string(scene.path("w/0/job.rc")).unwrap(), "0\n");
}

/// A list of jobs that are nothing, watched by another program: what that wrote down.
fn watched(watcher: &[&str], options: &[&str], jobs: usize) -> String {
    let scene = Scene::new();
    let list: String = (0..jobs).map(|it| format!("{it}\n")).collect();
    fs::write(scene.path("list"), list).unwrap();
    let run = ["run", "--progress", "never", "-q", "-w", "w", "-j64"];
    let words = [&run, options, &["-a", "list", "true"]].concat();
    let run = scene.xqute(watcher, &words).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    fs::read_to_string(scene.path("watched")).unwrap()
}

/// Bytes written, and calls that did it, a job.
fn writes_a_job(jobs: usize) -> (f64, f64) {
    let strace =
        ["strace", "-f", "-qq", "-e", "trace=write,pwrite64,writev,pwritev2,pwritev", "-o", "watched"];
    let told = watched(&strace, &["-s", "null"], jobs);
    let written = |line: &str| line.rsplit_once("= ")?.1.parse::<u64>().ok();
    let writes: Vec<u64> = told.lines().filter_map(written).collect();
    let each = |sum: u64| sum as f64 / jobs as f64;
    (each(writes.iter().sum()), each(writes.len() as u64))
}

/// pueue #412, #573: each job that was added had the whole state written anew.
#[test]
fn pueue_412_and_573_a_job_costs_as_many_bytes_among_many_as_among_few() {
    let ((few, few_calls), (many, many_calls)) = (writes_a_job(1_000), writes_a_job(10_000));
    assert!(many < few * 1.05, "{few} bytes a job of 1,000, {many} of 10,000");
    assert!(many_calls < few_calls * 1.5, "{few_calls} calls a job of 1,000, {many_calls} of 10,000");
}

/// Instructions that a run of so many jobs takes.
fn instructions(jobs: usize) -> f64 {
    let valgrind = [
        "valgrind",
        "--tool=cachegrind",
        "--cache-sim=no",
        "--cachegrind-out-file=/dev/null",
        "--log-file=watched",
    ];
    let told = watched(&valgrind, &["-s", "null"], jobs);
    let line = told.lines().find(|it| it.contains("refs:")).unwrap_or_else(|| panic!("{told}"));
    line.rsplit_once(' ').unwrap().1.replace(',', "").parse().unwrap()
}

/// xqute X13: each job that was fed had all jobs looked at.
#[test]
fn xqute_x13_a_job_costs_as_many_instructions_among_many_as_among_few() {
    let [few, more, many] = [500, 1_000, 4_000].map(instructions);
    let (among_few, among_many) = ((more - few) / 500.0, (many - more) / 3_000.0);
    assert!(among_many < among_few * 1.1, "{among_few} instructions a job, then {among_many}");
}

/// xqute X22: each job's script slept for two seconds, so that the driver would notice what it did.
#[test]
fn xqute_x22_nobody_sleeps_for_a_job() {
    for way in [&[][..], &["--prescript", ":"]] {
        let strace = ["strace", "-f", "-qq", "-e", "trace=nanosleep,clock_nanosleep,execve", "-o", "watched"];
        let told = watched(&strace, way, 20);
        assert!(told.matches("execve(").count() > 20, "the jobs are seen: {told}");
        assert!(!told.contains("nanosleep("), "{told}");
    }
}

/// The same watcher sees a job that does sleep.
#[test]
fn a_sleep_would_be_seen() {
    let scene = Scene::new();
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-e", "trace=nanosleep,clock_nanosleep", "-o"]).arg(scene.path("watched"));
    assert!(strace.args(["sh", "-c", "sleep 0.01"]).status().unwrap().success());
    assert!(fs::read_to_string(scene.path("watched")).unwrap().contains("nanosleep("));
}
