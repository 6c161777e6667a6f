//! Which hooks see what, in which order, in every scenario of a job's life? Compared with `traces.txt`, line by line.
//!
//! The plugin that writes the traces down, and the program that plays the scenarios, are outside of the workspace, in
//! `tests/crates/golden`. `XQUTE_WRITE_GOLDEN=1` writes `traces.txt` anew: read what has changed before you keep it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod diff;

use std::collections::BTreeSet;
use std::path::Path;

use xqute_tests::outside::{Outside, succeed};

const TRACES: &str = include_str!("traces.txt");

/// The dependencies are those of other packages outside, so that they are built once.
const MANIFEST: &str = r#"
    [package]
    name = "golden"
    edition = "2024"
    [[bin]]
    name = "golden"
    path = "$ROOT/tests/crates/golden/program/main.rs"
    [dependencies]
    xqute.path = "$ROOT/xqute"
    xqute-plugin-trace.path = "$ROOT/tests/crates/golden/trace"
    tempfile = "3"
    tokio = { version = "1", features = ["macros", "rt"] }
    [profile.dev]
    debug = false
    [workspace]
"#;

#[test]
fn the_hooks_of_every_scenario_leave_the_trace_that_is_written_down() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("linking").join("golden");
    let package = Outside::new(directory, &[("Cargo.toml", MANIFEST)]);
    let traces = succeed(&mut package.cargo("run"));
    if std::env::var_os("XQUTE_WRITE_GOLDEN").is_some() {
        std::fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/traces.txt"), traces).unwrap();
        return;
    }
    let differences = diff::of_blocks(TRACES, &traces);
    assert!(differences.is_empty(), "- is written in tests/golden/traces.txt, + came\n\n{differences}");
}

/// The names of the scenarios that are asked for.
const SCENARIOS: [&str; 17] = [
    "success",
    "failure",
    "retry then success",
    "retries used up",
    "timeout",
    "timeout with retry",
    "kill",
    "veto of submission",
    "veto of killing",
    "vetoed timeout",
    "skip as succeeded",
    "verify that overturns and is retried",
    "held and asked again",
    "halt soon",
    "halt now",
    "threshold",
    "cancelled run",
];

/// A scenario's blocks, without what its scripts said.
fn life(name: &str, variant: &str) -> Vec<&'static str> {
    let title = format!("=== {name}, {variant}");
    let lines = TRACES.lines().skip_while(|line| *line != title).skip(1);
    let lines = lines.take_while(|line| !line.starts_with("=== "));
    lines.map(|line| line.split(" script: ").next().unwrap()).collect()
}

#[test]
fn every_scenario_is_there_and_a_wrapped_job_has_the_life_of_a_direct_one() {
    let titles = TRACES.lines().filter_map(|line| line.strip_prefix("=== ")?.rsplit_once(", "));
    let names: BTreeSet<&str> = titles.map(|(name, _)| name).collect();
    for name in SCENARIOS {
        assert!(names.contains(name), "{name}");
    }
    for name in names {
        let direct = life(name, "direct");
        assert!(direct.iter().any(|line| line.starts_with("stopped")), "{name}: {direct:#?}");
        assert_eq!(direct, life(name, "wrapped"), "{name}");
    }
}

#[test]
fn every_hook_of_the_engine_has_its_place_in_a_trace() {
    let family = include_str!("../../xqute-core/src/hook/family.rs");
    let hooks = family.lines().filter_map(|line| {
        let line = line.trim_start().trim_start_matches("async ");
        line.strip_prefix("fn ")?.split('(').next()
    });
    let hooks: Vec<&str> = hooks.filter(|hook| *hook != "on_job_polling").collect();
    assert_eq!(hooks.len(), 17);
    for hook in hooks {
        assert!(TRACES.lines().any(|line| line.split(' ').next() == Some(hook)), "{hook}");
    }
}
