//! Do commands of the plugin `exec` learn what happens, and does what they say count? On the real binary, with real `sh` and `python3`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use common::{bash, bash_in};

mod decides;
mod script;

#[path = "../common/mod.rs"]
mod common;

/// A folder with this `xqute.toml`.
fn desk(toml: &str) -> TempDir {
    let desk = tempfile::tempdir().unwrap();
    fs::write(desk.path().join("xqute.toml"), toml).unwrap();
    desk
}

/// One command at a hook, read by a shell.
fn on(hook: &str, text: &str) -> String {
    format!("[[plugins.exec.on]]\nhook = '{hook}'\nshell = true\ncommand = '''{text}'''\n")
}

fn read(desk: &TempDir, name: &str) -> String {
    let path = desk.path().join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Says that the process whose number is in `left` is gone, once it is; one that is dead and that nobody has asked about is.
const GONE: &str = "for n in $(seq 600); do case \"$(cut -d ' ' -f 3 /proc/$(cat left)/stat 2> /dev/null)\" in ''|Z) echo gone; break;; esac; sleep 0.05; done";

/// The log of what commands print.
fn log(desk: &TempDir) -> String {
    read(desk, ".xqute/plugins/exec/exec.log")
}

/// The events in a file, to which `cat` has added them.
fn events(desk: &TempDir, name: &str) -> Vec<Value> {
    read(desk, name).lines().map(|it| serde_json::from_str(it).unwrap()).collect()
}

/// Those that the job below has.
const TOLD: [&str; 15] = [
    "on_init",
    "on_shutdown",
    "on_job_init",
    "on_job_queued",
    "on_job_submitting",
    "on_job_submitted",
    "on_job_started",
    "on_job_polling",
    "on_job_failed",
    "on_job_succeeded",
    "on_jobcmd_init",
    "on_jobcmd_prep",
    "on_jobcmd_end",
    "on_job_verify",
    "on_run_done",
];

/// The hooks of a job that fails once it was polled, and then succeeds.
fn a_job_of_two_attempts() -> Vec<String> {
    let attempt = ["queued", "submitting"].map(|it| format!("on_job_{it}"));
    let script = ["init", "prep", "end"].map(|it| format!("on_jobcmd_{it}"));
    let first = ["submitted", "started", "polling", "failed"].map(|it| format!("on_job_{it}"));
    let last = ["submitted", "started", "verify", "succeeded"].map(|it| format!("on_job_{it}"));
    let ends = ["on_run_done", "on_shutdown"].map(str::to_owned);
    let begins = ["on_init", "on_job_init"].map(str::to_owned);
    [&begins[..], &attempt, &script, &first, &attempt, &script, &last, &ends].concat()
}

#[test]
fn every_hook_is_told_with_what_it_is_about() {
    let toml: String = TOLD.iter().map(|hook| on(hook, "cat >> events")).collect();
    let desk = desk(&format!("{toml}[plugins.exec]\nat_once = 1\n"));
    // The first attempt fails once it has been polled.
    let line = r#"xqute run -q -j 1 --retries 1 --retry-delay 0 sh -c 'test -e tried || { touch tried; until grep -qF hook\":\"on_job_polling events; do sleep 0.05; done; exit 5; }' _ 'a "b"'"#;
    let (code, _, err) = bash_in(&desk, line);
    assert_eq!(code, Some(0), "{err}");
    let events = events(&desk, "events");
    let hooks: Vec<&str> = events.iter().map(|it| it["hook"].as_str().unwrap()).collect();
    // How often it is polled is a matter of time.
    let mut told = hooks.clone();
    told.dedup();
    assert_eq!(told, a_job_of_two_attempts());

    let workdir = desk.path().join(".xqute").canonicalize().unwrap();
    for event in &events {
        assert_eq!(event["version"], 1);
        assert_eq!((&event["scheduler"], &event["forks"]), (&"local".into(), &1.into()));
        assert_eq!(event["workdir"], workdir.to_str().unwrap());
        assert_eq!(event["run"], events[0]["run"]);
        assert_eq!(event.get("job").is_some(), event["hook"].as_str().unwrap().starts_with("on_job"));
    }
    let of = |hook: &str| &events[hooks.iter().position(|it| *it == hook).unwrap()];
    let failed = &of("on_job_failed")["job"];
    assert_eq!((&failed["index"], &failed["attempt"], &failed["rc"]), (&0.into(), &1.into(), &5.into()));
    assert_eq!((&failed["will_retry"], &failed["outcome"]), (&true.into(), &"failed".into()));
    assert_eq!((&failed["why"], &failed["argv"][4]), (&"failed: exit code 5".into(), &"a \"b\"".into()));
    assert!(failed["ended"].as_u64().unwrap() - failed["started"].as_u64().unwrap() < 600_000);
    assert_eq!(failed["stderr"], workdir.join("0/job.stderr").to_str().unwrap());
    let succeeded = &of("on_job_succeeded")["job"];
    assert_eq!(
        (&succeeded["attempt"], &succeeded["outcome"], &succeeded["why"]),
        (&2.into(), &"succeeded".into(), &Value::Null)
    );
    assert_eq!(of("on_job_polling")["counter"], 0);
    assert_eq!(of("on_shutdown")["signal"], Value::Null);
    let summary = &of("on_run_done")["summary"];
    assert_eq!(
        (&summary["jobs"], &summary["attempts"], &summary["success"]),
        (&1.into(), &2.into(), &true.into())
    );
}

#[test]
fn a_command_is_for_the_jobs_that_it_names_and_no_shell_reads_it() {
    let desk = desk(
        "[[plugins.exec.on]]\nhook = 'on_job_succeeded'\nfilter = { index = '1,3' }\n
        command = ['python3', '-c', '''
import json, os, sys
job = json.load(sys.stdin)[\"job\"]
same = os.environ[\"XQUTE_JOB_INDEX\"] == str(job[\"index\"]) and os.environ[\"XQUTE_JOB_METADIR\"] == job[\"path\"]
print(job[\"cmd\"], sys.argv[1], same, os.environ[\"XQUTE_HOOK\"], file=open(f\"told.{job['index']}\", \"w\"))''', '$HOME `id` \"']\n",
    );
    let (code, out, err) = bash_in(&desk, "xqute run -q -k echo ::: 0 1 2 3 4; ls told.*");
    assert_eq!((code, &*out), (Some(0), "0\n1\n2\n3\n4\ntold.1\ntold.3\n"), "{err}");
    assert_eq!(read(&desk, "told.3"), "echo 3 $HOME `id` \" True on_job_succeeded\n");
}

#[test]
fn what_is_only_told_changes_nothing_and_what_it_prints_is_in_the_log() {
    let desk = desk(&format!(
        "{}{}",
        on("on_job_succeeded", "echo to the log; echo and this >&2; exit 3"),
        on("on_job_succeeded", "echo second")
    ));
    let (code, out, err) = bash_in(&desk, "xqute run echo ::: a; stat -c %a .xqute/plugins/exec/exec.log");
    assert_eq!((code, &*out), (Some(0), "a\n600\n"));
    assert!(err.contains("plugin `exec`, hook `on_job_succeeded`: of 1 calls 1 returned an error"), "{err}");
    assert!(err.contains("exit 3`: exit code 3: and this"), "{err}");
    assert!(!err.contains("second"), "{err}");
    let log = log(&desk);
    assert!(log.contains(" UTC on_job_succeeded of job 0: echo to the log;"), "{log}");
    assert!(log.contains(": exit code 3\n| to the log\n| and this\n"), "{log}");
    assert!(log.contains(": exit code 0\n| second\n"), "{log}");
}

#[test]
fn a_command_may_call_xqute_and_nothing_stays_when_the_run_ends() {
    let text = "xqute status --json > status; sleep 1000 & echo $! > left";
    let desk = desk(&on("on_job_failed", text));
    let (code, out, err) = bash_in(&desk, &format!("xqute run -q false; {GONE}"));
    assert_eq!((code, &*out), (Some(0), "gone\n"), "{err}");
    let status: Value = serde_json::from_str(&read(&desk, "status")).unwrap();
    assert_eq!(status["jobs"][0]["state"], "failed");
}

#[test]
fn an_event_that_nobody_reads_holds_nothing_up() {
    let desk = desk(&on("on_job_succeeded", "exec 0<&-; touch told"));
    // More than a pipe holds.
    let line =
        "word=$(head -c 100000 /dev/zero | tr '\\0' x); xqute run -q true $word $word $word $word; ls told";
    let (code, out, err) = bash_in(&desk, line);
    assert_eq!((code, &*out), (Some(0), "told\n"), "{err}");
}

#[test]
fn nothing_is_run_where_nothing_is_said() {
    let (code, out, err) = bash("xqute run -q echo a; ls .xqute/plugins 2> /dev/null || echo none");
    assert_eq!((code, &*out), (Some(0), "a\nnone\n"), "{err}");
}

#[test]
fn who_selects_it_and_says_nothing_is_told_what_it_lacks_and_nothing_runs() {
    let (code, out, err) = bash("xqute run -q --plugins +exec touch a; echo $?; ls");
    assert_eq!((code, &*out), (Some(0), "2\n"), "{err}");
    assert!(err.contains("plugin `exec` has no command: write `[[plugins.exec.on]]`"), "{err}");
}

#[test]
fn what_is_wrong_in_the_configuration_is_told_before_anything_runs() {
    for (toml, why) in [
        ("[plugins.exec]", "plugin `exec` has no command"),
        ("[[plugins.exec.on]]\nhook = 'on_job_fail'\ncommand = ['a']", "did you mean `on_job_failed`?"),
        ("[[plugins.exec.on]]\nhook = 'on_job_failed'\ncommand = 'a b'", "write a list"),
        ("[[plugins.exec.on]]\nhook = 'on_job_failed'\ncmd = ['a']", "unknown key `cmd`"),
        ("[plugins.exec]\ntimeout = 'soon'", "`soon` is no time"),
        ("[plugins.exec]\nat_once = 0", "nonzero"),
    ] {
        let desk = desk(toml);
        let (code, _, err) = bash_in(&desk, "xqute run -q touch ran");
        assert!(code == Some(2) && err.contains(why), "{toml}: {code:?} {err}");
        assert!(!desk.path().join("ran").exists());
    }
}
