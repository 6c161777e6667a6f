//! What a run shows, and to whom.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
mod common;

use serde_json::{Value, json};

use common::{bash, bash_in};

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Jobs that end one soon after the other are told in no order; the run is the last.
fn by_index(text: &str) -> Vec<Value> {
    let mut told = lines(text);
    assert_eq!(told.last().unwrap()["event"], "run");
    told.sort_by_key(|it| it["index"].as_u64().unwrap_or(u64::MAX));
    told
}

#[test]
fn json_tells_each_job_as_status_does_and_then_the_run() {
    let desk = tempfile::tempdir().unwrap();
    let (code, out, _) = bash_in(&desk, "xqute run -q --json -j1 sh -c 'echo x; exit $0' ::: 0 3");
    let told = by_index(&out);
    assert_eq!((code, told.len()), (Some(1), 3), "{out}");
    let some = |at: usize, keys: &[&str]| keys.iter().map(|key| told[at][key].clone()).collect::<Vec<_>>();
    let of_job = |at| Value::from(some(at, &["event", "index", "state", "why", "rc", "attempts"]));
    assert_eq!(of_job(0), json!(["job", 0, "succeeded", null, 0, 1]));
    assert_eq!(of_job(1), json!(["job", 1, "failed", "failed: exit code 3", 3, 1]));
    let run = some(2, &["event", "jobs", "succeeded", "failed", "exit_code"]);
    assert_eq!(Value::from(run), json!(["run", 2, 1, 1, 1]));
    let (_, status, _) = bash_in(&desk, "xqute status --json 0 1");
    let status: Value = serde_json::from_str(&status).unwrap();
    // The help names the fields.
    let (_, help, _) = bash_in(&desk, "xqute run --help");
    let (_, said) = help.split_once("`xqute status --json` but for ").unwrap();
    let (missing, rest) = said.split_once(';').unwrap();
    let (fields, _) = rest.split_once(" and `exit_code`.").unwrap();
    let named = |text: &str| text.split('`').skip(1).step_by(2).map(str::to_owned).collect::<BTreeSet<_>>();
    let has = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    let added = BTreeSet::from(["event", "run"].map(str::to_owned));
    let costs = has(&told[2]["plugins"][0]);
    assert_eq!(&has(&status["jobs"][0]) - &has(&told[0]), named(missing));
    assert_eq!(
        &(&has(&told[2]) | &added) | &costs,
        &(&named(fields) | &added) | &BTreeSet::from(["exit_code".to_owned()])
    );
    for (at, job) in told[..2].iter().enumerate() {
        for (key, value) in job.as_object().unwrap().iter().filter(|(key, _)| *key != "event") {
            assert_eq!(value, &status["jobs"][at][key], "{key} of job {at}");
        }
    }
    let fields = status["jobs"][0].as_object().unwrap().keys();
    let lacking: Vec<_> = fields.filter(|key| told[0].get(key).is_none()).collect();
    assert_eq!(lacking, ["cwd", "env", "inputs", "outputs", "runs_again"], "the help of the verb names them");
}

#[test]
fn json_tells_of_a_command_that_was_not_run_what_status_does() {
    for run in ["xqute run --json --prescript 'exit 3' true", "xqute run --json ./none"] {
        let desk = tempfile::tempdir().unwrap();
        let (_, out, _) = bash_in(&desk, run);
        let (_, status, _) = bash_in(&desk, "xqute status --json");
        let status: Value = serde_json::from_str(&status).unwrap();
        for key in ["state", "why", "rc", "attempts"] {
            assert_eq!(lines(&out)[0][key], status["jobs"][0][key], "{key}: {run}");
        }
    }
}

#[test]
fn json_tells_the_exit_code_that_there_is() {
    let (code, out, _) = bash("printf 'true\n\"unclosed\n' | xqute run --json");
    assert_eq!((code, &lines(&out)[1]["exit_code"]), (Some(2), &json!(2)), "{out}");
}

#[test]
fn a_job_that_could_not_start_has_the_attempts_that_status_tells() {
    let desk = tempfile::tempdir().unwrap();
    let (_, out, _) =
        bash_in(&desk, "xqute run -q --json --num-retries 1 --retry-delay 0 ::: no-such-command");
    let (_, status, _) = bash_in(&desk, "xqute status --json 0");
    let status: Value = serde_json::from_str(&status).unwrap();
    assert_eq!(lines(&out)[0]["attempts"], status["jobs"][0]["attempts"], "{out}{status}");
}

#[test]
fn what_was_done_before_and_what_is_not_told_have_a_command_that_helps() {
    let desk = tempfile::tempdir().unwrap();
    let line = "xqute run echo ::: a b";
    assert!(!bash_in(&desk, line).2.contains("--fresh"));
    let (_, _, told) = bash_in(&desk, line);
    assert!(
        told.contains("2 done before") && told.trim_end().ends_with("(--fresh runs them again)"),
        "{told}"
    );
    let (_, _, told) = bash("xqute run -q --shell 'exit {}' ::: $(seq 15)");
    assert!(told.contains("otherwise: `xqute status --failed` lists them"), "{told}");
}

#[test]
fn json_tells_of_jobs_that_never_ran_and_why_the_run_was_stopped() {
    // The first fails when all are there.
    let first = "until xqute status | grep -q '^3 jobs'; do sleep 0.05; done; exit 7";
    let line =
        format!("xqute run -q --json -j1 --halt soon,fail=1 sh -c 'eval \"$0\"' ::: \"{first}\" true true");
    let (code, out, _) = bash(&line);
    let told = by_index(&out);
    assert_eq!(code, Some(1));
    let states: Vec<Value> =
        told.iter().map(|it| json!([it["state"], it["jid"].is_null(), it["attempts"]])).collect();
    assert_eq!(
        states[..3],
        [json!(["failed", false, 1]), json!(["cancelled", true, 0]), json!(["cancelled", true, 0])]
    );
    assert_eq!(told[3]["stopped"], "halted", "{out}");
}

#[test]
fn output_that_cannot_be_written_is_told_once_and_is_kept() {
    let desk = tempfile::tempdir().unwrap();
    let (code, _, told) = bash_in(&desk, "xqute run -q echo ::: a b c > /dev/full");
    assert_eq!(code, Some(2));
    let workdir = desk.path().join(".xqute");
    let wanted = format!(
        "xqute: cannot write to standard output: No space left on device (os error 28): what jobs wrote is kept in {}\n",
        workdir.display()
    );
    assert_eq!(told, wanted);
    let kept: Vec<_> =
        (0..3).map(|it| std::fs::read_to_string(workdir.join(format!("{it}/job.stdout"))).unwrap()).collect();
    assert_eq!(kept, ["a\n", "b\n", "c\n"]);
}

#[test]
fn a_run_of_one_job_tells_its_failure_once() {
    let (_, _, told) = bash("xqute run false");
    assert_eq!(told.matches("exit code 1").count(), 1, "{told}");
    let (_, _, told) = bash("xqute run -j1 false ::: 1 2");
    assert!(told.contains("xqute: job 0 failed: exit code 1: false 1\n"), "{told}");
}

#[test]
fn a_halt_for_success_is_a_success() {
    let line = |why: &str| format!("xqute run -q -j1 --halt soon,{why} sh -c 'exit $0' ::: 1 0 0 0");
    assert_eq!(bash(&line("success=1")).0, Some(0));
    assert_eq!(bash(&line("success=9")).0, Some(1), "it was never reached");
    assert_eq!(bash(&line("done=3")).0, Some(1));
}

#[test]
fn jobs_that_a_halt_cancels_are_told_together() {
    let (_, _, told) = bash("xqute run -j1 --halt soon,fail=1 false ::: 1 2 3 4 5 6 7");
    assert_eq!(told.matches("cancelled: the run was halted").count(), 1, "{told}");
    assert!(told.contains("6 jobs: cancelled: the run was halted"), "{told}");
}

#[test]
fn signals_are_answered_while_nobody_reads_the_output() {
    // The output of the first job is more than the pipe takes, and nobody reads it.
    let line = "set -m; mkfifo pipe; exec 3<>pipe
        xqute run -j1 sh -c 'yes | head -c 1000000' ::: 1 2 > pipe 2> told &
        until test -s .xqute/1/job.status || grep -q 6 .xqute/0/job.status; do sleep 0.05; done 2> /dev/null
        kill -INT $!; until grep -q 'no more jobs start' told; do sleep 0.05; done
        while kill -INT $!; do sleep 0.05; done 2> /dev/null; wait $!; echo $?";
    assert_eq!(bash(line).1, "130\n");
}

#[test]
fn a_third_signal_leaves_at_once_though_nobody_reads_what_is_told_either() {
    let line = "set -m; mkfifo pipe; exec 3<>pipe
        xqute run sh -c 'yes | head -c 1000000' > pipe 2>&1 &
        until grep -q 6 .xqute/0/job.status; do sleep 0.05; done 2> /dev/null
        while kill -INT $!; do sleep 0.05; done 2> /dev/null; wait $!; echo $?";
    assert_eq!(bash(line).1, "130\n");
}

#[test]
fn what_a_job_has_left_running_holds_no_printing_up() {
    // The pipe takes less than the job has written: printing is not at the end when more is written.
    let line = "mkfifo pipe
        left='until test -e go; do sleep 0.05; done; echo late; touch done'
        xqute run -q sh -c 'head -c 300000 /dev/zero; sh -c \"$0\" &' \"$left\" > pipe < /dev/null &
        exec 3< pipe; head -c 1 <&3 | wc -c; touch go; until test -e done; do sleep 0.05; done; wc -c <&3";
    assert_eq!(bash(line).1, "1\n299999\n");
}

#[test]
fn who_waits_for_the_first_job_is_told_for_what() {
    let told = |line: &str| bash(line).2;
    let slowly = "until grep -q waiting told; do sleep 0.05; done 2> /dev/null; echo true";
    let lists = [
        (format!("xqute run -q echo :::: <({slowly})"), "arguments from /dev/fd/"),
        (format!("({slowly}) | xqute run -q"), "commands from standard input\n"),
        (format!("({slowly}) | xqute run -q echo"), "arguments from standard input; a COMMAND without any: "),
    ];
    for (line, what) in lists {
        let told = told(&format!("{line} 2> told; cat told >&2"));
        assert!(told.starts_with(&format!("xqute: waiting for {what}")), "{line}: {told}");
    }
}

#[test]
fn of_a_job_that_never_ran_no_files_of_an_earlier_run_are_shown() {
    let desk = tempfile::tempdir().unwrap();
    let run = |options: &str| {
        // The second time the first fails when the other waits for its turn.
        let job =
            "until ! test -e told || grep -q \"queued job=1\" told; do sleep 0.05; done; echo $0 >&2; exit 1";
        bash_in(&desk, &format!("xqute run -q --no-print {options} sh -c '{job}' ::: a b"));
    };
    run("");
    run("-v -j1 --retry-failed --halt now,fail=1 2> told");
    let told = std::fs::read_to_string(desk.path().join("told")).unwrap();
    let (_, cancelled) = told.split_once("job 1: cancelled").unwrap();
    assert!(!cancelled.contains(".xqute/1"), "{told}");
    assert!(!cancelled.contains("xqute logs"), "{told}");
}

#[test]
fn json_tells_the_exit_code_of_what_was_killed_as_status_does() {
    let desk = tempfile::tempdir().unwrap();
    let (_, out, _) = bash_in(&desk, "xqute run -q --json --timeout 200ms sleep 20");
    let (_, status, _) = bash_in(&desk, "xqute status --json 0");
    let status: Value = serde_json::from_str(&status).unwrap();
    let told = lines(&out);
    assert_eq!((&told[0]["rc"], &status["jobs"][0]["rc"]), (&json!(143), &json!(143)), "{out}");
}

#[test]
fn what_is_told_of_a_failure_stands_behind_its_output() {
    let (code, _, err) =
        bash("for i in $(seq 40); do echo 'echo why >&2; exit 3'; done | xqute run -j 8 --shell -a -");
    assert_eq!(code, Some(1));
    let told: Vec<&str> = err.lines().filter(|it| *it == "why" || it.starts_with("xqute: job ")).collect();
    let failures = told.iter().filter(|it| it.contains(" failed: exit code 3: ")).count();
    assert!(failures == 10 && told.windows(2).all(|it| it[0] == "why" || it[1] == "why"), "{err}");
}

#[test]
fn where_order_is_kept_a_failure_is_told_at_once_or_behind_its_output() {
    let jobs = "'until [ -e ended ]; do sleep 0.02; done; echo A >&2; exit 1' 'echo B >&2; exit 2' ':'";
    let line = format!(
        "printf '%s\\n' {jobs} | xqute run -k -j 3 --shell -a - 2>err & until grep -q 'job 1 failed' err; do sleep 0.02; done
        touch ended; wait $!; cat err"
    );
    let desk = tempfile::tempdir().unwrap();
    let (_, told, _) = bash_in(&desk, &format!("touch err; {line}"));
    let told: Vec<&str> = told.lines().map(|it| it.split(": ").nth(1).unwrap_or(it)).collect();
    assert_eq!(told[..4], ["job 1 failed", "A", "job 0 failed", "B"], "{told:?}");
}

/// Whoever prints may have to wait for a reader longer than its hooks may take.
#[test]
fn a_failure_whose_output_could_not_be_printed_is_told() {
    let desk = tempfile::tempdir().unwrap();
    std::fs::write(desk.path().join("xqute.toml"), "[hooks.print]\ntimeout = '50ms'\n").unwrap();
    let jobs =
        "'head -c 3000000 /dev/zero; touch much' 'until [ -e much ]; do sleep 0.02; done; sleep 0.2; exit 3'";
    let line =
        format!("printf '%s\\n' {jobs} | xqute run -j 2 --shell -a - 2>err | (sleep 1; wc -c); cat err");
    let (_, told, _) = bash_in(&desk, &line);
    assert!(told.contains("xqute: job 1 failed: exit code 3: "), "{told}");
    assert!(told.contains("xqute: job 1: exit code 3: "), "{told}");
}
