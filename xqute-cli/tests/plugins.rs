//! What plugins are configured with, as the real binary tells and checks it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use common::{bash, bash_in};

fn json(line: &str) -> Value {
    let (code, out, err) = bash(line);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{line}");
    serde_json::from_str(&out).unwrap()
}

#[test]
fn a_table_for_another_binary_names_it() {
    let desk = tempfile::tempdir().unwrap();
    fs::write(desk.path().join("xqute.toml"), "[plugins.budget]").unwrap();
    for (made, named) in [("", false), ("touch xqute; ", false), ("touch xqute; chmod +x xqute; ", true)] {
        let (code, _, err) = bash_in(&desk, &format!("{made}xqute run echo ::: 1"));
        assert!(
            code == Some(2) && err.starts_with("xqute: xqute.toml:1:10: no plugin is named `budget`"),
            "{err}"
        );
        assert_eq!(err.contains("; this is another binary than ./xqute, which may have it"), named, "{err}");
    }
}

#[test]
fn a_mistake_is_told_with_its_place_and_what_was_meant_before_anything_is_made() {
    let mistakes = [
        (
            "forks = 2\n\n[[plugins.exec.on]]\nhook = 'on_job_failed'\ncomand = ['a']",
            "xqute.toml:5:1: the configuration of plugin `exec` is wrong: `on[0]`: unknown key `comand`, did you mean `command`?",
        ),
        (
            "[plugins]\njoblog = { path = 'a', append = 'hunter2' }",
            "xqute.toml:2:24: the configuration of plugin `joblog` is wrong: `append`: invalid type: string \"…\", expected a boolean",
        ),
        (
            "\n[plugins.trace]",
            "xqute.toml:2:10: the configuration of plugin `trace` is wrong: missing key `path`",
        ),
        ("[plugins.exce]", "xqute.toml:1:10: no plugin is named `exce`, did you mean `exec`?; linked are: "),
        (
            "[plugins.submit_when]\nrules = []",
            "xqute.toml:2:1: the configuration of plugin `submit_when` is wrong: unknown key `rules`, did you mean `rule`?",
        ),
        (
            // Its first name is `jobs`, which is read, and which nobody is told to write.
            "[[plugins.submit-when.rule]]\njob = { tag = 'a' }",
            "xqute.toml:2:1: the configuration of plugin `submit-when` is wrong: `rule[0]`: unknown key `job`: the keys are `name`, `reason`, `filter`, `outdated`",
        ),
        (
            "[[plugins.submit-when.rule]]\njobs = { tags = 'a' }",
            "xqute.toml:2:10: the configuration of plugin `submit-when` is wrong: `rule[0].jobs`: unknown key `tags`, did you mean `tag`?",
        ),
        (
            "[plugins.submit-when]\n[plugins.submit_when]",
            "xqute.toml:2:10: `[plugins.submit_when]` is the same plugin's as `[plugins.submit-when]`: write one table",
        ),
        (
            "[hooks.submit-when]\n[hooks.submit_when]",
            "xqute.toml:2:8: `[hooks.submit_when]` is the same plugin's as `[hooks.submit-when]`: write one table",
        ),
    ];
    for (toml, told) in mistakes {
        let desk = tempfile::tempdir().unwrap();
        fs::write(desk.path().join("xqute.toml"), toml).unwrap();
        for line in ["xqute config", "xqute run --dry-run echo ::: 1", "xqute run echo ::: 1"] {
            let (code, out, err) = bash_in(&desk, line);
            assert_eq!((code, out.as_str()), (Some(2), ""), "{line}: {err}");
            assert!(err.starts_with(&format!("xqute: {told}")) && err.lines().count() == 1, "{line}: {err}");
        }
        assert_eq!(fs::read_dir(desk.path()).unwrap().count(), 1, "a mistake leaves nothing");
    }
}

#[test]
fn a_plugin_that_is_selected_and_not_configured_has_an_empty_table() {
    for (name, told) in [
        ("exec", "plugin `exec` has no command: write `[[plugins.exec.on]]`"),
        ("wrap", "it has no rule"),
        ("trace", "no file is given: write `path = \"FILE\"` below `[plugins.trace]`"),
        ("joblog", "no file is given: write `path = \"FILE\"` below `[plugins.joblog]`"),
    ] {
        let (code, _, err) = bash(&format!("xqute run --plugins +{name} echo ::: 1"));
        assert!(code == Some(2) && err.contains(told), "{name}: {err}");
    }
    let (code, out, err) = bash("xqute run --plugins +resources,+submit-when,+log echo ::: 1");
    assert_eq!((code, out.as_str()), (Some(0), "1\n"), "{err}");
}

/// The names of the plugins that are on.
fn on(desk: &TempDir, line: &str) -> Vec<String> {
    let (code, out, err) = bash_in(desk, line);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{line}");
    let told: Value = serde_json::from_str(&out).unwrap();
    let plugins = told["plugins"].as_array().unwrap().iter().filter(|it| it["on"] == true);
    plugins.map(|it| it["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_plugin_is_on_where_a_run_here_would_use_it() {
    let desk = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(desk.path().join(name), text).unwrap();
    let usual = on(&desk, "xqute plugins --json");
    let more = |names: &[&str]| {
        let mut all: Vec<String> =
            usual.iter().cloned().chain(names.iter().map(ToString::to_string)).collect();
        all.sort_unstable();
        all
    };
    let sorted = |line: &str| {
        let mut all = on(&desk, line);
        all.sort_unstable();
        all
    };
    write(
        "xqute.toml",
        "[plugins.submit-when]\n[hooks.wrap]\ntimeout = '1s'\n[profile.p]\njoblog = 'a'\nprint = false\n",
    );
    write("other.toml", "verbose = 1\n[plugins.joblog]\npath = 'a'\n");
    assert_eq!(
        sorted("xqute plugins --json"),
        more(&["submit-when"]),
        "not `wrap`, whose hooks have a limit"
    );
    assert_eq!(sorted("xqute plugins --json -c /dev/null"), more(&[]));
    assert_eq!(sorted("xqute plugins --json -c other.toml"), more(&["joblog", "log"]));
    assert_eq!(sorted("XQUTE_CONFIG=other.toml xqute plugins --json"), more(&["joblog", "log"]));
    let mut of_profile = more(&["joblog", "submit-when"]);
    of_profile.retain(|it| it != "print");
    assert_eq!(sorted("xqute plugins --json --profile p"), of_profile);
    let chosen = ["log", "trace", "print", "report"];
    assert_eq!(on(&desk, "xqute plugins --json --plugins log,trace"), chosen);
    assert_eq!(on(&desk, "XQUTE_SELECT=log,trace xqute plugins --json"), chosen);
    assert_eq!(on(&desk, "XQUTE_SELECT=+log xqute plugins --json --plugins log,trace"), chosen);
    let (_, out, _) =
        bash_in(&desk, "xqute plugins show submit_when; xqute plugins -c /dev/null show submit_when");
    assert!(out.contains("submit-when (on)") && out.contains("submit-when (off)"), "{out}");
    let order = "xqute plugins order on_job_submitting";
    assert!(bash_in(&desk, order).1.contains("submit-when, "));
    assert!(!bash_in(&desk, &format!("{order} -c /dev/null")).1.contains("submit-when"));
    let (_, out, _) = bash_in(&desk, "XQUTE_SELECT=log,joblog xqute plugins order on_job_succeeded");
    assert!(out.contains("the order of --plugins"), "{out}");
    let (_, out, _) = bash_in(&desk, "xqute plugins order on_job_succeeded --plugins +log,+joblog");
    assert!(out.contains("the order of names"), "{out}");
    assert_eq!(fs::read_dir(desk.path()).unwrap().count(), 2, "no plugin was asked to do anything");
}

/// What is wrong is told as `xqute run` tells it; the keys of a plugin are shown all the same.
#[test]
fn a_mistake_in_the_file_is_told_of_plugins_as_of_a_run() {
    for toml in ["forks = ", "[plugins.exce]", "[plugins.exec]\non = 1", "[hooks.exec]\non-falt = 'halt'"] {
        let desk = tempfile::tempdir().unwrap();
        fs::write(desk.path().join("xqute.toml"), toml).unwrap();
        let (_, _, told) = bash_in(&desk, "xqute run echo ::: 1");
        assert!(told.starts_with("xqute: xqute.toml:"), "{told}");
        for line in ["xqute plugins", "xqute plugins order on_init", "xqute plugins show exec"] {
            let (code, out, err) = bash_in(&desk, line);
            let is_shown = line.contains("show") && toml.ends_with(['1', '\'']);
            assert_eq!(
                (code, err, out.contains("[[plugins.exec.on]]")),
                (Some(2), told.clone(), is_shown),
                "{line}"
            );
        }
    }
}

#[test]
fn a_plugin_is_told_with_its_keys() {
    let (code, out, err) = bash("xqute plugins show exec");
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let told = [
        "exec (off) from xqute-plugins ",
        "\n[plugins.exec]\n",
        "\n  on: list of tables\n",
        "\n  timeout: time\n      How long a command may run, then it is killed. Default: 30 s.\n",
        "\n[[plugins.exec.on]]\n",
        "\n  command: text or list of texts\n",
        "\n[plugins.exec.on.filter]\n",
    ];
    told.iter().for_each(|it| assert!(out.contains(it), "{it} in {out}"));
    let (_, out, _) = bash("xqute plugins show submit_when");
    let told = [
        "\n  outdated: true or false, default false\n",
        "\n  otherwise: \"veto\", \"skip\" or \"wait\"\n",
        "\n  min_free: size\n",
        "\n  days: list of \"mon\", ",
    ];
    told.iter().for_each(|it| assert!(out.contains(it), "{it} in {out}"));
    let (code, _, err) = bash("xqute plugins show exce");
    assert!(code == Some(2) && err.contains("did you mean `exec`?"), "{err}");
    let told = json("xqute plugins show joblog --json");
    let path = told["keys"].as_array().unwrap().iter().find(|it| it["key"] == "path").unwrap();
    assert_eq!((&path["type"], &path["required"]), (&"text".into(), &true.into()));
    assert_eq!(told["keys"][0]["default"], Value::Bool(false), "append");
    assert!(told["hooks"].is_array());
}

/// The names of the keys, and of those of tables in lists; a table alone is told in another page.
fn names(keys: &Value, into: &mut BTreeSet<String>) {
    for key in keys.as_array().unwrap() {
        into.insert(key["key"].as_str().unwrap().to_owned());
        assert!(!key["about"].as_str().unwrap().is_empty(), "{key} is without documentation");
        if key["type"] == "list of tables" {
            names(&key["keys"], into);
        }
    }
}

/// What stands between backticks in the first column of the tables of keys that have a column of defaults.
fn in_tables(page: &str) -> BTreeSet<String> {
    let mut is_of_keys = false;
    let mut names = BTreeSet::new();
    for line in page.lines() {
        let columns: Vec<&str> = line.split('|').map(str::trim).collect();
        match columns.as_slice() {
            ["", first, rest @ ..] if first.starts_with("key") => is_of_keys = rest.contains(&"default"),
            ["", first, _, ..] if is_of_keys => {
                names.extend(first.split('`').skip(1).step_by(2).map(str::to_owned));
            }
            _ => is_of_keys = false,
        }
    }
    names
}

#[test]
fn each_key_stands_in_the_page_of_its_plugin_and_the_page_has_no_other() {
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/plugins");
    let mut compared = 0;
    for plugin in json("xqute plugins --json")["plugins"].as_array().unwrap() {
        let name = plugin["name"].as_str().unwrap();
        let Ok(page) = fs::read_to_string(pages.join(format!("{name}.md"))) else { continue };
        let mut keys = BTreeSet::new();
        names(&json(&format!("xqute plugins show {name} --json"))["keys"], &mut keys);
        for key in &keys {
            let said = [format!("`{key}`"), format!("`{key} = "), format!("plugins.{name}.{key}]")];
            assert!(
                said.iter().any(|it| page.contains(it)),
                "docs/plugins/{name}.md says nothing of `{key}`"
            );
        }
        let more: Vec<String> = in_tables(&page).difference(&keys).cloned().collect();
        assert!(more.is_empty(), "docs/plugins/{name}.md has keys that there are not: {more:?}");
        compared += 1;
    }
    assert!(compared >= 8, "the plugins of the stock binary have pages: {compared}");
}
