//! Runs in the background, and what is done about them from elsewhere.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::bash;

/// Jobs that end when there is a file `go`.
const WAITING: &str = "xqute run -j2 --kill-grace 1s --detach --shell 'touch began-{}; until test -e go; do sleep 0.05; done; echo {} done' :::";
const BEGUN: &str = "until test -e began-1 && test -e began-2; do sleep 0.05; done";

#[test]
fn a_run_in_the_background_is_waited_for_and_keeps_what_it_prints() {
    let line = format!(
        "{WAITING} 1 2 3 2>&1 | grep -c 'goes on in the background, as process'
         {BEGUN}; xqute status | head -1; stat -c %a .xqute/run.log .xqute/control.sock
         touch go; xqute wait 2>&1; echo code $?; grep done .xqute/run.log | sort; test -e .xqute/control.sock; echo $?
         xqute kill; echo code $?"
    );
    let (_, out, _) = bash(&line);
    let wanted = "1\n3 jobs: 1 queued, 2 running\n600\n600\nxqute: 3 jobs: 3 succeeded\ncode 0\n1 done\n2 done\n3 done\n1\ncode 2\n";
    assert_eq!(out, wanted);
}

#[test]
fn jobs_are_killed_one_by_one_and_all_together() {
    let line = format!(
        "{WAITING} 1 2 3 4 2> /dev/null; {BEGUN}
         xqute kill 9; echo code $?; xqute kill 1; echo code $?
         until test -e began-3; do sleep 0.05; done
         xqute status 1 | head -1; xqute kill; xqute wait; echo code $?; xqute status | head -1"
    );
    let (_, out, _) = bash(&line);
    assert_eq!(out, "code 2\ncode 0\njob 1 is killed\ncode 1\n4 jobs: 3 killed, 1 cancelled\n");
}

#[test]
fn what_is_wrong_with_a_run_is_told_where_it_was_typed() {
    let (_, out, _) = bash(
        "xqute run --detach --no-such-option true; echo $?; xqute run --detach -a none echo; echo $?; ls -A",
    );
    assert_eq!(out, "2\n2\n");
    let (_, out, _) = bash(
        "xqute run --detach true ::: 1 2> told; xqute wait; xqute run --detach echo 2>> told; echo $?; xqute kill -w none; echo $?",
    );
    assert_eq!(out, "2\n2\n", "another list is refused");
}
