//! Do the rules of the plugin `wrap` stand around commands, and do hostile arguments survive it? On the real binary.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;

use proptest::prelude::*;
use proptest::test_runner::Config;
use tempfile::TempDir;

use common::{bash, bash_in};

mod common;

/// A folder with this `xqute.toml`.
fn desk(toml: &str) -> TempDir {
    let desk = tempfile::tempdir().unwrap();
    fs::write(desk.path().join("xqute.toml"), toml).unwrap();
    desk
}

/// What `nice` prints below `nice -n`: that depends on who runs this test.
fn niceness(more: i32) -> String {
    bash(&format!("nice -n {more} nice")).1
}

/// A file of a job of it.
fn file(desk: &TempDir, index: usize, name: &str) -> String {
    let path = desk.path().join(format!(".xqute/{index}/{name}"));
    String::from_utf8(fs::read(path).unwrap()).unwrap()
}

/// Bytes that mean something to a shell, and any others but NUL.
fn word() -> impl Strategy<Value = Vec<u8>> {
    let meaning: [&[u8]; 20] = [
        b" ",
        b"'",
        b"\"",
        b"\\",
        b"\n",
        b"$(touch pwned)",
        b"`touch pwned`",
        b"; touch pwned;",
        b"$cmd",
        b"${cmd}",
        b"$HOME",
        b"*",
        b"~",
        b"-n",
        b"%s",
        b"%1",
        b"!",
        b"exec ",
        b"\xFF\xFE",
        "é".as_bytes(),
    ];
    let piece = prop_oneof![
        6 => prop::sample::select(meaning.to_vec()).prop_map(<[u8]>::to_vec),
        3 => prop::collection::vec(1_u8..=255, 0..4),
    ];
    prop::collection::vec(piece, 0..6).prop_map(|it| it.concat())
}

/// A text as TOML has it in quotes.
fn quoted(text: &str) -> String {
    let all: String = text.chars().map(|it| format!("\\U{:08X}", u32::from(it))).collect();
    format!("\"{all}\"")
}

/// Runs `printf '%s\0'` with each argument, and tells what each printed.
fn printed(desk: &TempDir, args: &[Vec<u8>]) -> Vec<Vec<u8>> {
    fs::write(desk.path().join("args"), args.join(&0)).unwrap();
    let (code, _, err) = bash_in(desk, r"exec xqute run -j 4 -q --no-print -0 -a args printf '%s\0' x{} {}");
    assert_eq!(code, Some(0), "{err}");
    assert!(!desk.path().join("pwned").exists());
    let read = |index: usize| fs::read(desk.path().join(format!(".xqute/{index}/job.stdout"))).unwrap();
    (0..args.len()).map(read).collect()
}

fn config(cases: u32) -> Config {
    Config { cases, failure_persistence: None, max_shrink_iters: 50, ..Config::default() }
}

/// Arguments of several jobs; of an empty last one nothing would be left in the file.
fn args() -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(word(), 1..6).prop_map(|mut args| {
        args.push(b"last".to_vec());
        args
    })
}

proptest! {
    #![proptest_config(config(40))]

    /// Below a prefix that prints its own words, then those that it is to run; between other texts.
    #[test]
    fn words_arrive_as_they_are(args in args(), words in prop::collection::vec(word(), 0..4)) {
        let words: Vec<String> = words.into_iter().map(|it| String::from_utf8_lossy(&it).into_owned()).collect();
        let prefix: Vec<String> = words.iter().map(|it| quoted(it)).collect();
        let desk = desk(&format!(
            "[[plugins.wrap.rule]]\nprefix = ['env', 'A=$B', 'printf', '%s\\0', {}]\n
            [[plugins.wrap.rule]]\ninit = 'set -e'\nprep = 'A=\"$cmd\"'\nend = 'test \"$rc\" = 0 || touch pwned'\n",
            prefix.join(", ")
        ));
        let before: Vec<u8> = words.iter().flat_map(|it| [it.as_bytes(), b"\0"].concat()).collect();
        for (arg, told) in args.iter().zip(printed(&desk, &args)) {
            let wanted = [&before[..], b"printf\0%s\\0\0x", arg, b"\0", arg, b"\0"].concat();
            prop_assert_eq!(OsString::from_vec(told), OsString::from_vec(wanted));
        }
    }

    /// Where a text makes a list of commands of it, all of it is below the prefix.
    #[test]
    fn what_a_text_has_made_of_a_command_is_below_the_prefix(args in args()) {
        let desk = desk(
            "[[plugins.wrap.rule]]\nprep = 'cmd=\"nice >> $XQUTE_JOB_METADIR/nice; ${cmd/x/y} && $cmd\"'\n
            [[plugins.wrap.rule]]\nprefix = ['nice', '-n', '3']\n",
        );
        for (index, (arg, told)) in args.iter().zip(printed(&desk, &args)).enumerate() {
            let wanted = [b"y", &arg[..], b"\0", arg, b"\0x", arg, b"\0", arg, b"\0"].concat();
            prop_assert_eq!(OsString::from_vec(told), OsString::from_vec(wanted));
            prop_assert_eq!(file(&desk, index, "nice"), niceness(3));
        }
    }
}

#[test]
fn rules_are_for_the_jobs_that_they_name() {
    let desk = desk(
        "[[plugins.wrap.rule]]\nfilter = { index = '0,2' }\nprefix = ['nice', '-n', '2']\n
        [[plugins.wrap.rule]]\nfilter = { index = '1-2' }\nprefix = ['nice', '-n', '5']\nend = 'echo ended with $rc'\n",
    );
    let (code, out, err) = bash_in(&desk, "xqute run -q -k sh -c nice ::: 1 2 3 4");
    assert_eq!((code, out), (Some(0), [2, 5, 7, 0].map(niceness).concat()), "{err}");
    assert_eq!(file(&desk, 2, "job.wrapped.log"), "ended with 0\n");
    // Not even a script where no rule is for a job.
    assert!(!desk.path().join(".xqute/3/job.wrapped.log").exists());
}

#[test]
fn one_text_of_the_end_does_not_keep_the_others_from_running() {
    let desk = desk(
        "[[plugins.wrap.rule]]\nend = 'echo first $rc; exit 7'\n[[plugins.wrap.rule]]\nend = \"echo 'second\"\n
        [[plugins.wrap.rule]]\nend = 'echo third $rc'\n",
    );
    let (code, _, err) = bash_in(&desk, "xqute run -q sh -c 'exit 3'");
    assert_eq!(code, Some(1), "{err}");
    let log = file(&desk, 0, "job.wrapped.log");
    assert!(log.starts_with("first 3\n") && log.contains("\nthird 3\n"), "{log}");
    assert!(log.contains("on_jobcmd_end of plugin `wrap` did not come to its end: exit code 7"), "{log}");
    assert_eq!(file(&desk, 0, "job.rc"), "3\n");
}

#[test]
fn a_text_that_goes_wrong_before_the_command_fails_the_job() {
    for (rule, code) in [("init = 'exit 4'", 4), ("prep = 'echo \"'", 2)] {
        let desk = desk(&format!(
            "[[plugins.wrap.rule]]\n{rule}\n[[plugins.wrap.rule]]\ninit = 'true'\nprep = 'true'"
        ));
        let (all, _, err) = bash_in(&desk, "xqute run -q touch ran");
        assert_eq!((all, file(&desk, 0, "job.rc")), (Some(1), format!("{code}\n")), "{err}");
        assert!(!desk.path().join("ran").exists());
    }
}

#[test]
fn a_program_that_looks_like_a_job_of_the_shell_runs_below_a_prefix() {
    let desk = desk("[[plugins.wrap.rule]]\nprefix = ['env', 'PATH=.:/bin:/usr/bin']\n");
    let line =
        "printf '#!/bin/sh\\necho \"$@\"' > ./%1; chmod +x ./%1; PATH=.:$PATH xqute run -q %1 a 'b  c'";
    let (code, out, err) = bash_in(&desk, line);
    assert_eq!((code, &*out), (Some(0), "a b  c\n"), "{err}");
}

#[test]
fn what_is_wrong_in_the_configuration_is_told_before_anything_runs() {
    for (toml, why) in [
        ("[plugins.wrap]", "it has no rule"),
        ("[[plugins.wrap.rule]]\nfilter = { tag = 'x' }", "rule 1 of plugin `wrap` says nothing"),
        ("[[plugins.wrap.rule]]\npre = 'x'", "wrong: `rule[0]`: unknown key `pre`"),
        (
            "[[plugins.wrap.rule]]\nprefix = 'nice -n 10'",
            "wrong: `rule[0].prefix`: invalid type: string \"…\", expected a sequence",
        ),
        ("[[plugins.wrap.rule]]\ninit = 'x'\nfilter = { index = '3-' }", "`3-`: write the index"),
    ] {
        let desk = desk(toml);
        let (code, _, err) = bash_in(&desk, "xqute run -q touch ran");
        assert!(code == Some(2) && err.contains(why), "{toml}: {code:?} {err}");
        // The program's own error is all that is told: nothing is logged beside it.
        let (by_type, by_plugin) = ("xqute: xqute.toml:", "xqute: plugin `wrap`, hook `on_init`");
        assert!(err.starts_with(by_type) || err.starts_with(by_plugin), "{err}");
        assert_eq!(err.lines().count(), 1, "{err}");
        assert!(!desk.path().join("ran").exists());
    }
}
