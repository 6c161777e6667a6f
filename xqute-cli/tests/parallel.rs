//! Is someone who knows GNU parallel at home? Invocations of its manual and tutorial, beside GNU parallel itself.
//!
//! Each line of the table is run by both, in directories of their own with the same files: same output, same files. Those that differ on
//! purpose are in `docs/coming-from.md`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

/// What follows `parallel -k -j1`, and what follows `xqute run -q -k -j1`, where that is not the same; run by bash.
const TABLE: &[(&str, &str)] = &[
    // man parallel, "EXAMPLE: Working as xargs -n1. Argument appending", and what follows it
    ("gzip --best ::: x.html y.html", ""),
    ("find . -name '*.html' | @ gzip --best", ""),
    ("ls *.txt | @ mv {} {.}.md", ""),
    ("find . -name '*.txt' -print0 | @ -0 wc -c", ""),
    ("find . -type f | sort | @ 'echo File: {}'", ""),
    ("@ echo {} ::: a b c", ""),
    ("@ echo ::: a 'b c' '$HOME' '*'", ""),
    ("@ echo {.} ::: dir/file.ext plain .hidden", ""),
    ("@ echo {/} ::: dir/file.ext plain", ""),
    ("@ echo {//} ::: dir/file.ext plain /top", ""),
    ("@ echo {/.} ::: dir/file.ext plain", ""),
    ("@ echo {#} {} ::: A B C", ""),
    ("@ echo {#} ::: A B C", ""),
    ("@ echo ::: A B ::: C D", ""),
    ("@ echo {1} and {2} ::: A B ::: C D", ""),
    ("@ echo {2}-{1} ::: A B ::: C D", ""),
    ("@ echo {1/} {2.} ::: a/b ::: c.d e.f", ""),
    ("@ echo {} {1} ::: A ::: B", ""),
    ("@ echo x{}y ::: A 'B C'", ""),
    ("@ echo ::: A B :::+ 1 2", ""),
    ("@ echo {1} {2} {3} ::: a b :::+ 1 2 ::: X Y", ""),
    // tutorial, "Input sources"
    ("@ -a abc-file echo", ""),
    ("cat abc-file | @ echo", ""),
    ("@ echo :::: abc-file", ""),
    ("@ echo :::: abc-file def-file", ""),
    ("@ -a abc-file -a def-file echo", ""),
    ("cat abc-file | @ -a - -a def-file echo", ""),
    ("cat abc-file | @ echo :::: - def-file", ""),
    ("@ echo ::: A B C :::: def-file", ""),
    ("@ echo :::: abc-file ::::+ def-file", ""),
    ("@ -0 echo :::: abc0-file", ""),
    ("@ echo {} too < abc-file", ""),
    // tutorial, "The command line"
    ("@ ::: 'echo a' 'echo b'", ""),
    ("cat commands | @", ""),
    ("@ 'echo {}; echo end' ::: a 'b c'", "--shell 'echo {}; echo end' ::: a 'b c'"),
    ("@ 'sort {} | head -1' ::: abc-file def-file", "--shell 'sort {} | head -1' ::: abc-file def-file"),
    ("@ 'echo {} > out-{}' ::: a b", "--shell 'echo {} > out-{}' ::: a b"),
    ("@ 'wc -c < {}' ::: 'sp ace' abc-file", "--shell 'wc -c < {}' ::: 'sp ace' abc-file"),
    ("cat pipes | @", "--shell < pipes"),
    // tutorial, "Controlling the output" and "the execution"
    ("@ --tag echo ::: A B C", ""),
    ("@ --tag echo {2} ::: A ::: B C", ""),
    (
        "@ --retries 2 'test -e {} || { touch {}; false; }' ::: once",
        "--num-retries 1 --retry-delay 0 --shell 'test -e {} || { touch {}; false; }' ::: once",
    ),
    (
        "@ --halt soon,fail=1 'echo {}; exit {}' ::: 0 0 1 2",
        "--halt soon,fail=1 --shell 'echo {}; exit {}' ::: 0 0 1 2",
    ),
    (
        "@ --halt now,success=1 'echo {}; exit {}' ::: 1 0 2",
        "--halt now,success=1 --shell 'echo {}; exit {}' ::: 1 0 2",
    ),
    ("@ --timeout 1 'sleep {}; echo {}' ::: 0 20", "--timeout 1 --shell 'sleep {}; echo {}' ::: 0 20"),
    ("@ --dry-run echo {} {.} ::: a.b c", ""),
];

fn desk() -> tempfile::TempDir {
    let desk = tempfile::tempdir().unwrap();
    let files = [
        ("abc-file", "A\nB\nC\n"),
        ("def-file", "D\nE\nF\n"),
        ("abc0-file", "A\0B x\nC\0"),
        ("x.html", "<x>"),
        ("y.html", "<y>"),
        ("one.txt", "1"),
        ("two words.txt", "22"),
        ("sp ace", "four"),
        ("commands", "echo first\necho 'second  of two'\nprintf '%s-' a b\n"),
        ("pipes", "echo first | tr a-z A-Z\necho second > second-file\n"),
    ];
    for (name, text) in files {
        fs::write(desk.path().join(name), text).unwrap();
    }
    desk
}

/// Output, and what is in the directory afterwards, but for what the program keeps itself.
fn run(line: &str) -> (String, BTreeMap<String, Vec<u8>>) {
    let desk = desk();
    let path = format!(
        "{}:{}",
        Path::new(env!("CARGO_BIN_EXE_xqute")).parent().unwrap().display(),
        std::env::var("PATH").unwrap()
    );
    let out =
        Command::new("bash").args(["-c", line]).current_dir(desk.path()).env("PATH", path).output().unwrap();
    let files = fs::read_dir(desk.path()).unwrap().map(|it| it.unwrap());
    let files = files.filter(|it| it.file_type().unwrap().is_file());
    let kept = files.map(|it| (it.file_name().into_string().unwrap(), content(&it.path())));
    (String::from_utf8_lossy(&out.stdout).into_owned(), kept.collect())
}

/// A compressed file has its time in it.
fn content(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).unwrap();
    if path.extension().is_some_and(|it| it == "gz") { Vec::new() } else { bytes }
}

#[test]
fn same_jobs_and_same_output_as_gnu_parallel() {
    let found = Command::new("parallel").arg("--version").output();
    let version = found.expect("GNU parallel is needed: `.ci/run` installs it").stdout;
    assert!(
        String::from_utf8_lossy(&version).starts_with("GNU parallel"),
        "another program is called parallel"
    );
    assert!(TABLE.len() >= 40);
    for (line, ours) in TABLE {
        let with = |program: &str, line: &str| match line.contains('@') {
            true => line.replace('@', program),
            false => format!("{program} {line}"),
        };
        let theirs = run(&with("parallel --will-cite -k -j1", line));
        let ours = if ours.is_empty() { line } else { ours };
        let ours = run(&with("xqute run -q -k -j1", ours));
        assert_eq!(theirs, ours, "{line}");
    }
}
