//! Which dependencies does `link_plugins!()` link? As many as there are ways to write one down.

use xqute_tests::outside::succeed;

use crate::program::{PRINTS_PLUGINS, lines, own_workspace, package, prints, program};

const NONE: [&str; 0] = [];

#[test]
fn a_crate_that_no_code_names_is_absent() {
    // Why the macro exists: cargo builds the dependency, and the linker never hears of it.
    let manifest = r#"
        [dependencies]
        xqute.path = "$XQUTE"
        xqute-plugin-only.path = "$PLUGINS/only"
    "#;
    let unnamed = PRINTS_PLUGINS.replace("xqute::link_plugins!();", "");
    assert_eq!(prints(&program("unnamed", manifest, &unnamed), &[]), NONE);
    assert_eq!(prints(&program("named", manifest, PRINTS_PLUGINS), &[]), ["only"]);
}

#[test]
fn renamed() {
    let manifest = r#"
        [dependencies]
        job-engine = { package = "xqute", path = "$XQUTE" }
        an-end = { package = "xqute-plugin-only", path = "$PLUGINS/only" }
    "#;
    let main = PRINTS_PLUGINS.replace("xqute::", "job_engine::");
    assert_eq!(prints(&program("renamed", manifest, &main), &[]), ["only"]);
}

#[test]
fn the_facade_is_behind_another_crate() {
    let manifest = r#"
        [dependencies]
        xqute.path = "$XQUTE"
        xqute-plugin-only.path = "$PLUGINS/only"
    "#;
    let main = PRINTS_PLUGINS.replace("link_plugins!()", "link_plugins!(crate = engine::inner)")
        + "mod engine { pub use xqute as inner; }";
    assert_eq!(prints(&program("behind", manifest, &main), &[]), ["only"]);
}

#[test]
fn optional() {
    let manifest = r#"
        [dependencies]
        xqute.path = "$XQUTE"
        beta = { package = "xqute-plugin-beta", path = "$PLUGINS/beta", optional = true }
        xqute-plugin-only = { path = "$PLUGINS/only", optional = true }
        [features]
        greek = ["dep:beta"]
    "#;
    let program = program("optional", manifest, PRINTS_PLUGINS);
    assert_eq!(prints(&program, &[]), NONE);
    assert_eq!(prints(&program, &["--features", "greek"]), ["beta"]);
    assert_eq!(prints(&program, &["--features", "xqute-plugin-only"]), ["only"]);
    assert_eq!(prints(&program, &["--all-features"]), ["beta", "only"]);
}

#[test]
fn target_specific() {
    let manifest = r#"
        [dependencies]
        xqute.path = "$XQUTE"
        [target.'cfg(not(any()))'.dependencies]
        xqute-plugin-only.path = "$PLUGINS/only"
        [target.'cfg(any())'.dependencies]
        xqute-plugin-alpha.path = "$PLUGINS/alpha"
        [target.x86_64-unknown-linux-gnu.dependencies]
        xqute-plugin-gamma.path = "$PLUGINS/gamma"
        [target.aarch64-unknown-linux-gnu.dependencies]
        xqute-plugin-beta.path = "$PLUGINS/beta"
    "#;
    let mut expected = vec!["only"];
    if cfg!(all(target_arch = "x86_64", target_os = "linux", target_env = "gnu")) {
        expected.push("gamma");
    }
    if cfg!(all(target_arch = "aarch64", target_os = "linux", target_env = "gnu")) {
        expected.push("beta");
    }
    assert_eq!(prints(&program("target-specific", manifest, PRINTS_PLUGINS), &[]), expected);
}

#[test]
fn inherited_from_the_workspace_and_renamed_there() {
    let root = r#"
        [workspace]
        members = ["deep/member"]
        resolver = "3"
        [workspace.dependencies]
        engine = { package = "xqute", path = "$XQUTE" }
        an-end = { package = "xqute-plugin-only", path = "$PLUGINS/only" }
        xqute-plugin-beta.path = "$PLUGINS/beta"
        [profile.dev]
        debug = false
    "#;
    let member = r#"
        [package]
        name = "inherited"
        edition = "2024"
        [dependencies]
        engine.workspace = true
        xqute-plugin-beta.workspace = true
        an-end = { workspace = true }
    "#;
    let main = PRINTS_PLUGINS.replace("xqute::", "engine::");
    let files =
        [("Cargo.toml", root), ("deep/member/Cargo.toml", member), ("deep/member/src/main.rs", &main)];
    assert_eq!(prints(&package("inherited", &files), &[]), ["beta", "only"]);
}

#[test]
fn dev_dependencies_are_linked_where_they_are_there() {
    let manifest = r#"
        [dependencies]
        xqute.path = "$XQUTE"
        xqute-plugin-beta.path = "$PLUGINS/beta"
        [dev-dependencies]
        xqute-plugin-only.path = "$PLUGINS/only"
        [[test]]
        name = "integration"
        harness = false
        [[example]]
        name = "elsewhere"
        path = "shown/main.rs"
    "#;
    let unit_test = r#"
        #[test]
        fn the_unit_tests_have_it() {
            assert_eq!(xqute::PluginSet::builder().build().unwrap().plugins().len(), 2);
        }
    "#;
    let files = [
        ("Cargo.toml", own_workspace(manifest)),
        ("src/main.rs", PRINTS_PLUGINS.to_owned() + unit_test),
        ("tests/integration.rs", PRINTS_PLUGINS.to_owned()),
        ("examples/example.rs", PRINTS_PLUGINS.to_owned()),
        ("shown/main.rs", PRINTS_PLUGINS.to_owned()),
    ];
    let program = package("dev", &files.each_ref().map(|(path, text)| (*path, text.as_str())));
    assert_eq!(prints(&program, &[]), ["beta"]);
    assert_eq!(prints(&program, &["--example", "example"]), ["beta", "only"]);
    assert_eq!(prints(&program, &["--example", "elsewhere"]), ["beta", "only"]);
    let tested = |arguments: [&str; 2]| succeed(program.cargo("test").args(arguments));
    assert_eq!(lines(&tested(["--test", "integration"])), ["beta", "only"]);
    assert!(tested(["--bin", "dev"]).contains("test result: ok. 1 passed"));
}

#[test]
fn transitive() {
    let manifest = r#"
        [dependencies]
        xqute.path = "$XQUTE"
        xqute-plugin-bundle.path = "$PLUGINS/bundle"
    "#;
    // The order of those that nobody asked for by name: after the others.
    assert_eq!(prints(&program("transitive", manifest, PRINTS_PLUGINS), &[]), ["bundle", "only"]);
}

#[test]
fn a_crate_without_hooks_that_links_plugins_brings_theirs() {
    let manifest = r#"
        [dependencies]
        xqute.path = "$XQUTE"
        xqute-plugin-preset.path = "$PLUGINS/preset"
    "#;
    assert_eq!(prints(&program("preset", manifest, PRINTS_PLUGINS), &[]), ["beta", "alpha"]);
}
