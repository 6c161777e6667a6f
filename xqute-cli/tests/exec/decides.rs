//! Hooks that decide: the exit code of a command is the answer, and what is none is an error.

use super::*;

/// What `xqute status --json` tells of each job: its state, and why.
fn ended(desk: &TempDir) -> Vec<(String, String)> {
    let (_, out, _) = bash_in(desk, "xqute status --all --json");
    let status: Value = serde_json::from_str(&out).unwrap();
    let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
    status["jobs"].as_array().unwrap().iter().map(|it| (text(&it["state"]), text(&it["why"]))).collect()
}

#[test]
fn a_submission_is_let_vetoed_skipped_or_fails_with_its_gate() {
    let text = r#"case $XQUTE_JOB_INDEX in
        1) echo "the disk is full"; echo more; exit 1;;
        2) exit 1;;
        3) echo "it is there already"; exit 77;;
        4) echo broken >&2; exit 2;;
        5) exec /no/such/program;;
        6) kill -9 $$;;
        8) python3 -c 'raise KeyError("a bug")';;
    esac"#;
    let hangs = on("on_job_submitting", "exec sleep 1000");
    let gate = on("on_job_submitting", text);
    let desk = desk(&format!("{hangs}timeout = '500ms'\nfilter = {{ index = 7 }}\n{gate}"));
    let (code, out, _) = bash_in(&desk, "xqute run -k echo ::: 0 1 2 3 4 5 6 7 8");
    assert_eq!((code, &*out), (Some(1), "0\n"));
    let told = ended(&desk);
    let wanted = [
        ("succeeded", ""),
        ("cancelled", "vetoed by plugin `exec`: the disk is full"),
        ("cancelled", "ended with exit code 1"),
        ("succeeded", "skipped by plugin `exec`: it is there already"),
        ("failed", "exit code 2: broken"),
        ("failed", "exit code 127"),
        ("failed", "killed by SIGKILL"),
        ("failed", "killed, because it had not ended after 500ms"),
        ("cancelled", "KeyError: 'a bug'"),
    ];
    assert_eq!(told.len(), wanted.len());
    for (index, ((state, why), (wanted, part))) in told.iter().zip(wanted).enumerate() {
        assert!(state == wanted && why.contains(part), "job {index}: {state}, {why}");
    }
}

#[test]
fn the_first_command_that_does_not_proceed_decides() {
    let desk = desk(&format!(
        "{}{}{}",
        on("on_job_submitting", "exit 0"),
        on("on_job_submitting", "echo second; exit 1"),
        on("on_job_submitting", "touch third")
    ));
    let (code, ..) = bash_in(&desk, "xqute run -q true");
    assert_eq!(code, Some(1));
    assert_eq!(ended(&desk), [("cancelled".into(), "cancelled: vetoed by plugin `exec`: second".into())]);
    assert!(!desk.path().join("third").exists());
}

#[test]
fn a_result_is_judged() {
    let text = r#"python3 -c '
import json, sys
out = open(json.load(sys.stdin)["job"]["stdout"]).read()
if "error" in out:
    print("it says error")
    sys.exit(1)
if "odd" in out:
    sys.exit(9)'"#;
    let desk = desk(&on("on_job_verify", text));
    bash_in(&desk, "xqute run -q echo ::: well error odd");
    let told = ended(&desk);
    assert_eq!(told[0].0, "succeeded");
    assert_eq!(told[1], ("failed".into(), "failed: rejected by plugin `exec`: it says error".into()));
    assert!(told[2].0 == "failed" && told[2].1.contains("exit code 9"), "{told:?}");
}

#[test]
fn a_kill_is_vetoed_once_and_a_broken_answer_vetoes_nothing() {
    let vetoes = "if mkdir vetoed; then echo not yet; exit 1; fi; touch again";
    let desk = desk(&on("on_job_killing", vetoes));
    let (code, ..) = bash_in(&desk, "xqute run -q --timeout 200ms sleep 1000; ls -d vetoed again");
    assert_eq!(code, Some(0));
    assert!(ended(&desk)[0].1.contains("timed out"));
    let desk = super::desk(&on("on_job_killing", "exit 6"));
    let (_, _, err) = bash_in(&desk, "xqute run --timeout 200ms sleep 1000");
    assert!(ended(&desk)[0].1.contains("timed out") && err.contains("exit code 6"), "{err}");
}

#[test]
fn the_first_signal_is_vetoed() {
    let text = r#"grep -q '"signal":"SIGTERM"' || exit 0; mkdir asked && exit 1"#;
    let desk = desk(&on("on_shutdown", text));
    let line = "xqute run -q -j 1 sh -c 'test -e asked || { kill -TERM $(cat pid); until test -d asked; do sleep 0.05; done; }; echo $1' _ ::: a b & echo $! > pid; wait $!; echo $?";
    let (_, out, err) = bash_in(&desk, line);
    assert_eq!(out, "a\nb\n0\n", "{err}");
}

#[test]
fn a_run_is_refused_before_it_begins() {
    let desk = desk(&on("on_init", "echo the licence has expired; exit 1"));
    let (code, _, err) = bash_in(&desk, "xqute run -q touch ran");
    assert!(code == Some(2) && err.contains("exec") && err.contains("the licence has expired"), "{err}");
    assert!(!desk.path().join("ran").exists());
}
