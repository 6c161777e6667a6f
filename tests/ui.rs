//! Is every mistake with a macro told once, at its token, with what to write instead? Is what is right taken?
//!
//! A file in `ui/fail` is one mistake (but those named `several…`), and its `.stderr` what the compiler says of it.
//! `TRYBUILD=overwrite cargo test --test ui` writes those anew: read them before you commit them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

#[test]
#[cfg_attr(not(pinned_compiler), ignore = "part of the words is rustc's: compared with those of 1.95 only")]
fn mistakes_are_told() {
    trybuild::TestCases::new().compile_fail("ui/fail/*/*.rs");
}

#[test]
fn what_is_right_is_taken() {
    assert!(!files("ui/pass", "rs").is_empty());
    trybuild::TestCases::new().pass("ui/pass/*.rs");
}

#[test]
fn a_mistake_is_one_error_in_its_own_file() {
    for path in files("ui/fail", "stderr") {
        let text = std::fs::read_to_string(&path).unwrap();
        let errors = text.lines().filter(|line| line.starts_with("error")).count();
        let several = path.file_name().unwrap().to_string_lossy().starts_with("several");
        assert_eq!(errors > 1, several, "{}: {text}", path.display());
        let (_, place) = text.split_once("--> ").unwrap();
        assert!(place.starts_with(path.with_extension("rs:").to_str().unwrap()), "{text}");
    }
}

#[test]
fn there_are_enough_mistakes_of_enough_kinds() {
    let [mistakes, errors] = ["rs", "stderr"].map(|extension| files("ui/fail", extension));
    let without_extension = |path: &PathBuf| path.with_extension("");
    assert!(mistakes.iter().map(without_extension).eq(errors.iter().map(without_extension)));
    let kinds: BTreeSet<String> = mistakes.iter().map(|path| kind(path)).collect();
    assert!(mistakes.len() >= 40 && kinds.len() >= 15, "{kinds:#?}");
}

/// A file is named after what is wrong, and then how: `hook/argument_twice.rs`.
fn kind(mistake: &Path) -> String {
    let name = mistake.with_extension("").to_string_lossy().into_owned();
    name.split_once('_').map_or(name.clone(), |(kind, _)| kind.to_owned())
}

/// The files below a directory, sorted.
fn files(directory: impl AsRef<Path>, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).expect("the tests run in their package");
    let entries = entries.map(|entry| entry.expect("a directory can be read").path());
    let (directories, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let wanted = files.into_iter().filter(|path| path.extension().is_some_and(|it| it == extension));
    let below = directories.iter().flat_map(|path| self::files(path, extension));
    let mut found: Vec<PathBuf> = wanted.chain(below).collect();
    found.sort();
    found
}
