//! What does a package's `Cargo.toml` say of its dependencies? Read with its workspace's, which it may inherit from.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

/// A package, as far as its manifests tell.
pub(crate) struct Package {
    /// Its own manifest.
    pub(crate) manifest: Manifest,
    /// Its workspace's, where it inherits a dependency from there.
    pub(crate) root: Option<Manifest>,
}

/// A `Cargo.toml`.
pub(crate) struct Manifest {
    pub(crate) path: PathBuf,
    pub(crate) table: Table,
}

/// A dependency that the package's code may name.
pub(crate) struct Dependency<'a> {
    /// What the manifest calls it.
    pub(crate) key: &'a str,
    /// What it calls itself: another name than the key, where it is renamed.
    pub(crate) package: &'a str,
    pub(crate) is_optional: bool,
    /// Whether it is there for tests, examples and benches only.
    pub(crate) is_dev: bool,
    /// Where it stands under `[target.….dependencies]`: the `…`.
    pub(crate) target: Option<&'a str>,
}

impl Package {
    /// Reads the manifest in `directory`, and the workspace's where it is needed.
    pub(crate) fn read(directory: &Path) -> Result<Self, String> {
        let manifest = Manifest::read(directory.join("Cargo.toml"))?;
        let inherits = manifest.entries().any(|entry| inherits(entry.value));
        let root = if inherits { Some(manifest.find_root(directory)?) } else { None };
        Ok(Self { manifest, root })
    }

    /// The dependencies in the manifest's order; those of build scripts are not among them.
    pub(crate) fn dependencies(&self) -> Result<Vec<Dependency<'_>>, String> {
        self.manifest.entries().map(|entry| self.dependency(&entry)).collect()
    }

    fn dependency<'a>(&'a self, entry: &Entry<'a>) -> Result<Dependency<'a>, String> {
        let Entry { key, value, is_dev, target } = *entry;
        let source = if inherits(value) { self.inherited(key)? } else { value };
        Ok(Dependency {
            key,
            package: source.get("package").and_then(Value::as_str).unwrap_or(key),
            is_optional: flag(value, "optional"),
            is_dev,
            target,
        })
    }

    fn inherited(&self, key: &str) -> Result<&Value, String> {
        let inherited =
            self.root.as_ref().and_then(|root| lookup(&root.table, &["workspace", "dependencies", key]));
        inherited.ok_or_else(|| {
            let path = self.manifest.path.display();
            format!("{path} inherits `{key}`, which its workspace does not declare: add it to `[workspace.dependencies]`")
        })
    }
}

impl Manifest {
    fn read(path: PathBuf) -> Result<Self, String> {
        let text = std::fs::read_to_string(&path).map_err(|error| {
            format!("cannot read {}: {error}; build the package with cargo", path.display())
        })?;
        let table = text.parse().map_err(|error| format!("{} is no manifest: {error}", path.display()))?;
        Ok(Self { path, table })
    }

    /// The manifest of the workspace of the package in `directory`, found as cargo finds it.
    fn find_root(&self, directory: &Path) -> Result<Self, String> {
        if let Some(root) = lookup(&self.table, &["package", "workspace"]).and_then(Value::as_str) {
            return Self::read(directory.join(root).join("Cargo.toml"));
        }
        let above = directory.ancestors().map(|it| it.join("Cargo.toml")).filter(|it| it.is_file());
        for manifest in above.map(Self::read) {
            let manifest = manifest?;
            if manifest.table.contains_key("workspace") {
                return Ok(manifest);
            }
        }
        let path = self.path.display();
        Err(format!(
            "{path} inherits from a workspace, and no directory above has one: name it in `package.workspace`"
        ))
    }

    fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        let mut entries = Vec::new();
        collect(&self.table, None, &mut entries);
        entries.into_iter()
    }
}

/// A line of a table of dependencies.
struct Entry<'a> {
    key: &'a str,
    value: &'a Value,
    is_dev: bool,
    target: Option<&'a str>,
}

/// Adds the entries of every table of dependencies in `tables`.
fn collect<'a>(tables: &'a Table, target: Option<&'a str>, into: &mut Vec<Entry<'a>>) {
    for (name, value) in tables {
        let Some(table) = value.as_table() else { continue };
        let is_dev = match name.as_str() {
            "dependencies" => false,
            "dev-dependencies" | "dev_dependencies" => true,
            "target" if target.is_none() => {
                let targets = table.iter().filter_map(|(target, it)| Some((target, it.as_table()?)));
                targets.for_each(|(target, tables)| collect(tables, Some(target), into));
                continue;
            }
            _ => continue,
        };
        into.extend(table.iter().map(|(key, value)| Entry { key, value, is_dev, target }));
    }
}

fn inherits(dependency: &Value) -> bool {
    flag(dependency, "workspace")
}

fn flag(dependency: &Value, name: &str) -> bool {
    dependency.get(name).and_then(Value::as_bool) == Some(true)
}

/// The value at a path of keys.
pub(crate) fn lookup<'a>(table: &'a Table, path: &[&str]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(table.get(*first)?, |value, key| value.get(key))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The package `p/Cargo.toml`, in the workspace `Cargo.toml`.
    pub(crate) fn package(manifest: &str, root: &str) -> Package {
        let of = |path: &str, text: &str| Manifest { path: path.into(), table: text.parse().unwrap() };
        Package { manifest: of("p/Cargo.toml", manifest), root: Some(of("Cargo.toml", root)) }
    }

    fn told(manifest: &str, root: &str) -> Result<Vec<String>, String> {
        let package = package(manifest, root);
        let tell = |it: &Dependency<'_>| {
            let flags = [(it.is_optional, " optional"), (it.is_dev, " dev")];
            let flags: String = flags.iter().filter(|(on, _)| *on).map(|(_, flag)| *flag).collect();
            format!(
                "{}={}{flags}{}",
                it.key,
                it.package,
                it.target.map(|it| format!(" on {it}")).unwrap_or_default()
            )
        };
        Ok(package.dependencies()?.iter().map(tell).collect())
    }

    #[test]
    fn every_table_is_read_in_the_order_of_the_file() {
        let manifest = r#"
            [package]
            name = "p"
            [dev-dependencies]
            z = "1"
            [dependencies]
            y = { version = "1", optional = true }
            b = { package = "a", path = "../a" }
            [build-dependencies]
            never = "1"
            [target.'cfg(unix)'.dependencies.x]
            version = "1"
            [target.x86_64-pc-windows-msvc.dev-dependencies]
            w = "1"
            [target.'cfg(unix)'.build-dependencies]
            never = "1"
        "#;
        let expected =
            ["z=z dev", "y=y optional", "b=a", "x=x on cfg(unix)", "w=w dev on x86_64-pc-windows-msvc"];
        assert_eq!(told(manifest, ""), Ok(expected.map(String::from).into()));
    }

    #[test]
    fn an_inherited_dependency_has_the_name_that_the_workspace_gives() {
        let manifest = "[dependencies]\na.workspace = true\nb = { workspace = true, optional = true }";
        let root = "[workspace.dependencies]\na = '1'\nb = { package = 'c', version = '1' }";
        assert_eq!(told(manifest, root), Ok(["a=a", "b=c optional"].map(String::from).into()));
        let error = told("[dependencies]\nz.workspace = true", root).unwrap_err();
        assert_eq!(
            error,
            "p/Cargo.toml inherits `z`, which its workspace does not declare: add it to `[workspace.dependencies]`"
        );
    }
}
