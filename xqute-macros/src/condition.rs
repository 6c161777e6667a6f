//! When is a dependency there? The predicate of a `#[cfg(…)]` that holds exactly where cargo builds it.

use std::path::Path;

use toml::{Table, Value};

use crate::manifest::{Dependency, lookup};

/// Where cargo puts what is compiled with the dev-dependencies.
const DEV_DIRECTORIES: [&str; 3] = ["tests", "examples", "benches"];
const DEV_TARGETS: [&str; 3] = ["test", "example", "bench"];

/// The parts of a target triple that a `cfg` can tell exactly: the triple's word, and the predicates.
const ARCHITECTURES: [(&str, &str); 6] = [
    ("x86_64", r#"target_arch = "x86_64""#),
    ("aarch64", r#"target_arch = "aarch64", target_endian = "little""#),
    ("powerpc64le", r#"target_arch = "powerpc64", target_endian = "little""#),
    ("riscv64gc", r#"target_arch = "riscv64""#),
    ("s390x", r#"target_arch = "s390x""#),
    ("loongarch64", r#"target_arch = "loongarch64""#),
];
const VENDORS: [(&str, &str); 3] = [
    ("unknown", r#"target_vendor = "unknown""#),
    ("pc", r#"target_vendor = "pc""#),
    ("apple", r#"target_vendor = "apple""#),
];
const SYSTEMS: [(&str, &str); 6] = [
    ("linux", r#"target_os = "linux""#),
    ("windows", r#"target_os = "windows""#),
    ("darwin", r#"target_os = "macos""#),
    ("freebsd", r#"target_os = "freebsd""#),
    ("netbsd", r#"target_os = "netbsd""#),
    ("openbsd", r#"target_os = "openbsd""#),
];
const ENVIRONMENTS: [(&str, &str); 4] = [
    ("", r#"target_env = "", target_abi = """#),
    ("gnu", r#"target_env = "gnu", target_abi = """#),
    ("musl", r#"target_env = "musl", target_abi = """#),
    ("msvc", r#"target_env = "msvc", target_abi = """#),
];

/// The predicate for `dependency` in code that is compiled for development or not; `None` where it is always there.
pub(crate) fn of(
    dependency: &Dependency<'_>,
    features: Option<&Table>,
    in_development: bool,
) -> Result<Option<String>, String> {
    let mut all = Vec::new();
    if dependency.is_optional {
        all.push(features_of(dependency.key, features));
    }
    if let Some(target) = dependency.target {
        all.push(of_target(target)?);
    }
    if dependency.is_dev && !in_development {
        all.push("test".to_owned());
    }
    Ok(match all.len() {
        0 | 1 => all.pop(),
        _ => Some(format!("all({})", all.join(", "))),
    })
}

/// Any feature that turns the optional dependency `key` on. It is a feature itself unless one says `dep:key`.
fn features_of(key: &str, features: Option<&Table>) -> String {
    let (alone, with_feature) = (format!("dep:{key}"), format!("{key}/"));
    let items: Vec<(&str, &str)> = features.into_iter().flatten().flat_map(items).collect();
    let is_feature = !items.iter().any(|(_, item)| *item == alone);
    let turns_on = |(_, item): &&(&str, &str)| *item == alone || item.starts_with(&with_feature);
    let others = items.iter().filter(turns_on).map(|(feature, _)| *feature);
    let names = is_feature.then_some(key).into_iter().chain(others);
    let names: Vec<String> = names.map(|name| format!("feature = {name:?}")).collect();
    format!("any({})", names.join(", "))
}

/// A feature, with each item that it turns on.
fn items<'a>((feature, items): (&'a String, &'a Value)) -> impl Iterator<Item = (&'a str, &'a str)> {
    let items = items.as_array().into_iter().flatten().filter_map(Value::as_str);
    items.map(move |item| (feature.as_str(), item))
}

/// The `…` of `[target.….dependencies]`: a predicate already, or a triple.
fn of_target(target: &str) -> Result<String, String> {
    match target.trim().strip_prefix("cfg(").and_then(|it| it.strip_suffix(')')) {
        Some(predicate) => Ok(predicate.to_owned()),
        None => of_triple(target).ok_or_else(|| {
            format!("cannot tell by a `cfg` when the target is `{target}`: write `[target.'cfg(…)'.dependencies]` for it")
        }),
    }
}

fn of_triple(triple: &str) -> Option<String> {
    let mut words = triple.split('-');
    let mut next = |known: &[(&str, &'static str)]| {
        let word = words.next().unwrap_or_default();
        known.iter().find(|(name, _)| *name == word).map(|(_, predicate)| *predicate)
    };
    let predicates = [next(&ARCHITECTURES)?, next(&VENDORS)?, next(&SYSTEMS)?, next(&ENVIRONMENTS)?];
    words.next().is_none().then(|| format!("all({})", predicates.join(", ")))
}

/// Whether `file`, relative to the package, is compiled with the dev-dependencies whatever the profile is.
pub(crate) fn in_development(manifest: &Table, file: &Path) -> bool {
    let is_at =
        |target: &Value| target.get("path").and_then(Value::as_str).is_some_and(|path| owns(path, file));
    let any_at =
        |kind: &str| manifest.get(kind).and_then(Value::as_array).is_some_and(|it| it.iter().any(is_at));
    let is_product = any_at("bin") || lookup(manifest, &["lib"]).is_some_and(is_at);
    let is_development = || {
        DEV_DIRECTORIES.iter().any(|directory| file.starts_with(directory))
            || DEV_TARGETS.iter().any(|kind| any_at(kind))
    };
    !is_product && is_development()
}

/// Whether `file` is the target at `path`, or a module beside its `main.rs`.
fn owns(path: &str, file: &Path) -> bool {
    let path = Path::new(path);
    let directory = path.parent().filter(|_| path.ends_with("main.rs"));
    file == path || directory.is_some_and(|it| it != Path::new("") && file.starts_with(it))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features_told(features: &str) -> String {
        features_of("slack", Some(&features.parse().unwrap()))
    }

    #[test]
    fn an_optional_dependency_is_a_feature_until_one_says_dep() {
        assert_eq!(features_of("slack", None), r#"any(feature = "slack")"#);
        assert_eq!(features_told("chat = ['slack']"), r#"any(feature = "slack")"#);
        assert_eq!(features_told("chat = ['slack/tls']"), r#"any(feature = "slack", feature = "chat")"#);
        assert_eq!(features_told("chat = ['slack?/tls', 'slacker/tls']"), r#"any(feature = "slack")"#);
        assert_eq!(features_told("chat = ['dep:slack']"), r#"any(feature = "chat")"#);
        assert_eq!(
            features_told(
                "slack = ['dep:slack']\nall = ['slack']\ntls = ['slack/tls']\nweak = ['slack?/tls']"
            ),
            r#"any(feature = "slack", feature = "tls")"#
        );
    }

    #[test]
    fn a_target_is_a_predicate_or_a_triple() {
        assert_eq!(
            of_target("cfg(all(unix, not(target_os = \"macos\")))").unwrap(),
            "all(unix, not(target_os = \"macos\"))"
        );
        assert_eq!(
            of_target("x86_64-unknown-linux-gnu").unwrap(),
            r#"all(target_arch = "x86_64", target_vendor = "unknown", target_os = "linux", target_env = "gnu", target_abi = "")"#
        );
        assert!(
            of_target("aarch64-apple-darwin").unwrap().contains(r#"target_os = "macos", target_env = """#)
        );
        for unknown in ["armv7-unknown-linux-gnueabihf", "x86_64-unknown-linux-gnu-odd", "mine.json", ""] {
            assert_eq!(
                of_target(unknown).unwrap_err(),
                format!(
                    "cannot tell by a `cfg` when the target is `{unknown}`: write `[target.'cfg(…)'.dependencies]` for it"
                )
            );
        }
    }

    #[test]
    fn tests_examples_and_benches_have_the_dev_dependencies() {
        let manifest = r#"
            [lib]
            path = "examples/lib.rs"
            [[bin]]
            path = "tests/tool/main.rs"
            [[test]]
            path = "checks/one.rs"
            [[bench]]
            path = "speed/main.rs"
        "#;
        let manifest: Table = manifest.parse().unwrap();
        let told = |file: &str| in_development(&manifest, Path::new(file));
        for development in
            ["tests/a.rs", "tests/a/b.rs", "examples/a.rs", "benches/a.rs", "checks/one.rs", "speed/sub.rs"]
        {
            assert!(told(development), "{development}");
        }
        for product in
            ["src/lib.rs", "src/tests/a.rs", "examples/lib.rs", "tests/tool/sub.rs", "checks/two.rs", "a.rs"]
        {
            assert!(!told(product), "{product}");
        }
    }
}
