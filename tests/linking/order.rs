//! Is the order of calls the same however the program is built?

use std::process::Command;

use xqute_tests::outside::{Outside, succeed};

use crate::program::{own_workspace, package};

const MANIFEST: &str = r#"
    [dependencies]
    xqute.path = "$XQUTE"
    linking-tour.path = "$PLUGINS/tour"
    xqute-plugin-gamma.path = "$PLUGINS/gamma"
    xqute-plugin-alpha.path = "$PLUGINS/alpha"
    xqute-plugin-beta.path = "$PLUGINS/beta"

    # Those whose order is in question are built as a release is.
    [profile.release.package]
    linking-tour.opt-level = 3
    xqute-plugin-gamma.opt-level = 3
    xqute-plugin-alpha.opt-level = 3
    xqute-plugin-beta.opt-level = 3
"#;

/// Prints the order in every way that there is: as it is described, as the tables have it, and as calls come.
const MAIN: &str = r#"
    use linking_tour::{Guests, Tour};

    xqute::link_plugins!();

    fn main() -> Result<(), xqute::PluginError> {
        let plugins = xqute::PluginSet::builder().build()?;
        let guests = Guests::default();
        Tour::build(&plugins).visit(&guests);
        guests.names().iter().for_each(|guest| println!("{guest}"));
        println!("{:#?}", xqute::Hooks::build(&plugins));
        for plugin in plugins.plugins() {
            println!("{}", plugin.name);
            plugin.hooks.iter().for_each(|it| println!("    {} by {} at {}", it.hook, it.function, it.place));
        }
        Ok(())
    }
"#;

const PROFILES: [&[&str]; 5] = [
    &[],
    &["--release"],
    &["--release", "--config=profile.release.lto='fat'"],
    &["--release", "--config=profile.release.codegen-units=1"],
    &["--release", "--config=profile.release.codegen-units=256"],
];
const DEFAULT: &[&str] = &[];
const BFD: &[&str] = &["-Clinker-features=-lld", "-Clink-arg=-fuse-ld=bfd"];

/// The default is rust-lld here, and the platform's linker elsewhere.
const LINKERS: &[&[&str]] = if cfg!(all(target_arch = "x86_64", target_os = "linux", target_env = "gnu")) {
    &[DEFAULT, BFD]
} else {
    &[DEFAULT]
};

#[test]
fn the_order_of_calls_does_not_depend_on_the_build() {
    let program = package("order", &[("Cargo.toml", &own_workspace(MANIFEST)), ("src/main.rs", MAIN)]);
    let expected = built(&program, PROFILES[0], LINKERS[0]);
    for profile in PROFILES {
        for linker in LINKERS {
            assert_eq!(built(&program, profile, linker), expected, "{profile:?} {linker:?}");
        }
    }
    let mut visits: Vec<&str> = expected.lines().take(VISITS.len()).collect();
    visits[8..10].sort_unstable();
    assert_eq!(visits, VISITS);
}

/// Priority; the manifest's order of plugins; file; line; column.
const VISITS: [&str; 15] = [
    "alpha: early",
    "gamma: one",
    "gamma: two",
    "alpha: aside",
    "alpha: plain",
    "alpha: zero",
    "alpha: one",
    "alpha: two",
    // Made by one macro under one name: by the line of its call. Two of one line stand in an order of their own.
    "alpha: nameless one",
    "alpha: nameless two",
    "alpha: nameless three",
    "alpha: inner",
    "beta: one",
    "beta: two",
    "alpha: late",
];

/// What the program prints, built so.
fn built(program: &Outside, profile: &[&str], linker: &[&str]) -> String {
    succeed(program.cargo("rustc").args(profile).arg("--").args(linker));
    let directory = if profile.is_empty() { "debug" } else { "release" };
    let executable = program.target().join(directory).join("order");
    if linker == BFD {
        let bytes = std::fs::read(&executable).expect("the program is there");
        assert!(!bytes.windows(11).any(|it| it == b"Linker: LLD"), "it was to be linked by bfd");
    }
    succeed(&mut Command::new(executable))
}
