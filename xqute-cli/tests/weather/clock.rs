//! What if the clock is set, while a run goes on or between two? It tells when things were; how long they took, and whether a
//! job's time is up, it does not.

use std::fs;
use std::process::Command;

use super::scene::Scene;

/// Takes the place of the system's clock, the one that can be set: so many seconds more or less as the file says.
const SHIFTED: &str = r#"
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t clock, struct timespec *now) {
  long result = syscall(SYS_clock_gettime, clock, now);
  char text[32] = {0}, *path = getenv("CLOCK_SHIFT");
  if (clock == CLOCK_REALTIME && result == 0 && path) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file >= 0) {
      if (read(file, text, sizeof text - 1) > 0) now->tv_sec += atol(text);
      close(file);
    }
  }
  return (int)result;
}
"#;

const YEAR: i64 = 365 * 24 * 3600;

/// A folder with such a clock.
struct Clock(Scene);

impl Clock {
    fn new() -> Self {
        let clock = Self(Scene::new());
        fs::write(clock.0.path("clock.c"), SHIFTED).unwrap();
        let mut cc = Command::new("cc");
        cc.args(["-shared", "-fPIC", "-o"]).arg(clock.0.path("clock.so")).arg(clock.0.path("clock.c"));
        assert!(cc.status().unwrap().success());
        clock.set(0);
        clock
    }

    /// Sets it, at once: a reader sees the one or the other.
    fn set(&self, seconds: i64) {
        fs::write(self.0.path("new"), seconds.to_string()).unwrap();
        fs::rename(self.0.path("new"), self.0.path("shift")).unwrap();
    }

    /// What has a program live by this clock.
    fn env(&self) -> [String; 3] {
        let path = |name: &str| self.0.path(name).display().to_string();
        [
            "env".to_owned(),
            format!("LD_PRELOAD={}", path("clock.so")),
            format!("CLOCK_SHIFT={}", path("shift")),
        ]
    }

    /// Whoever looks at the jobs afterwards is told that they have succeeded, and nothing odd.
    fn looks(&self) {
        for verb in [&["status", "0"][..], &["explain", "0"], &["journal"], &["check"]] {
            let told = self.0.xqute(&[], &[verb, &["-w", "w"]].concat()).output().unwrap();
            let told = [told.stdout, told.stderr, told.status.code().unwrap().to_string().into()].concat();
            let told = String::from_utf8(told).unwrap();
            assert!(told.ends_with('0') && is_sane(&told), "{verb:?}: {told}");
        }
    }
}

/// Nothing in what is told took less than no time, or as long as the clock was set by.
fn is_sane(told: &str) -> bool {
    let odd = ["panicked", "in -", "for -", "after -", "days", "years"];
    odd.iter().all(|it| !told.contains(it))
}

#[test]
fn a_clock_that_is_set_while_jobs_run_changes_no_end_and_no_time() {
    for shift in [-YEAR, YEAR] {
        let clock = Clock::new();
        let env = clock.env();
        let env: Vec<&str> = env.iter().map(String::as_str).collect();
        let mut program = clock.0.start(&env, &["--timeout", "10m"]);
        clock.set(shift);
        clock.0.go();
        let code = program.wait().unwrap().code();
        let told = fs::read_to_string(clock.0.path("told")).unwrap();
        assert_eq!(code, Some(0), "{told}");
        assert!(is_sane(&told) && told.contains("2 jobs: 2 succeeded"), "{told}");
        clock.0.assert_each(1, 1);
        clock.looks();
    }
}

#[test]
fn a_clock_that_is_set_between_two_runs_hides_nothing_of_the_first() {
    let clock = Clock::new();
    let env = clock.env();
    let env: Vec<&str> = env.iter().map(String::as_str).collect();
    clock.0.kill_program(clock.0.start(&env, &[]));
    clock.set(-YEAR);
    clock.0.go();
    let run = clock.0.run(&env, &[]).output().unwrap();
    let told = String::from_utf8(run.stderr).unwrap();
    assert_eq!(run.status.code(), Some(0), "{told}");
    assert!(is_sane(&told) && told.contains("2 jobs adopted"), "{told}");
    clock.0.assert_each(1, 1);
    clock.looks();
}

#[test]
fn a_jobs_time_is_up_although_the_clock_was_set_back() {
    let clock = Clock::new();
    let env = clock.env();
    let env: Vec<&str> = env.iter().map(String::as_str).collect();
    let mut program = clock.0.start(&env, &["--timeout", "1s"]);
    clock.set(-YEAR);
    let code = program.wait().unwrap().code();
    let told = fs::read_to_string(clock.0.path("told")).unwrap();
    assert_eq!(code, Some(1), "{told}");
    assert!(is_sane(&told) && told.contains("2 jobs: timed out"), "{told}");
    clock.0.assert_each(1, 0);
}
