//! Has the guide a line for each thing that a hook can ask, and a test of it? The methods are read from the code.
use std::fs;
use std::path::Path;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A name up to what cannot be in one.
fn name(text: &str) -> &str {
    let end = text.find(|it: char| !it.is_alphanumeric() && it != '_').unwrap_or(text.len());
    &text[..end]
}

/// What is public in the blocks of a file that begin with one of these lines.
fn public<'s>(source: &'s str, blocks: &[&str], word: &str) -> Vec<&'s str> {
    let mut within = false;
    let mut all = Vec::new();
    for line in source.lines() {
        within = blocks.contains(&line) || within && line != "}";
        if let (true, Some(rest)) = (within, line.strip_prefix("    ").and_then(|it| it.strip_prefix(word))) {
            all.push(name(rest));
        }
    }
    all
}

/// What stands below a heading of `plugins.md`, up to the next.
fn section(title: &str) -> String {
    let page = read("docs/guide/plugins.md");
    let lines = page.lines().skip_while(|line| line.trim_start_matches('#') != format!(" {title}"));
    let section: Vec<&str> = lines
        .enumerate()
        .take_while(|(at, line)| *at == 0 || !line.starts_with('#'))
        .map(|it| it.1)
        .collect();
    assert!(!section.is_empty(), "no heading `{title}`");
    section.join("\n")
}

/// Each of these names begins a line of a table below this heading.
fn assert_told(title: &str, before: &str, names: &[&str]) {
    let section = section(title);
    let is_told = |name: &str| {
        ["(", "::<", "`"].iter().any(|behind| section.contains(&format!("\n| `{before}{name}{behind}")))
    };
    let missing: Vec<&str> = names.iter().copied().filter(|name| !is_told(name)).collect();
    assert!(names.len() >= 3 && missing.is_empty(), "no line below `{title}` for {missing:?}");
}

/// The same for the public methods of a type, which are in these files of the core.
fn assert_methods_told(title: &str, before: &str, kind: &str, files: &[&str]) {
    let blocks = [format!("impl {kind} {{"), format!("impl<'a> {kind}<'a> {{")];
    let sources: Vec<String> = files.iter().map(|file| read(&format!("xqute-core/src/{file}"))).collect();
    let methods: Vec<&str> = sources
        .iter()
        .flat_map(|source| public(source, &blocks.each_ref().map(String::as_str), "pub fn "))
        .collect();
    assert_told(title, before, &methods);
}

#[test]
fn the_guide_has_a_line_for_each_thing_that_a_hook_can_ask() {
    assert_methods_told("Of `&Job`", "", "Job", &["job/view.rs", "job/declared.rs"]);
    assert_methods_told("Of `&Run`", "", "Run", &["hook/run.rs"]);
    assert_methods_told("Of `&Run`", "handle().", "Handle", &["hook/handle.rs"]);
    assert_methods_told("Of `&Scheduler`", "", "Scheduler", &["hook/scheduler.rs"]);
    let progress = read("xqute-core/src/hook/progress.rs");
    let (run, fields) = (section("Of `&Run`"), public(&progress, &["pub struct Progress {"], "pub "));
    let row = run.lines().find(|line| line.starts_with("| `progress()` |")).unwrap_or_default();
    let missing = fields.iter().find(|name| !row.contains(&format!("`{name}`")));
    assert!(fields.len() > 3 && missing.is_none(), "{missing:?} is not in: {row}");
    let summary = read("xqute-core/src/hook/summary.rs");
    assert_told("Of `&Summary`", "", &public(&summary, &["pub struct Summary {"], "pub "));
    assert_told("Of `&Summary`", "", &public(&summary, &["impl Summary {"], "pub fn "));
}

#[test]
fn the_guide_has_a_line_for_each_method_of_the_test_kit() {
    let told = |kind, files| assert_methods_told("Unit Testing", "", kind, files);
    told("TestRun", &["testing/run.rs"]);
    told("Plan", &["testing/plan.rs"]);
    told("Trace", &["testing/trace.rs", "testing/check.rs"]);
    told("JobTrace", &["testing/jobs.rs"]);
}

#[test]
fn what_is_public_is_found() {
    let source = "impl Job {\n    pub fn index(&self) {\n    }\n    fn own() {}\n    pub(crate) fn core() {}\n}\nimpl X {\n    pub fn x() {}\n}\n";
    assert_eq!(public(source, &["impl Job {"], "pub fn "), ["index"]);
}
