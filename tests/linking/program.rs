//! What are the programs of these tests made of?

use std::path::Path;

use xqute_tests::outside::{Outside, succeed};

/// Prints the plugins that are linked, in the order of their calls, or what is wrong with them.
pub(crate) const PRINTS_PLUGINS: &str = r#"
    xqute::link_plugins!();

    fn main() {
        match xqute::PluginSet::builder().build() {
            Ok(plugins) => plugins.plugins().iter().for_each(|it| println!("{}", it.name)),
            Err(error) => println!("{error}"),
        }
    }
"#;

/// A package outside of the workspace. `$NAME`, `$XQUTE` and `$PLUGINS` may stand in its files: its name, and the paths of the
/// facade and of the plugins.
pub(crate) fn package(name: &str, files: &[(&str, &str)]) -> Outside {
    let texts: Vec<String> = files.iter().map(|(_, text)| filled(name, text)).collect();
    let files: Vec<(&str, &str)> =
        files.iter().zip(&texts).map(|((path, _), text)| (*path, text.as_str())).collect();
    Outside::new(Path::new(env!("CARGO_TARGET_TMPDIR")).join("linking").join(name), &files)
}

/// A program with these dependencies (and whatever else its manifest has).
pub(crate) fn program(name: &str, manifest: &str, main: &str) -> Outside {
    package(name, &[("Cargo.toml", &own_workspace(manifest)), ("src/main.rs", main)])
}

/// Nobody debugs the programs, and what they are linked with only has to be there: both save minutes.
const PROFILES: &str = r#"
    [profile.dev]
    debug = false
    [profile.release.package."*"]
    opt-level = 0
"#;

/// A manifest of a package that is its own workspace.
pub(crate) fn own_workspace(manifest: &str) -> String {
    format!("[package]\nname = '$NAME'\nedition = '2024'\n[workspace]\n{PROFILES}\n{manifest}")
}

/// A text with what stands for a path or a name filled in, but `$ROOT`.
pub(crate) fn filled(name: &str, text: &str) -> String {
    text.replace("$NAME", name)
        .replace("$XQUTE", "$ROOT/xqute")
        .replace("$PLUGINS", "$ROOT/tests/crates/linking")
}

/// What `cargo run` prints, line by line.
pub(crate) fn prints(program: &Outside, arguments: &[&str]) -> Vec<String> {
    lines(&succeed(program.cargo("run").args(arguments)))
}

pub(crate) fn lines(text: &str) -> Vec<String> {
    text.lines().map(String::from).collect()
}
