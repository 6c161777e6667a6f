//! Does a family reach from the crate that declares it, over those that implement it, to the one that calls it?
//!
//! All of them are outside of the workspace. The tests themselves are in `tests/crates/families/caller`: here they are
//! put into a package and run.

use xqute_tests::outside::succeed;

use crate::package;

const MANIFEST: &str = r#"
    [package]
    name = "families-caller"
    edition = "2024"
    [dependencies]
    families-framework.path = "$ROOT/tests/crates/families/framework"
    xqute.path = "$ROOT/xqute"
    xqute-plugin-both.path = "$ROOT/tests/crates/families/both"
    xqute-plugin-every-hook.path = "$ROOT/tests/crates/every-hook"
    xqute-plugin-renamed.path = "$ROOT/tests/crates/families/renamed"
    tempfile = "3"
    tokio = { version = "1", features = ["macros", "rt"] }
    [profile.dev]
    debug = false
    [workspace]
"#;

#[test]
fn a_family_reaches_across_crates_and_a_plugin_has_every_hook() {
    let package = package(
        "caller",
        &[
            ("Cargo.toml", MANIFEST),
            ("src/lib.rs", ""),
            ("tests/across.rs", include_str!("../crates/families/caller/across.rs")),
            ("tests/every_hook.rs", include_str!("../crates/families/caller/every_hook.rs")),
        ],
    );
    let passed = succeed(&mut package.cargo("test"));
    for passed_here in ["5 passed", "3 passed"] {
        assert!(passed.contains(passed_here), "{passed}");
    }
}
