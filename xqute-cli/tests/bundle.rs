//! `--output`: is what jobs write kept where it was asked for, and found there by all who read it?
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

mod common;

use common::{bash, bash_in};

const JOBS: &str = "--shell 'echo out {}; echo err {} >&2; test {} != c' ::: a b c d";

/// Waits until the supervisor has gone, which takes its own files away.
const GONE: &str = "flock .xqute/local.lock true";

fn names(path: &Path) -> Vec<String> {
    let all = fs::read_dir(path).unwrap();
    let mut names: Vec<String> = all.map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
    names.sort_unstable();
    names
}

/// Both streams: standard error is told apart by what stands in it.
fn told(desk: &TempDir, line: &str) -> String {
    let (code, out, err) = bash_in(desk, line);
    assert_eq!(code, Some(0), "{line}: {err}");
    out + &err
}

fn ran(desk: &TempDir, line: &str) -> (String, String) {
    let (code, out, err) = bash_in(desk, line);
    assert_eq!(code, Some(1), "{line}: {err}");
    (out, err)
}

#[test]
fn a_bundle_makes_no_directories_and_is_printed_told_and_checked_as_files_are() {
    let (bundle, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let told_in = |desk: &TempDir, output: &str| {
        let printed = ran(desk, &format!("xqute run -j1 -k --tag --output {output} {JOBS}"));
        let mut told = vec![printed.0];
        // Where files are is another matter.
        let report = printed.1.lines().filter(|it| !it.contains("job.stderr") && !it.contains(" in 0."));
        told.extend(report.map(str::to_owned));
        for verb in [
            "logs",
            "logs 0-3",
            "logs --stdout 1",
            "logs --stderr 1",
            "cat 3,0",
            "cat --stderr 2",
            "logs --json 1,2",
            "script 1",
            "check",
        ] {
            let (code, out, err) = bash_in(desk, &format!("xqute {verb}"));
            let place = desk.path().to_str().unwrap();
            told.push(format!("{verb}: {code:?} {out}{err}").replace(place, "HERE"));
        }
        told
    };
    let bundled = told_in(&bundle, "bundle");
    let filed = told_in(&files, "files");
    // The run itself has one record more.
    let same = |it: &String| it.split_once(" run, ").map_or(it.clone(), |(it, _)| it.to_owned());
    assert_eq!(bundled.iter().map(same).collect::<Vec<_>>(), filed.iter().map(same).collect::<Vec<_>>());
    assert!(bundled[0].contains("out a") && bundled.iter().any(|it| it.contains("| err c")), "{bundled:?}");
    let workdir = bundle.path().join(".xqute");
    told(&bundle, GONE);
    assert_eq!(names(&workdir), ["journal", "local.lock", "local.log", "local.output", "run.toml"]);
    assert_eq!(names(&workdir.join("local.output")), ["data", "earlier", "index"]);
    assert!(files.path().join(".xqute/3").exists());
}

#[test]
fn nothing_is_kept_where_nothing_is_wanted() {
    let desk = tempfile::tempdir().unwrap();
    let (out, err) = ran(&desk, &format!("xqute run --output none {JOBS}"));
    assert_eq!(out, "");
    assert!(err.contains("exit code 1") && !err.contains("see: "), "{err}");
    told(&desk, GONE);
    assert_eq!(names(&desk.path().join(".xqute")), ["journal", "local.lock", "local.log", "run.toml"]);
    assert!(told(&desk, "xqute logs 0").contains("kept nowhere: it runs with `--output none`"));
    let (code, _, err) = bash_in(&desk, "xqute cat 0");
    assert_eq!((code, err.contains("nothing is kept of what job 0 wrote")), (Some(2), true), "{err}");
    assert!(told(&desk, "xqute check").starts_with("sound: 4 jobs"));
    assert!(told(&desk, "xqute status --json").contains("exit code 1"), "how it ended is kept");
}

#[test]
fn a_job_that_needs_a_script_has_files_beside_the_bundle() {
    let desk = tempfile::tempdir().unwrap();
    told(&desk, "xqute run -q --output bundle --prescript 'echo before' echo ::: a");
    told(&desk, "xqute run -q --output bundle echo ::: a b");
    assert!(desk.path().join(".xqute/0/job.rc").exists() && !desk.path().join(".xqute/1").exists());
    assert_eq!(told(&desk, "xqute cat 0,1"), "a\nb\n");
    assert_eq!(told(&desk, "xqute logs --script 0"), "before\n");
    assert!(told(&desk, "xqute check").starts_with("sound: 2 jobs"));
}

#[test]
fn who_cannot_keep_a_bundle_says_so_before_anything_is_made() {
    let desk = tempfile::tempdir().unwrap();
    for output in ["bundle", "none"] {
        let (code, out, err) = bash_in(&desk, &format!("xqute run -s null --output {output} true"));
        assert_eq!((code, out.as_str()), (Some(2), ""));
        assert!(err.contains(&format!("`null` cannot keep the output of jobs as `{output}`")), "{err}");
    }
    assert_eq!(names(desk.path()), [] as [&str; 0]);
}

#[test]
fn each_attempt_is_where_its_run_has_kept_it() {
    let desk = tempfile::tempdir().unwrap();
    let again = |output: &str| {
        ran(
            &desk,
            &format!(
                "echo {output} > how; xqute run -q --retry-failed --output {output} --shell 'cat how; test {{}} != b' ::: a b"
            ),
        );
    };
    let kept: [&[&str]; 4] = [&["bundle"], &["files"], &["bundle"], &["bundle"]];
    kept.iter().for_each(|it| again(it[0]));
    assert_eq!(told(&desk, "xqute cat 1"), "bundle\n");
    assert!(desk.path().join(".xqute/1/job.retry/0/job.stdout").exists());
    let of = |attempt: usize| told(&desk, &format!("xqute logs --attempt {attempt} 1"));
    // Those in files are counted first.
    assert_eq!([of(1), of(2), of(3), of(4)], ["files\n", "bundle\n", "bundle\n", "bundle\n"]);
    again("files");
    assert_eq!(told(&desk, "xqute cat 1"), "files\n");
    assert!(told(&desk, "xqute check").starts_with("sound: 2 jobs, 5 runs"));
}

#[test]
fn what_is_exported_is_what_files_would_have_been() {
    let (bundle, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    ran(&bundle, &format!("xqute run -q --output bundle {JOBS}"));
    ran(&files, &format!("xqute run -q {JOBS}"));
    assert!(told(&bundle, "xqute export --to out").contains("what 4 jobs wrote is in out"));
    for job in 0..4 {
        let exported = bundle.path().join(format!("out/{job}"));
        assert_eq!(names(&exported), ["job.rc", "job.stderr", "job.stdout"]);
        for name in names(&exported) {
            let file = files.path().join(format!(".xqute/{job}/{name}"));
            assert_eq!(fs::read(exported.join(&name)).unwrap(), fs::read(file).unwrap(), "{job}/{name}");
        }
    }
    fs::write(bundle.path().join("out/2/job.stdout"), "mine").unwrap();
    let (code, _, err) = bash_in(&bundle, "xqute export --to out 2");
    assert_eq!((code, err.contains("out/2 is there already")), (Some(2), true), "{err}");
    assert_eq!(fs::read(bundle.path().join("out/2/job.stdout")).unwrap(), b"mine");
    told(&files, "xqute export --to out 2");
    assert_eq!(fs::read(files.path().join("out/2/job.stderr")).unwrap(), b"err c\n");
    let (code, ..) = bash_in(&files, "xqute export --to .xqute");
    assert_eq!(code, Some(2));
}

#[test]
fn a_fresh_run_removes_the_bundle_but_nothing_that_is_not_its_own() {
    let desk = tempfile::tempdir().unwrap();
    told(&desk, "xqute run -q --output bundle echo ::: a b");
    fs::write(desk.path().join(".xqute/local.output/mine"), "").unwrap();
    let (code, _, err) = bash_in(&desk, "xqute run -q --fresh echo ::: c");
    assert_eq!((code, err.contains("local.output/mine")), (Some(2), true), "{err}");
    assert_eq!(told(&desk, "xqute cat 1"), "b\n");
    fs::remove_file(desk.path().join(".xqute/local.output/mine")).unwrap();
    told(&desk, "xqute run -q --fresh echo ::: c");
    assert!(!desk.path().join(".xqute/local.output").exists());
}

#[test]
fn a_check_finds_what_of_a_bundle_is_lost() {
    let desk = tempfile::tempdir().unwrap();
    let output = desk.path().join(".xqute/local.output");
    told(&desk, "xqute run -q -j1 --output bundle --shell 'printf %{}s' ::: 10 200000 10 10");
    let check = || bash_in(&desk, "xqute check");
    assert!(check().1.starts_with("sound: 4 jobs"));
    let own = names(&output).into_iter().find(|it| it.starts_with("1.")).unwrap();
    fs::remove_file(output.join(own)).unwrap();
    fs::File::options().write(true).open(output.join("data")).unwrap().set_len(25).unwrap();
    let mut index = fs::read(output.join("index")).unwrap();
    index[2 * 64 + 20] ^= 1;
    fs::write(output.join("index"), index).unwrap();
    let (code, told, _) = check();
    assert_eq!(code, Some(1));
    let found: Vec<&str> = told.lines().filter_map(|it| it.split(':').next()).collect();
    assert_eq!(found, ["job 1", "job 2", "job 3", "3 wrong"], "{told}");
    let (code, _, err) = bash_in(&desk, "xqute cat 2");
    assert_eq!((code, err.contains("damaged")), (Some(2), true), "{err}");
    assert_eq!(bash_in(&desk, "xqute cat 0").1, " ".repeat(10));
}

#[test]
fn what_runs_is_shown_and_followed_through_its_attempts() {
    let line = "mkfifo go; xqute run -q --no-print --output bundle --num-retries 1 --retry-delay 0 \
        --shell 'echo begun; echo $(wc -c < go); test -e again || { touch again; exit 1; }; : {}' ::: 1 & \
        until xqute status 2>/dev/null | grep -q running; do :; done; \
        xqute logs -f 0 > followed & until grep -qs begun followed; do :; done; \
        printf abc > go; until test -e again; do :; done; printf abcd > go; wait; cat followed";
    let (code, out, err) = bash(line);
    assert_eq!((code, out.as_str()), (Some(0), "begun\n3\nbegun\n4\n"), "{err}");
}

#[test]
fn the_journal_and_the_settings_know_the_output() {
    let desk = tempfile::tempdir().unwrap();
    fs::write(desk.path().join("xqute.toml"), "output = \"bundle\"\n").unwrap();
    told(&desk, "xqute run -q echo ::: a");
    assert_eq!(told(&desk, "xqute cat 0"), "a\n");
    let records = told(&desk, "xqute journal --json");
    let records: Vec<Value> = records.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    assert!(records.iter().any(|it| it["record"] == "output" && it["kept"] == "bundle"));
    told(&desk, "xqute run -q --fresh --output files echo ::: a");
    assert!(desk.path().join(".xqute/0/job.stdout").exists());
    let (code, _, err) = bash_in(&desk, "XQUTE_OUTPUT=pile xqute run -q echo ::: a");
    assert_eq!((code, err.contains("XQUTE_OUTPUT")), (Some(2), true), "{err}");
}
