//! Is the manifest seen as it is? Its lists, its mistakes, and its edits.

use xqute_tests::outside::fail;

use crate::program::{PRINTS_PLUGINS, filled, own_workspace, prints, program};

const AUDITED: &str = r#"
    [dependencies]
    xqute.path = "$XQUTE"
    our-audit = { package = "linking-audit", path = "$PLUGINS/audit" }
"#;

#[test]
fn an_edit_of_the_metadata_alone_is_seen_by_the_next_build() {
    let program = program("edited", AUDITED, PRINTS_PLUGINS);
    let none: [&str; 0] = [];
    assert_eq!(prints(&program, &[]), none);
    let listed = format!("{AUDITED}\n[package.metadata.xqute]\nplugins = ['linking-audit']");
    program.write("Cargo.toml", &filled("edited", &own_workspace(&listed)));
    assert_eq!(prints(&program, &[]), ["audit"]);
    program.write("Cargo.toml", &filled("edited", &own_workspace(AUDITED)));
    assert_eq!(prints(&program, &[]), none);
}

#[test]
fn a_name_that_is_no_dependency_is_told_at_the_call() {
    let manifest = format!("{AUDITED}\n[package.metadata.xqute]\nplugins = ['linking-audits']");
    let told = fail(program("stranger", &manifest, PRINTS_PLUGINS).cargo("build").arg("--color=never"));
    assert!(told.contains("error: `linking-audits`, a plugin in `[package.metadata.xqute]` of "), "{told}");
    assert!(
        told.contains(", is no dependency; did you mean `linking-audit`?\n --> src/main.rs:2:5\n"),
        "{told}"
    );
}

#[test]
fn a_crate_that_brought_no_hook_is_refused_by_build() {
    let manifest = r#"
        [dependencies]
        xqute.path = "$XQUTE"
        xqute-plugin-empty.path = "$PLUGINS/empty"
    "#;
    let said = prints(&program("empty", manifest, PRINTS_PLUGINS), &[]);
    assert_eq!(
        said,
        [
            "the crate `xqute-plugin-empty`, named by link_plugins!() at src/main.rs:2:5, brought no hook into this binary: \
          is it a plugin? Take its name off, or look at its cargo features"
        ]
    );
}
