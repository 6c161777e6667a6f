//! What do hooks see of every way in which a job can live and end? Traces by a plugin from outside of the workspace,
//! compared with `traces.txt`, which was read line by line.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use xqute_tests::outside::{Outside, succeed};

const MANIFEST: &str = r#"
    [package]
    name = "golden"
    edition = "2024"
    [dependencies]
    tempfile = "3"
    tokio = { version = "1", features = ["macros", "rt-multi-thread", "time"] }
    xqute.path = "$ROOT/xqute"
    xqute-plugin-trace.path = "$ROOT/tests/crates/golden"
    [profile.dev]
    debug = false
    [workspace]
"#;

const GOLDEN: &str = include_str!("traces.txt");

/// Where the two part: the scenario, and the lines.
fn difference(printed: &str) -> Option<String> {
    let mut scenario = "";
    let mut lines = printed.lines();
    for expected in GOLDEN.lines() {
        let found = lines.next().unwrap_or("nothing more");
        if found != expected {
            return Some(format!(
                "{scenario}\nexpected: {expected}\nprinted:  {found}\n\nall of it:\n{printed}"
            ));
        }
        if expected.starts_with("==") {
            scenario = expected;
        }
    }
    lines.next().map(|line| format!("{scenario}\none line more: {line}"))
}

#[test]
fn every_way_to_live_and_end_is_told_as_it_was_written_down() {
    let program = Outside::new(
        Path::new(env!("CARGO_TARGET_TMPDIR")).join("linking").join("golden"),
        &[("Cargo.toml", MANIFEST), ("src/main.rs", include_str!("../crates/golden/program.rs"))],
    );
    let printed = succeed(&mut program.cargo("run"));
    if std::env::var_os("XQUTE_WRITE_GOLDEN").is_some() {
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/traces.txt");
        return std::fs::write(golden, printed).unwrap();
    }
    if let Some(difference) = difference(&printed) {
        panic!("{difference}");
    }
}
