//! What is set elsewhere than on the command line, with the real binary.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Map, Value, json};

/// Exit code, standard output, standard error of `xqute` beside an `xqute.toml`.
fn xqute(toml: &str, env: &[(&str, &str)], args: &[&str]) -> (Option<i32>, String, String) {
    let desk = tempfile::tempdir().unwrap();
    fs::write(desk.path().join("xqute.toml"), toml).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_xqute"));
    command.args(args).envs(env.iter().copied()).current_dir(desk.path()).stdin(Stdio::null());
    let out = command.output().unwrap();
    if out.status.code() == Some(2) {
        assert_eq!(fs::read_dir(desk.path()).unwrap().count(), 1, "a mistake leaves nothing: {toml}");
    }
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (out.status.code(), text(&out.stdout), text(&out.stderr))
}

const FILE: &str =
    "forks = 3\nnum_retries = 1\nenv = ['TOKEN=from-file']\n[profile.big]\nforks = 64\ntimeout = '5m'\n";

#[test]
fn each_value_is_told_with_its_place_and_the_nearest_wins() {
    let shown = |env: &[(&str, &str)], args: &[&str]| {
        let (code, out, err) = xqute(FILE, env, args);
        assert_eq!(code, Some(0), "{err}");
        assert!(!out.contains("from-file"), "a value may be a secret: {out}");
        out.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let file = shown(&[], &["config"]);
    assert!(file.contains("forks = 3 # xqute.toml:1:1"), "{file}");
    assert!(file.contains("num-retries = 1 # xqute.toml:2:1"), "{file}");
    assert!(
        file.contains("workdir = \".xqute\" # default") && file.contains("# timeout = # not set"),
        "{file}"
    );
    let profile = shown(&[], &["config", "--profile", "big"]);
    assert!(
        profile.contains("forks = 64 # profile `big`, xqute.toml:5:1")
            && profile.contains("timeout = \"5m\" # profile `big`"),
        "{profile}"
    );
    let env = shown(&[("XQUTE_PROFILE", "big"), ("XQUTE_FORKS", "7")], &["config"]);
    assert!(env.contains("forks = 7 # XQUTE_FORKS") && env.contains("timeout = \"5m\""), "{env}");
}

#[test]
fn what_is_set_takes_effect_and_what_is_typed_wins() {
    let file = "shell = true\nenv = ['A=file', 'B=file']\nquiet = true";
    let (code, out, err) = xqute(file, &[], &["run", "-e", "B=typed", "echo $A $B"]);
    assert_eq!((code, out.as_str(), err.as_str()), (Some(0), "file typed\n", ""));
    let (_, out, _) = xqute(
        "workdir = 'there'",
        &[("XQUTE_WORKDIR", "here")],
        &["run", "-q", "sh", "-c", "echo $XQUTE_METADIR"],
    );
    assert!(out.ends_with("/here\n"), "{out}");
}

#[test]
fn a_mistake_is_told_with_line_and_column() {
    let cases = [
        ("forkz = 3", "xqute.toml:1:1: there is no option `forkz`, did you mean `forks`?"),
        ("\n  forks = 'many'", "xqute.toml:2:3: invalid value 'many'"),
        ("forks = true", "xqute.toml:1:9: `forks` cannot be a boolean"),
        ("fresh = 1", "xqute.toml:1:9: `fresh` is `true` or `false`"),
        ("halt = 'now'", "xqute.toml:1:1: invalid value 'now' for '--halt"),
        ("forks = ", "xqute.toml:1:9: `forks` has no value"),
        ("tag = true\nforks =\njson = true", "xqute.toml:2:8: `forks` has no value"),
        ("jobs = 4", "xqute.toml:1:1: there is no option `jobs`, did you mean `forks`?"),
        ("whatever = 4", "there is no option `whatever`: `xqute run --help` lists them"),
        (
            "[profile.x.plugins.log]",
            "xqute.toml:1:12: a profile has options alone: write `[plugins.NAME]` beside it",
        ),
        ("[profile.x]\nprofile = 'y'", "xqute.toml:2:1: a profile has options alone"),
        ("profile = 1", "xqute.toml:1:1: `profile` is a table of tables: write `[profile.NAME]`"),
        (
            "plugins = ['log']",
            "xqute.toml:1:1: `plugins` is a table of tables: write `[plugins.NAME]`; which plugins are used is `select",
        ),
        ("[backend.local]\nx = 1", "xqute.toml:2:1: the scheduler `local` has no options"),
        ("[backend.nul]", "xqute.toml:1:10: `nul`: there is no scheduler of this name: did you mean `null`?"),
        (
            "[profile.x]\nwrokdir = 'a'",
            "xqute.toml:2:1: there is no option `wrokdir`, did you mean `workdir`?",
        ),
        ("[plugins.print]\nquiet = true", "xqute.toml:1:10: what is shown is set by options"),
        ("[plugins.lgo]", "no plugin is named `lgo`"),
        ("dry-run = true", "xqute.toml:1:1: there is no option `dry-run`"),
    ];
    for (toml, told) in cases {
        let (code, out, err) = xqute(toml, &[], &["run", "true"]);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{toml}: {err}");
        assert!(err.contains(told), "{toml}: {err}");
    }
    let (code, _, err) = xqute(FILE, &[], &["run", "--profile", "small", "true"]);
    assert!(
        code == Some(2) && err.contains("there is no profile `small` in xqute.toml: it has big"),
        "{err}"
    );
    let (code, _, err) = xqute("", &[("XQUTE_JOBS", "4")], &["run", "true"]);
    assert!(code == Some(2) && err.contains("did you mean XQUTE_FORKS?"), "{err}");
    let empty = tempfile::tempdir().unwrap();
    let mut bare = Command::new(env!("CARGO_BIN_EXE_xqute"));
    let out = bare.args(["run", "--profile", "x", "true"]).current_dir(empty.path()).output().unwrap();
    let err = String::from_utf8_lossy(&out.stderr);
    assert!(err.contains("there is no profile `x`: xqute.toml is not there"), "{err}");
    let (code, _, err) = xqute("", &[("XQUTE_TIMEOUT", "x")], &["run", "true"]);
    assert!(code == Some(2) && err.contains("XQUTE_TIMEOUT: invalid value 'x'"), "{err}");
    let (code, _, err) = xqute("", &[], &["run", "-c", "no-such.toml", "true"]);
    assert!(code == Some(2) && err.contains("cannot read the configuration no-such.toml"), "{err}");
}

/// The options of `xqute config --json` by name, with their values alone.
fn values(toml: &str, env: &[(&str, &str)], options: &[&str]) -> Map<String, Value> {
    let args: Vec<&str> = ["config", "--json"].iter().chain(options).copied().collect();
    let (code, out, err) = xqute(toml, env, &args);
    assert_eq!(code, Some(0), "{err}");
    let told: Value = serde_json::from_str(&out).unwrap();
    let options = told["options"].as_object().unwrap();
    options.iter().map(|(name, option)| (name.clone(), option["value"].clone())).collect()
}

#[test]
fn the_defaults_are_those_of_the_library() {
    let values = values("", &[], &[]);
    let processors = std::thread::available_parallelism().unwrap().get();
    let seconds = |it: Duration| json!(format!("{}s", it.as_secs_f64()));
    for (name, value) in [
        ("forks", json!(processors)),
        ("workdir", json!(xqute::DEFAULT_WORKDIR)),
        ("scheduler", json!("local")),
        ("error-strategy", json!("ignore")),
        ("num-retries", json!(xqute::DEFAULT_RETRIES)),
        ("retry-delay", seconds(xqute::DEFAULT_DELAY)),
        ("kill-grace", seconds(xqute::DEFAULT_GRACE)),
        ("print", json!(true)),
        ("tag", json!(false)),
        ("progress", json!("auto")),
        ("verbose", json!(0)),
        ("timeout", Value::Null),
        ("cwd", Value::Null),
    ] {
        assert_eq!(values[name], value, "{name}");
    }
    let (_, out, _) = xqute("", &[], &["config"]);
    assert!(out.lines().any(|it| it.starts_with("# timeout =") && it.ends_with("# not set")), "{out}");
}

#[test]
fn what_is_printed_is_read_again_as_the_same() {
    let all = r#"
        forks = "50%"
        workdir = "a \"b\" \u007f"
        select = ["+log"]
        env = ["TOKEN=hidden"]
        prescript = """
        one
        two"""
        num_retries = 7
        timeout = 90
        kill-grace = 1.5
        halt = "soon,fail=3"
        no-print = true
        tag = true
        verbose = 2
        [plugins.log]
        [plugins.outputs]
        [profile.p]
        retry-delay = "2m"
    "#;
    for toml in ["", "scheduler = 'null'\nerror-strategy = 'halt'\nnum-retries = 2", all] {
        let profile: &[(&str, &str)] =
            if toml == all { &[("XQUTE_PROFILE", "p"), ("XQUTE_CWD", "/tmp")] } else { &[] };
        let (code, printed, err) = xqute(toml, profile, &["config"]);
        assert_eq!(code, Some(0), "{err}");
        assert!(!printed.contains("hidden"), "{printed}");
        let again = values(&printed, &[], &[]);
        assert_eq!(again, values(toml, profile, &[]), "{printed}");
        let (code, _, err) = xqute(&printed.replace("[\"TOKEN\"]", "[]"), &[], &["run", "--dry-run", "true"]);
        assert_eq!(code, Some(0), "{err}");
        if toml == all {
            assert!(printed.contains("values are not shown") && printed.contains("[plugins.outputs]"));
            assert_eq!([&again["forks"], &again["timeout"], &again["kill-grace"]], ["50%", "90s", "1.5s"]);
            assert_eq!([&again["num-retries"], &again["env"]], [&json!(7), &json!(["TOKEN"])]);
        }
    }
}

#[test]
fn the_page_about_it_names_every_key_and_its_example_runs() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/configuration.md");
    let page = fs::read_to_string(page).unwrap();
    for name in values("", &[], &[]).keys() {
        assert!(page.contains(&format!("| `{name}` |")), "{name} is not in the table");
    }
    let examples: Vec<&str> =
        page.split("```toml\n").skip(1).map(|it| it.split("```").next().unwrap()).collect();
    let [example, rules] = examples.as_slice() else { panic!("two examples: {examples:?}") };
    assert_eq!(xqute(rules, &[], &["config"]).0, Some(0));
    let (code, out, err) =
        xqute(example, &[], &["run", "-q", "--no-tag", "echo", "$PROJECT", ":::", "b", "a"]);
    assert_eq!((code, out.as_str()), (Some(0), "$PROJECT b\n$PROJECT a\n"), "{err}");
    let (code, out, err) = xqute(example, &[], &["run", "--profile", "debug", "echo", "a"]);
    assert_eq!((code, out.as_str()), (Some(0), "echo a\ta\n"), "{err}");
    assert!(err.contains("xqute::log"), "{err}");
    for profile in ["debug", "night"] {
        assert_eq!(xqute(example, &[], &["config", "--profile", profile]).0, Some(0));
    }
}
