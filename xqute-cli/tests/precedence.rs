//! Which setting wins, with the real binary: typed, environment, profile, file, also where options exclude each other.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A folder with an `xqute.toml`.
struct Desk(TempDir);

/// Exit code, standard output, standard error.
type Ran = (Option<i32>, String, String);

impl Desk {
    fn new(toml: &str) -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        fs::write(desk.0.path().join("xqute.toml"), toml).unwrap();
        desk
    }

    fn xqute(&self, env: &[(&str, &str)], args: &[&str]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xqute"));
        command.args(args).envs(env.iter().copied()).current_dir(self.0.path()).stdin(Stdio::null());
        let out = command.output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (out.status.code(), text(&out.stdout), text(&out.stderr))
    }

    /// How many attempts three jobs that fail have, one after the other.
    fn attempts(&self, env: &[(&str, &str)], options: &[&str]) -> usize {
        let jobs = ["sh", "-c", "echo >>attempts; exit 1", "sh", ":::", "a", "b", "c"];
        let args: Vec<&str> = ["run", "-j1"].iter().chain(options).chain(&jobs).copied().collect();
        let (code, _, err) = self.xqute(env, &args);
        assert_eq!(code, Some(1), "{options:?}: {err}");
        fs::read_to_string(self.0.path().join("attempts")).unwrap_or_default().lines().count()
    }
}

type Env<'a> = &'a [(&'a str, &'a str)];

#[test]
fn what_is_nearer_wins_and_what_it_excludes_is_dropped() {
    let delay = "retry-delay = 0\n";
    let cases: [(&str, Env<'_>, &[&str], usize); 21] = [
        // Typed over file.
        ("error-strategy = 'halt'", &[], &["--num-retries", "1"], 6),
        ("error-strategy = 'ignore'", &[], &["--num-retries", "1"], 6),
        ("error-strategy = 'halt'", &[], &["--num-retries", "0"], 1),
        ("error-strategy = 'halt'", &[], &["--halt", "soon,fail=2"], 2),
        ("error-strategy = 'halt'", &[], &["--halt", "never"], 3),
        ("error-strategy = 'halt'", &[], &["--retry-delay", "0", "--num-retries", "1"], 6),
        ("halt = 'soon,fail=2'", &[], &["--error-strategy", "halt"], 1),
        ("num-retries = 2", &[], &["--error-strategy", "halt"], 1),
        ("num-retries = 2", &[], &["--error-strategy", "ignore"], 3),
        ("num-retries = 1", &[], &["--num-retries", "0"], 3),
        ("num-retries = 0", &[], &["--retry-delay", "0"], 12),
        // Environment over file and profile, typed over environment.
        ("error-strategy = 'halt'", &[("XQUTE_NUM_RETRIES", "1")], &[], 6),
        ("[profile.p]\nnum-retries = 3", &[("XQUTE_ERROR_STRATEGY", "halt")], &["--profile", "p"], 1),
        ("", &[("XQUTE_ERROR_STRATEGY", "halt")], &["--num-retries", "1"], 6),
        // Profile over file.
        ("error-strategy = 'halt'\n[profile.p]\nnum-retries = 1", &[], &["--profile", "p"], 6),
        ("error-strategy = 'halt'\n[profile.p]\nhalt = 'soon,fail=2'", &[], &["--profile", "p"], 2),
        ("halt = 'soon,fail=2'\n[profile.p]\nerror-strategy = 'halt'", &[], &["--profile", "p"], 1),
        // A delay alone says how, not whether, but where it is typed.
        ("", &[], &[], 3),
        ("", &[("XQUTE_RETRY_DELAY", "0")], &[], 3),
        ("", &[], &["--retry-delay", "0"], 12),
        ("error-strategy = 'ignore'\nnum-retries = 2", &[], &[], 3),
    ];
    for (toml, env, options, attempts) in cases {
        let desk = Desk::new(&format!("{delay}{toml}"));
        assert_eq!(desk.attempts(env, options), attempts, "{toml} {env:?} {options:?}");
    }
}

#[test]
fn printing_and_flags_are_switched_by_what_is_nearer() {
    let cases: [(&str, Env<'_>, &[&str], &str); 17] = [
        ("no-print = true", &[], &[], ""),
        ("", &[], &["--no-print", "--plugins", "log"], ""),
        ("print = false", &[], &[], ""),
        ("no-print = true", &[], &["--print"], "a\n"),
        ("no-print = true", &[("XQUTE_PRINT", "1")], &[], "a\n"),
        ("print = true", &[("XQUTE_NO_PRINT", "1")], &[], ""),
        ("", &[("XQUTE_NO_PRINT", "1")], &["--print"], "a\n"),
        ("print = true", &[], &["--no-print"], ""),
        ("no-print = true\n[profile.p]\nprint = true", &[], &["--profile", "p"], "a\n"),
        ("tag = true", &[], &[], "a\ta\n"),
        ("tag = true", &[], &["--no-tag"], "a\n"),
        ("tag = true", &[("XQUTE_TAG", "0")], &[], "a\n"),
        ("tag = true", &[], &["--no-tag", "--tag"], "a\ta\n"),
        ("tag = true\n[profile.p]\ntag = false", &[], &["--profile", "p"], "a\n"),
        // Who wants output in some manner wants no JSON.
        ("json = true", &[], &["--tag"], "a\ta\n"),
        ("json = true", &[("XQUTE_PRINT", "1")], &[], "a\n"),
        ("json = true\n[profile.p]\nkeep-order = true", &[], &["--profile", "p"], "a\n"),
    ];
    for (toml, env, options, printed) in cases {
        let args: Vec<&str> = ["run"].iter().chain(options).chain(&["echo", ":::", "a"]).copied().collect();
        let (code, out, err) = Desk::new(toml).xqute(env, &args);
        assert_eq!((code, out.as_str()), (Some(0), printed), "{toml} {env:?} {options:?}: {err}");
    }
}

#[test]
fn each_flag_that_is_set_is_switched_off_by_typing() {
    let desk = Desk::new("shell = true\nquiet = true\nkeep-order = true\nfresh = true\nretry-failed = true");
    let run = |options: &[&str]| {
        let args: Vec<&str> =
            ["run"].iter().chain(options).chain(&["echo $1; test", "{}", ":::", "a", ""]).copied().collect();
        let (code, out, err) = desk.xqute(&[], &args);
        assert_eq!(code, Some(1), "{options:?}: {err}");
        (out, err)
    };
    assert_eq!(run(&[]).0, "a\n\n");
    let (out, err) = run(&["--no-fresh", "--no-retry-failed", "--no-quiet"]);
    assert!(out.is_empty() && err.contains("1 failed before and not run again"), "{out}{err}");
    let (out, err) = run(&["--no-fresh", "--no-quiet"]);
    assert!(out == "\n" && err.contains("1 done before"), "{out}{err}");
    let (out, err) = run(&["--no-retry-failed", "--no-quiet"]);
    assert!(out == "a\n\n" && err.contains("2 jobs: 1 succeeded, 1 failed"), "{out}{err}");
    assert_eq!(desk.xqute(&[], &["run", "--no-shell", "echo", "$HOME"]).1, "$HOME\n");
    assert!(!desk.xqute(&[], &["run", "echo", "$HOME"]).1.contains('$'));
}

#[test]
fn the_order_that_is_kept_by_a_setting_is_given_up_by_typing() {
    let desk = Desk::new("keep-order = true");
    let out = fs::File::create(desk.0.path().join("out")).unwrap();
    // The first job ends only when what the second printed is shown.
    let jobs = ["until grep -q b out; do :; done; echo a", "echo b"];
    let status = Command::new(env!("CARGO_BIN_EXE_xqute"))
        .args(["run", "--no-keep-order", "-j2", "--timeout", "5m", "sh", "-c", "{}", ":::", jobs[0], jobs[1]])
        .current_dir(desk.0.path())
        .stdout(out)
        .stderr(Stdio::null())
        .status();
    assert_eq!(status.unwrap().code(), Some(0));
    assert_eq!(fs::read_to_string(desk.0.path().join("out")).unwrap(), "b\na\n");
}

#[test]
fn a_place_that_contradicts_itself_is_told_with_both() {
    let cases: [(&str, Env<'_>, &[&str]); 7] = [
        (
            "error-strategy = 'halt'\nhalt = 'soon,fail=2'",
            &[],
            &["xqute.toml:1:1: ", "(xqute.toml:2:1) exclude each other"],
        ),
        (
            "prescript = 'x'\nscheduler = 'null'",
            &[],
            &["xqute.toml:2:1: ", "(xqute.toml:1:1) exclude each other"],
        ),
        ("print = true\nno-print = true", &[], &["xqute.toml:1:1", "`print` is set at xqute.toml:"]),
        ("num-retries = 1\nnum_retries = 2", &[], &["xqute.toml:1:1", "`num-retries` is set at xqute.toml:"]),
        (
            "[profile.p]\nerror-strategy = 'halt'\nhalt = 'never'",
            &[],
            &["profile `p`, xqute.toml:2:1: ", "(profile `p`, xqute.toml:3:1) exclude"],
        ),
        (
            "",
            &[("XQUTE_ERROR_STRATEGY", "halt"), ("XQUTE_HALT", "never")],
            &["XQUTE_ERROR_STRATEGY: ", "(XQUTE_HALT) exclude each other: leave one of the two out"],
        ),
        (
            "",
            &[("XQUTE_PRINT", "1"), ("XQUTE_NO_PRINT", "1")],
            &["XQUTE_PRINT: `print` is set at XQUTE_NO_PRINT already"],
        ),
    ];
    for (toml, env, told) in cases {
        let (code, out, err) = Desk::new(toml).xqute(env, &["run", "true"]);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{toml}: {err}");
        assert!(told.iter().all(|it| err.contains(it)), "{toml}: {err}");
    }
}

#[test]
fn a_rehearsal_needs_no_scripts_and_does_not_become_a_run() {
    let desk = Desk::new("prescript = 'touch ran'");
    let (code, _, err) = desk.xqute(&[], &["run", "-s", "null", "touch", "ran"]);
    assert_eq!(code, Some(0), "{err}");
    let desk = Desk::new("scheduler = 'null'");
    let (code, _, err) = desk.xqute(&[], &["run", "--prescript", "touch ran", "touch", "ran"]);
    assert!(code == Some(2) && err.contains("or use `-s local`"), "{err}");
    assert!(!desk.0.path().join("ran").exists());
}

#[test]
fn how_much_is_said_is_a_number() {
    let says = |toml: &str, env: Env<'_>, options: &[&str]| {
        let args: Vec<&str> = ["run"].iter().chain(options).chain(&["true"]).copied().collect();
        let (code, _, err) = Desk::new(toml).xqute(env, &args);
        assert_eq!(code, Some(0), "{err}");
        (err.contains("xqute::log"), err.contains("TRACE"))
    };
    let two = says("", &[], &["-vv"]);
    assert!(two.0, "each job's steps are in it");
    assert_eq!(says("verbose = 2", &[], &[]), two);
    assert_eq!(says("", &[("XQUTE_VERBOSE", "2")], &[]), two);
    assert!(says("verbose = true", &[], &[]).0 && says("verbose = 1", &[], &[]).0);
    assert!(!says("verbose = 0", &[], &[]).0);
    assert!(!says("verbose = 2", &[("XQUTE_VERBOSE", "0")], &[]).0);
    for (toml, env) in
        [("verbose = 256", &[][..]), ("verbose = -1", &[]), ("", &[("XQUTE_VERBOSE", "many")][..])]
    {
        let (code, _, err) = Desk::new(toml).xqute(env, &["run", "true"]);
        assert!(code == Some(2) && err.contains("from 0 to 255"), "{err}");
    }
}

#[test]
fn a_variable_that_sets_nothing_is_a_mistake() {
    let cases = [
        ("XQUTE_FORK", "did you mean XQUTE_FORKS?"),
        ("XQUTE_forks", "did you mean XQUTE_FORKS?"),
        ("XQUTE_PLUGINS", "did you mean XQUTE_SELECT?"),
        ("XQUTE_PROFIL", "did you mean XQUTE_PROFILE?"),
        ("XQUTE_JOB_METADIRS", "did you mean XQUTE_JOB_METADIR?"),
        ("XQUTE_QQQ", "`xqute run --help` lists the options"),
        ("XQUTE_ENV", "`env` is a list, so write it into xqute.toml, or type it"),
    ];
    for (name, told) in cases {
        let (code, _, err) = Desk::new("").xqute(&[(name, "a-secret")], &["run", "true"]);
        assert!(
            code == Some(2) && err.contains(&format!("the variable {name}")) && err.contains(told),
            "{err}"
        );
        assert!(!err.contains("a-secret"), "{err}");
    }
    // Within a job, with all that it is given, and with what is read elsewhere.
    let xqute = env!("CARGO_BIN_EXE_xqute");
    let env = [("XQUTE_LOG", "warn"), ("XQUTE_CONFIG", "xqute.toml"), ("XQUTE_PROFILE", "p")];
    let desk = Desk::new("[profile.p]\nforks = 1");
    let (code, out, err) = desk.xqute(&env, &["run", xqute, "run", "-w", "inner", "echo", "inner"]);
    assert_eq!((code, out.as_str()), (Some(0), "inner\n"), "{err}");
}

#[test]
fn the_verbs_that_look_find_the_work_directory_as_a_run_does() {
    let desk = Desk::new("workdir = 'of-file'\n[profile.p]\nworkdir = 'of-profile'");
    let places: [(&str, Env<'_>, &[&str]); 4] = [
        ("of-file", &[], &[]),
        ("of-profile", &[], &["--profile", "p"]),
        ("of-environment", &[("XQUTE_WORKDIR", "of-environment")], &["--profile", "p"]),
        ("typed", &[("XQUTE_WORKDIR", "of-environment")], &["-w", "typed"]),
    ];
    for (name, env, options) in places {
        let with = |verb: &[&str]| {
            let (first, rest) = verb.split_first().unwrap();
            let args: Vec<&str> = [*first].iter().chain(options).chain(rest).copied().collect();
            let (code, out, err) = desk.xqute(env, &args);
            assert_eq!(code, Some(0), "{args:?}: {err}");
            out
        };
        with(&["run", "echo", name]);
        assert!(desk.0.path().join(name).exists());
        assert!(with(&["status", "0"]).contains(&format!("echo {name}\n")));
        assert_eq!(with(&["logs", "0"]), format!("{name}\n"));
        assert!(with(&["script", "0"]).contains(&format!("echo {name} ")));
    }
    fs::write(desk.0.path().join("other.toml"), "workdir = 'typed'").unwrap();
    assert_eq!(desk.xqute(&[], &["logs", "-c", "other.toml", "0"]).1, "typed\n");
    // What is wrong with the settings does not keep one from looking where one says.
    fs::write(desk.0.path().join("xqute.toml"), "workdirr = 1").unwrap();
    assert_eq!(desk.xqute(&[], &["logs", "-w", "typed", "0"]).1, "typed\n");
    assert_eq!(desk.xqute(&[], &["logs", "0"]).0, Some(2));
}
