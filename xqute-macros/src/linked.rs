//! Which dependencies are plugins? Those named like one, and those that the manifest lists.

use std::path::Path;

use toml::{Table, Value};

use crate::condition;
use crate::manifest::{Dependency, Manifest, Package, lookup};
use crate::suggest::did_you_mean;

const PREFIX: &str = "xqute-plugin-";
const FACADE: &str = "xqute";

/// A dependency to link.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Link {
    /// What code calls it.
    pub(crate) name: String,
    /// What it calls itself.
    pub(crate) package: String,
    /// The predicate of its `#[cfg(…)]`, where it is not always there.
    pub(crate) condition: Option<String>,
}

/// The plugins among the dependencies, in the manifest's order. `file`, relative to the package, is where they are asked for.
pub(crate) fn links(package: &Package, file: &Path) -> Result<Vec<Link>, String> {
    let table = &package.manifest.table;
    let dependencies = package.dependencies()?;
    let listed = listed(&package.manifest, &dependencies)?;
    let features = table.get("features").and_then(Value::as_table);
    let in_development = condition::in_development(table, file);
    let is_plugin = |it: &&Dependency<'_>| is_named_so(it.package) || listed.iter().any(|name| it.is(name));
    let link = |it: &Dependency<'_>| {
        let condition = condition::of(it, features, in_development)
            .map_err(|wrong| format!("{}: {wrong}", package.manifest.path.display()))?;
        Ok(Link { name: code_name(it.key), package: it.package.to_owned(), condition })
    };
    dependencies.iter().filter(is_plugin).map(link).collect()
}

/// What code calls the facade.
pub(crate) fn facade(package: &Package) -> Result<String, String> {
    if lookup(&package.manifest.table, &["package", "name"]).and_then(Value::as_str) == Some(FACADE) {
        return Ok(FACADE.to_owned());
    }
    let dependencies = package.dependencies()?;
    let facade = dependencies.iter().find(|it| it.package == FACADE);
    facade.map(|it| code_name(it.key)).ok_or_else(|| {
        let path = package.manifest.path.display();
        format!("{path} has no dependency on `{FACADE}`: add one, or say where it is: `link_plugins!(crate = path)`")
    })
}

impl Dependency<'_> {
    fn is(&self, name: &str) -> bool {
        self.key == name || self.package == name
    }
}

fn is_named_so(package: &str) -> bool {
    package.replace('_', "-").starts_with(PREFIX)
}

fn code_name(key: &str) -> String {
    key.replace('-', "_")
}

/// The names in `[package.metadata.xqute] plugins`, each that of a dependency.
fn listed<'a>(manifest: &'a Manifest, dependencies: &[Dependency<'_>]) -> Result<Vec<&'a str>, String> {
    let names = names(&manifest.table).ok_or_else(|| {
        let path = manifest.path.display();
        format!("`plugins` in `[package.metadata.xqute]` of {path} is a list of names: write `plugins = [\"name\"]`")
    })?;
    match names.iter().find(|name| !dependencies.iter().any(|it| it.is(name))) {
        None => Ok(names),
        Some(stranger) => Err(no_dependency(stranger, manifest, dependencies)),
    }
}

/// `None` where it is something else than a list of names.
fn names(manifest: &Table) -> Option<Vec<&str>> {
    match lookup(manifest, &["package", "metadata", "xqute", "plugins"]) {
        None => Some(Vec::new()),
        Some(list) => list.as_array()?.iter().map(Value::as_str).collect(),
    }
}

fn no_dependency(name: &str, manifest: &Manifest, dependencies: &[Dependency<'_>]) -> String {
    let known = dependencies.iter().flat_map(|it| [it.key, it.package]);
    let hint = did_you_mean(name, known)
        .unwrap_or_else(|| ": add it to `[dependencies]`, or take it off the list".to_owned());
    let path = manifest.path.display();
    format!("`{name}`, a plugin in `[package.metadata.xqute]` of {path}, is no dependency{hint}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::tests::package;

    const ROOT: &str = r#"
        [workspace.dependencies]
        xqute-plugin-inherited = "1"
        other-name = { package = "xqute-plugin-renamed-there", version = "1" }
        engine = { package = "xqute", version = "1" }
    "#;

    fn told_in(file: &str, manifest: &str) -> Result<Vec<String>, String> {
        let tell = |Link { name, package, condition }| match condition {
            None => format!("{name} = {package}"),
            Some(condition) => format!("{name} = {package} if {condition}"),
        };
        Ok(links(&package(manifest, ROOT), Path::new(file))?.into_iter().map(tell).collect())
    }

    fn told(manifest: &str) -> Result<Vec<String>, String> {
        told_in("src/main.rs", manifest)
    }

    #[test]
    fn plugins_are_named_so_or_listed_by_key_or_package() {
        let manifest = r#"
            [dependencies]
            serde = "1"
            xqute = "1"
            xqute-plugins = "1"
            xqute-plugin-b = "1"
            slack = { package = "xqute-plugin-slack", version = "1" }
            our-audit = { package = "audit", version = "1" }
            xqute_plugin_a = "1"
            by-key = "1"
            [package.metadata.xqute]
            plugins = ["by-key", "audit"]
        "#;
        let expected = [
            "xqute_plugin_b = xqute-plugin-b",
            "slack = xqute-plugin-slack",
            "our_audit = audit",
            "xqute_plugin_a = xqute_plugin_a",
            "by_key = by-key",
        ];
        assert_eq!(told(manifest), Ok(expected.map(String::from).into()));
    }

    #[test]
    fn each_is_linked_only_where_it_is_there() {
        let manifest = r#"
            [dependencies]
            xqute-plugin-inherited = { workspace = true, optional = true }
            other-name.workspace = true
            [target.'cfg(unix)'.dependencies]
            xqute-plugin-u = { version = "1", optional = true }
            [dev-dependencies]
            xqute-plugin-d = "1"
            [build-dependencies]
            xqute-plugin-never = "1"
            [features]
            all = ["dep:xqute-plugin-u"]
        "#;
        let mut expected = [
            r#"xqute_plugin_inherited = xqute-plugin-inherited if any(feature = "xqute-plugin-inherited")"#,
            "other_name = xqute-plugin-renamed-there",
            r#"xqute_plugin_u = xqute-plugin-u if all(any(feature = "all"), unix)"#,
            "xqute_plugin_d = xqute-plugin-d if test",
        ];
        assert_eq!(told(manifest), Ok(expected.map(String::from).into()));
        expected[3] = "xqute_plugin_d = xqute-plugin-d";
        assert_eq!(told_in("tests/it.rs", manifest), Ok(expected.map(String::from).into()));
    }

    #[test]
    fn a_list_that_is_wrong_is_told() {
        let wrong = |plugins: &str| {
            told(&format!("[dependencies]\nslack = '1'\n[package.metadata.xqute]\nplugins = {plugins}"))
                .unwrap_err()
        };
        assert_eq!(
            wrong("['slak']"),
            "`slak`, a plugin in `[package.metadata.xqute]` of p/Cargo.toml, is no dependency; did you mean `slack`?"
        );
        assert_eq!(
            wrong("['mail']"),
            "`mail`, a plugin in `[package.metadata.xqute]` of p/Cargo.toml, is no dependency: add it to `[dependencies]`, or take it off the list"
        );
        assert_eq!(
            wrong("'slack'"),
            "`plugins` in `[package.metadata.xqute]` of p/Cargo.toml is a list of names: write `plugins = [\"name\"]`"
        );
    }

    #[test]
    fn a_target_that_no_cfg_tells_is_an_error_for_plugins_only() {
        let on = |name: &str| told(&format!("[target.mine.dependencies]\n{name} = '1'"));
        assert_eq!(on("serde"), Ok(Vec::new()));
        assert!(on("xqute-plugin-a").unwrap_err().starts_with("p/Cargo.toml: cannot tell by a `cfg`"));
    }

    #[test]
    fn the_facade_is_found_under_any_name() {
        let facade = |manifest: &str| facade(&package(manifest, ROOT));
        assert_eq!(facade("[dependencies]\nxqute = '1'"), Ok("xqute".to_owned()));
        assert_eq!(facade("[dependencies]\njob-engine = { package = 'xqute' }"), Ok("job_engine".to_owned()));
        assert_eq!(facade("[dev-dependencies]\nengine.workspace = true"), Ok("engine".to_owned()));
        assert_eq!(facade("[package]\nname = 'xqute'"), Ok("xqute".to_owned()));
        assert_eq!(
            facade("[dependencies]\nxqute-core = '1'"),
            Err("p/Cargo.toml has no dependency on `xqute`: add one, or say where it is: `link_plugins!(crate = path)`".to_owned())
        );
    }
}
