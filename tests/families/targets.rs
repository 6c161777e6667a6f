//! Do the targets of a package keep apart? Its library, program, example and test may all be called the same, and each
//! declare a family of one name in one module.

use xqute_tests::outside::succeed;

use crate::package;

const MANIFEST: &str = r#"
    [package]
    name = "twin"
    edition = "2024"
    [dependencies]
    xqute.path = "$ROOT/xqute"
    [profile.dev]
    debug = false
    [workspace]
"#;

/// A family, a plugin, a hook, and what it says.
const FAMILY: &str = r#"
    xqute::plugin!(name = "$PLUGIN");

    /// The hooks of a step.
    #[xqute::hookspec]
    pub trait StepHooks {
        /// Says who is there.
        #[each]
        fn on_step() -> &'static str;
    }

    #[xqute::hook(StepHooks)]
    fn on_step() -> &'static str {
        "$PLUGIN"
    }

    /// Who is there, according to whom.
    pub fn told() -> Vec<String> {
        let set = xqute::PluginSet::builder().build().unwrap();
        let mut told = Vec::new();
        StepHooks::build(&set).on_step(|plugin, it| told.push(format!("{plugin}: {it}")));
        told
    }
"#;

const MAIN: &str = r#"
    fn main() {
        check();
    }
"#;

const CHECK: &str = r#"
    #[cfg_attr(test, test)]
    fn check() {
        assert_eq!(told(), ["$PLUGIN: $PLUGIN"]);
        assert_eq!(twin::told(), ["library: library"]);
    }
"#;

#[test]
fn targets_of_one_name_keep_apart() {
    let target = |plugin, parts: &[&str]| parts.concat().replace("$PLUGIN", plugin);
    let library = target("library", &[FAMILY]);
    let program = target("program", &[FAMILY, CHECK, MAIN]);
    let example = target("example", &[FAMILY, CHECK, MAIN]);
    let test = target("test", &[FAMILY, CHECK]);
    let package = package(
        "twin",
        &[
            ("Cargo.toml", MANIFEST),
            ("src/lib.rs", &library),
            ("src/main.rs", &program),
            ("examples/twin.rs", &example),
            ("tests/twin.rs", &test),
        ],
    );
    succeed(&mut package.cargo("run"));
    succeed(package.cargo("run").args(["--example", "twin"]));
    let passed = succeed(package.cargo("test").args(["--test", "twin"]));
    assert!(passed.contains("1 passed"), "{passed}");
}
