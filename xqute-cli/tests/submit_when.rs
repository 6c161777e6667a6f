//! The plugin `submit-when`: does a job wait, or end, for the reason that a rule gives, and does everybody tell that reason?
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{bash, bash_in};

/// Writes a configuration, and waits for a condition.
const HEAD: &str = "rules() { printf '[plugins.submit-when]\\n' > xqute.toml; printf '[[plugins.submit-when.rule]]\\n%b\\n' \"$@\" >> xqute.toml; }
     until_told() { for i in $(seq 500); do xqute status 2> /dev/null | grep -q \"$1\" && return; sleep 0.02; done; echo \"never told: $1\"; xqute status; exit 1; }\n";

fn told(line: &str) -> (Option<i32>, String, String) {
    bash(&format!("{HEAD}{line}"))
}

#[test]
fn who_waits_says_why_takes_no_slot_and_runs_when_it_may() {
    let (code, out, err) = told(
        "rules 'name = \"gate\"\\nfilter = { index = \"0\" }\\nexists = \"go\"\\nevery = \"50ms\"'
         xqute run -q -j1 --shell 'echo {} >> ran' ::: first second & until_told '1 held, 1 succeeded'
         xqute status | grep '^job 0'; xqute status 0 | grep why; xqute explain 0 | head -2; xqute explain 0 --json | tr , '\\n' | grep '^\"\\(plugin\\|reason\\)\"'
         touch go; wait; cat ran | tr '\\n' ' '; xqute explain 0 | head -1; xqute journal | grep -c ' held '",
    );
    let why = "held by plugin `submit-when`: gate: go is not there";
    let wanted = format!(
        "job 0 is {why}: sh -c 'echo \"${{1}}\" >> ran' sh first\n  why       {why}\njob 0 is held: sh -c 'echo \"${{1}}\" >> ran' sh first\n  {why}\n\"plugin\":\"submit-when\"\n\"reason\":\"gate: go is not there\"\nsecond first job 0 succeeded: sh -c 'echo \"${{1}}\" >> ran' sh first\n1\n"
    );
    assert_eq!((code, out), (Some(0), wanted), "{err}");
}

#[test]
fn who_waits_can_be_killed_and_is_left_for_the_next_run_where_its_run_is_stopped() {
    let (_, out, err) = told(
        "rules 'exists = \"go\"'
         xqute run -q -j1 echo ::: a b > /dev/null 2>&1 & until_told '2 held'; xqute kill 0 > /dev/null; until_told '1 cancelled'
         xqute kill > /dev/null; wait; xqute status | grep -o 'run the same list again.*'
         touch go; xqute run -q -j1 echo ::: a b; xqute status | head -1",
    );
    let left =
        "run the same list again to run what is left: 1 cancelled or killed because the run was stopped\n";
    assert_eq!(out, format!("{left}b\n2 jobs: 1 succeeded, 1 cancelled\n"), "{err}");
    // Its program dies: nothing is lost.
    let desk = tempfile::tempdir().unwrap();
    let (_, out, err) = bash_in(
        &desk,
        &format!(
            "{HEAD}rules 'exists = \"go\"\\nevery = \"50ms\"'; xqute run -q echo ::: a & until_told '1 held'; kill -9 $!; wait $! 2> /dev/null
             xqute check | tail -1; touch go; xqute resume -q; xqute status | head -1"
        ),
    );
    assert!(out.ends_with("a\n1 job: 1 succeeded\n"), "{out}{err}");
}

#[test]
fn each_attempt_is_asked_about() {
    let (_, out, err) = told(
        "rules 'absent = \"busy\"\\nevery = \"50ms\"'
         xqute run -q --num-retries 1 --retry-delay 0 sh -c 'echo x >> tries; touch busy; test $(wc -l < tries) = 2' &
         until_told '1 held'; xqute explain 0 | grep -o 'held by.*'; rm busy; wait; xqute status | head -1; wc -l < tries",
    );
    assert_eq!(out, "held by plugin `submit-when`: rule 1: busy is there\n1 job: 1 succeeded\n2\n", "{err}");
}

#[test]
fn what_is_up_to_date_is_done_as_with_make_and_what_has_failed_is_not() {
    let (_, out, err) = told(
        "rules 'outdated = true'; echo 1 > a.in; echo 2 > b.in
         make() { xqute run -q --fresh --num-retries 1 --retry-delay 0 --in {} --out {.}.out --shell 'echo {} >> log; cp {} {.}.out; ! grep -q bad {}' ::: a.in b.in; xqute status | head -1; }
         make; touch -d '1 hour ago' a.in b.in; make; touch -d '1 hour' b.in; touch -d '1 min' a.out; make; xqute explain 0 | sed -n 2p
         echo bad > b.in; make 2> /dev/null; make 2> /dev/null; sort log | uniq -c | tr -s ' ' | tr '\\n' ';'; ls b.out* | tr '\\n' ' '",
    );
    let done = "2 jobs: 2 succeeded\n";
    let why = "  skipped by plugin `submit-when`: rule 1: it is up to date: its outputs are not older than its inputs\n";
    let bad = "2 jobs: 1 succeeded, 1 failed\n";
    // b runs at first, when its input is newer, and twice each time it is bad: its half output is never taken for a whole one.
    let rest = " 1 a.in; 6 b.in;b.out.failed-1 b.out.failed-2 b.out.failed-3 b.out.failed-4 ";
    assert_eq!(out, format!("{done}{done}{done}{why}{bad}{bad}{rest}"), "{err}");
}

/// The system's zone is one in which it is eight seconds to twelve: its offset from UTC is as large as that needs.
#[test]
fn a_job_starts_when_its_window_opens() {
    let (code, out, err) = told(
        "off=$(( $(date -u +%s) % 86400 - 12 * 3600 + 8 )); sign=+; [ $off -ge 0 ] || { sign=-; off=$(( -off )); }
         export TZ=$(printf 'TST%s%d:%02d:%02d' $sign $((off / 3600)) $((off / 60 % 60)) $((off % 60)))
         rules 'name = \"noon\"\nfilter = { index = \"0\" }\nbetween = \"12:00-13:00\"\nevery = \"1h\"' 'between = \"11:00-13:00\"\nevery = \"1h\"'
         xqute run -q -j1 --shell 'date +%H >> ran; : {}' ::: late now & until_told '1 held, 1 succeeded'; xqute explain 0 | sed -n 2p
         wait $!; echo $?; grep -c . ran; tail -1 ran | cut -c1-2; xqute journal | grep -c ' held '",
    );
    let wanted = "  held by plugin `submit-when`: noon: it is not 12:00-13:00\n0\n2\n12\n1\n";
    assert_eq!((code, out.as_str()), (Some(0), wanted), "{err}");
}

/// A disk of two megabytes, which a file fills.
const DISK: &str = r#"
    mkdir disk; mount -t tmpfs -o size=2m none disk; head -c 1500000 /dev/zero > disk/full
    rules 'name = "room"\nmin_free = "1M"\npath = "disk"\nevery = "50ms"'
    xqute run -q touch ran & until_told '1 held'; xqute explain 0 | sed -n 2p; ls ran 2> /dev/null
    rm disk/full; wait $!; echo $?; ls ran; xqute journal | grep -c ' held '"#;

#[test]
fn a_job_starts_when_there_is_room() {
    let line = format!("{HEAD}{DISK}").replace('\'', r"'\''");
    let (code, out, err) = bash(&format!("unshare -rm bash -c '{line}'"));
    let wanted = "  held by plugin `submit-when`: room: less than 1M is free in disk\n0\nran\n1\n";
    assert_eq!((code, out.as_str()), (Some(0), wanted), "{err}");
}

/// It was stopped, and has left half of it: that is newer than its input.
#[test]
fn what_an_earlier_run_has_begun_is_not_up_to_date() {
    let (_, out, err) = told(
        "rules 'outdated = true'; echo in > in; touch -d '1 hour ago' in
         run() { xqute run -q --plugins -outputs --in in --out out sh -c 'echo half > out; test -e go || sleep 60; echo whole > out'; }
         run 2> /dev/null & until test -s out; do sleep 0.02; done; xqute kill > /dev/null; wait; cat out
         touch go; run; cat out; xqute status | head -1",
    );
    assert_eq!(out, "half\nwhole\n1 job: 1 succeeded\n", "{err}");
}

#[test]
fn a_mistake_in_a_rule_is_told_before_anything_runs() {
    for (rule, wrong) in [
        (
            "exists = \\\"a\\\"\\nabsent = \\\"b\\\"",
            "rule 1: it has more than one condition: `exists`, `absent`",
        ),
        ("between = \\\"late\\\"", "`between = \"late\"` is no time of day: write \"22:00-06:00\""),
        ("exist = \\\"a\\\"", "unknown key `exist`"),
    ] {
        let (_, out, err) = told(&format!("rules \"{rule}\"; xqute run touch ran; echo $?; ls"));
        assert!(err.contains(wrong) && out.starts_with("2\n") && !out.contains("ran"), "{rule}: {out}{err}");
    }
}
