//! What does `--with NAME=WHERE` mean? A package, and where cargo finds it.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, Result, bail};

use super::cargo::{Cargo, Dependency, Package};
use crate::origin::{self, Origin, REPOSITORY};
use crate::settings::toml;

const PREFIX: &str = "xqute-plugin-";
const CRATES_IO: &str = "crates-io";

/// As it was typed.
#[derive(Debug, Clone)]
pub(super) struct With {
    name: String,
    place: Place,
}

#[derive(Debug, Clone)]
enum Place {
    Directory(PathBuf),
    Version(String),
    Git(String),
}

/// A package to compile in.
#[derive(Debug)]
pub(super) struct Plugin {
    pub(super) package: String,
    /// What stands between the braces in a Cargo.toml.
    pub(super) dependency: String,
    /// What Cargo.toml calls the sources that it may have xqute from and that are no directory: it gets the one that is built.
    pub(super) patched: Vec<String>,
    /// Whether it is the newest commit of a repository.
    pub(super) is_newest: bool,
}

impl FromStr for With {
    type Err = String;

    fn from_str(typed: &str) -> Result<Self, String> {
        let (name, place) = typed
            .split_once('=')
            .filter(|(name, place)| !name.is_empty() && !place.is_empty())
            .ok_or_else(|| unnamed(typed))?;
        if !name.bytes().all(|it| it.is_ascii_alphanumeric() || b"-_".contains(&it)) {
            return Err(format!("`{name}` is no crate's name"));
        }
        if ["xqute", "xqute-cli"].contains(&name) {
            return Err(format!("`{name}` is in each binary, and no plugin: --xqute DIR says which one"));
        }
        Ok(Self { name: name.to_owned(), place: Place::read(place)? })
    }
}

/// What is to be typed instead of what has no name, or no place.
fn unnamed(typed: &str) -> String {
    let directory = Path::new(typed);
    let is_path = typed.contains('/') && !typed.contains("://") || typed.starts_with('.');
    match called(directory) {
        _ if typed.contains('=') => "write NAME=DIRECTORY, NAME=VERSION or NAME=URL".to_owned(),
        Some(name) => format!("write {name}={typed}"),
        None if directory.is_dir() => format!("write NAME={typed}, where NAME is what its crate is called"),
        None if is_path => {
            format!("there is no directory `{typed}`; for one that is there, write NAME={typed}")
        }
        None => "write NAME=DIRECTORY, NAME=VERSION or NAME=URL".to_owned(),
    }
}

/// The name of the package in a directory, if one can be read there.
fn called(directory: &Path) -> Option<String> {
    let manifest = std::fs::read_to_string(directory.join("Cargo.toml")).ok()?;
    let manifest: ::toml::Table = ::toml::from_str(&manifest).ok()?;
    Some(manifest.get("package")?.get("name")?.as_str()?.to_owned())
}

impl Place {
    fn read(typed: &str) -> Result<Self, String> {
        if typed.contains("://") {
            return Ok(Self::Git(typed.to_owned()));
        }
        // As git is told; cargo takes URLs alone.
        if let Some((host, path)) = typed.strip_prefix("git@").and_then(|it| it.split_once(':')) {
            return Ok(Self::Git(format!("ssh://git@{host}/{}", path.trim_start_matches('/'))));
        }
        if typed.contains('/') || typed.starts_with('.') || Path::new(typed).is_dir() {
            return Ok(Self::Directory(typed.into()));
        }
        if typed.starts_with(|it: char| it.is_ascii_digit() || "=^~*<>".contains(it)) {
            return Ok(Self::Version(typed.to_owned()));
        }
        Err(format!("there is no directory `{typed}`, and it is neither a version nor a URL"))
    }
}

/// Finds each of them.
pub(super) fn find(typed: &[With], origin: &Origin, is_offline: bool) -> Result<Vec<Plugin>> {
    let mut plugins = Vec::<Plugin>::new();
    for With { name, place } in typed {
        let plugin = match place {
            Place::Directory(directory) => in_directory(name, directory, origin, is_offline)?,
            Place::Version(version) => elsewhere(name, "version", version, &[CRATES_IO]),
            Place::Git(url) => elsewhere(name, "git", url, &[CRATES_IO, REPOSITORY]),
        };
        if plugins.iter().any(|it| it.package == plugin.package) {
            bail!("--with names {} twice: leave one out", plugin.package);
        }
        plugins.push(plugin);
    }
    Ok(plugins)
}

/// Where it may have xqute from is all that is known: cargo warns of what it has no use for.
fn elsewhere(name: &str, key: &str, value: &str, sources: &[&str]) -> Plugin {
    Plugin {
        package: name.to_owned(),
        dependency: format!("{key} = {}", toml::value(&value.into())),
        patched: sources.iter().map(ToString::to_string).collect(),
        is_newest: key == "git",
    }
}

fn in_directory(name: &str, directory: &Path, origin: &Origin, is_offline: bool) -> Result<Plugin> {
    let shown = directory.display();
    let whole = directory.canonicalize().with_context(|| format!("cannot read {shown}"))?;
    let found = Cargo::new(&whole, is_offline).package()?;
    let Some(found) = found else {
        bail!("there is no crate in {shown}: name the directory of the plugin's own Cargo.toml");
    };
    check_library(&found)?;
    let Package { name: package, dependencies, manifest_path: manifest, .. } = found;
    if package != name && package.strip_prefix(PREFIX) != Some(name) {
        bail!("the crate in {shown} is called {package}, not {name}: write --with {package}={shown}");
    }
    let xqute = dependencies.into_iter().find(|it| it.name == "xqute");
    if let Some(path) = xqute.as_ref().and_then(|it| it.path.as_ref()) {
        check_same(&package, &manifest, path, origin)?;
    }
    Ok(Plugin {
        package,
        dependency: origin::path(&whole)?,
        patched: xqute.and_then(patched).into_iter().collect(),
        is_newest: false,
    })
}

/// `link_plugins!` knows packages alone: the compiler would miss a crate, and nobody would know where its name comes from.
fn check_library(Package { name, targets, manifest_path, .. }: &Package) -> Result<()> {
    let called = name.replace('-', "_");
    match targets.iter().find(|it| it.is_library() && it.name.replace('-', "_") != called) {
        None => Ok(()),
        Some(library) => bail!(
            "the library of {name} is called {}, and a plugin is linked by its package's name: leave `name` out of `[lib]` in {}",
            library.name,
            manifest_path.display()
        ),
    }
}

/// Two directories with one version of xqute cargo would refuse, without a word on what to do.
fn check_same(package: &str, manifest: &Path, path: &Path, origin: &Origin) -> Result<()> {
    if let Origin::Checkout(checkout) = origin {
        let own = checkout.join("xqute");
        let real = |path: &Path| path.canonicalize().ok();
        if real(path).is_none() || real(path) != real(&own) {
            bail!(
                "{package} is written for the xqute in {}, and the binary is that of {origin}: its hooks would never be called. \
                 Write `xqute = {{ {} }}` in {}, or build on the other (--xqute DIR)",
                path.display(),
                origin::path(&own)?,
                manifest.display()
            );
        }
    }
    Ok(())
}

fn patched(xqute: Dependency) -> Option<String> {
    let source = xqute.source?;
    let git = source.strip_prefix("git+").and_then(|it| it.split(['?', '#']).next());
    let source = git.unwrap_or(CRATES_IO);
    // One patch for each source, however it is spelled.
    Some(if origin::is_repository(source) { REPOSITORY } else { source }.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_directory_a_version_or_a_url() {
        for (typed, wanted) in [
            (".", "Directory(\".\")"),
            ("a/b", "Directory(\"a/b\")"),
            ("src", "Directory(\"src\")"),
            ("1.2", "Version(\"1.2\")"),
            ("=1.2.0", "Version(\"=1.2.0\")"),
            ("https://example.org/a", "Git(\"https://example.org/a\")"),
            ("git@example.org:a/b", "Git(\"ssh://git@example.org/a/b\")"),
        ] {
            assert_eq!(format!("{:?}", Place::read(typed).unwrap()), wanted);
        }
        assert!(Place::read("nowhere").unwrap_err().contains("no directory `nowhere`"));
    }

    #[test]
    fn what_has_no_name_or_no_place_is_refused() {
        for typed in ["tell", "=1", "tell=", "a b=1", "a\"=1", "xqute=1", "xqute-cli=./a"] {
            assert!(typed.parse::<With>().is_err(), "{typed}");
        }
        assert_eq!("a=b=c/d".parse::<With>().unwrap().name, "a");
    }

    #[test]
    fn a_source_is_called_as_a_manifest_calls_it() {
        let called = |source: &str| {
            patched(Dependency { name: "xqute".to_owned(), source: Some(source.to_owned()), path: None })
        };
        assert_eq!(called("registry+https://github.com/rust-lang/crates.io-index").unwrap(), "crates-io");
        assert_eq!(called("git+https://example.org/a?tag=b#c").unwrap(), "https://example.org/a");
        assert_eq!(called("git+ssh://example.org/a").unwrap(), "ssh://example.org/a");
        assert_eq!(called(&format!("git+{REPOSITORY}.git/?branch=a#c")).unwrap(), REPOSITORY);
    }
}
