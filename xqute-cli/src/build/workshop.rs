//! Where is it built? In a crate that is kept in the user's cache, so that only what has changed is built again.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::plugin::Plugin;
use crate::origin::Origin;
use crate::say;
use crate::settings::toml;

const MANIFEST: &str = include_str!("../../template/build.toml");

const MAIN: &str = "\
xqute::link_plugins!();

fn main() -> std::process::ExitCode {
    xqute_cli::main()
}
";

/// The crate. One build at a time has it.
#[derive(Debug)]
pub(super) struct Workshop {
    directory: PathBuf,
    _lock: File,
}

impl Workshop {
    pub(super) fn open() -> Result<Self> {
        let directory = cache()?.join("xqute/build");
        let told = || format!("cannot build in {}", directory.display());
        // What is built runs with the user's rights, and a URL may have a password in it.
        DirBuilder::new().recursive(true).mode(0o700).create(&directory).with_context(told)?;
        own(&directory).with_context(told)?;
        let lock = File::create(directory.join("lock")).with_context(told)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                say(format_args!("waiting for another `xqute build`, which has {}", directory.display()));
                lock.lock().with_context(told)?;
            }
            Err(TryLockError::Error(error)) => return Err(error).with_context(told),
        }
        Ok(Self { directory, _lock: lock })
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Writes what differs from the last build, by whose times cargo knows what to build again.
    pub(super) fn lay_out(&self, origin: &Origin, plugins: &[Plugin], features: &[String]) -> Result<()> {
        let lay_out = || {
            let is_another = self.write("Cargo.toml", &manifest(origin, plugins, features)?)?;
            self.write("main.rs", MAIN)?;
            match origin.lock_file() {
                Some(theirs) => self.lock_versions(&theirs, is_another),
                None => Ok(()),
            }
        };
        lay_out().with_context(|| format!("cannot build in {}", self.directory.display()))
    }

    /// Whether it was another.
    fn write(&self, file: &str, text: &str) -> Result<bool> {
        let path = self.directory.join(file);
        let is_another = fs::read(&path).map_or(true, |it| it != text.as_bytes());
        if is_another {
            private(&path, text.as_bytes())?;
        }
        Ok(is_another)
    }

    /// Begins with the versions of xqute's own lock file. What plugins need besides, cargo adds; that stays until something changes.
    fn lock_versions(&self, theirs: &Path, is_another: bool) -> Result<()> {
        let ours = self.directory.join("Cargo.lock");
        let changed = |path: &Path| fs::metadata(path).and_then(|it| it.modified());
        let is_older = changed(&ours).map_or(true, |ours| changed(theirs).is_ok_and(|it| it > ours));
        if is_another || is_older {
            private(&ours, &fs::read(theirs)?)?;
        }
        Ok(())
    }
}

/// What others could write into it would be run, and they could read the URLs.
fn own(directory: &Path) -> Result<()> {
    let is_own = fs::metadata(directory)?.uid() == rustix::process::geteuid().as_raw();
    if !is_own {
        bail!("it belongs to another user: set XDG_CACHE_HOME to a directory of yours");
    }
    Ok(fs::set_permissions(directory, Permissions::from_mode(0o700))?)
}

/// Writes a file for its owner alone, whatever it was before.
fn private(path: &Path, text: &[u8]) -> Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    Ok(file.write_all(text)?)
}

fn cache() -> Result<PathBuf> {
    let variable = |name| std::env::var_os(name).map(PathBuf::from).filter(|it| it.is_absolute());
    match variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache"))) {
        Some(cache) => Ok(cache),
        None => bail!("there is no place to build in: set HOME, or XDG_CACHE_HOME, to a directory"),
    }
}

fn manifest(origin: &Origin, plugins: &[Plugin], features: &[String]) -> Result<String> {
    let xqute = origin.dependency("xqute")?;
    let mut dependencies = vec![
        format!("xqute = {{ {xqute} }}"),
        format!(
            "xqute-cli = {{ {}, features = {} }}",
            origin.dependency("xqute-cli")?,
            serde_json::json!(features)
        ),
    ];
    dependencies.extend(plugins.iter().map(|it| format!("{} = {{ {} }}", it.package, it.dependency)));
    let names: Vec<&str> = plugins.iter().map(|it| it.package.as_str()).collect();
    Ok(MANIFEST
        .replace("{{plugins}}", &serde_json::json!(names).to_string())
        .replace("{{dependencies}}", &dependencies.join("\n"))
        .replace("{{patches}}", &patches(origin, &xqute, plugins)))
}

/// A plugin that has xqute from a registry or a repository gets the one that is built: two of them would not hear each other.
fn patches(origin: &Origin, xqute: &str, plugins: &[Plugin]) -> String {
    let all = plugins.iter().flat_map(|it| &it.patched);
    let sources: BTreeSet<&String> = all.filter(|it| !origin.is_at(it)).collect();
    sources.iter().map(|it| format!("[patch.{}]\nxqute = {{ {xqute} }}\n", toml::name(it))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::REPOSITORY;

    fn plugin(package: &str, patched: &[&str]) -> Plugin {
        let patched = patched.iter().map(ToString::to_string).collect();
        Plugin {
            package: package.to_owned(),
            dependency: "path = \"a\"".to_owned(),
            patched,
            is_newest: false,
        }
    }

    /// Cargo refuses to patch a source with itself.
    #[test]
    fn what_has_the_one_that_is_built_is_not_patched() {
        let plugins =
            [plugin("a", &[REPOSITORY]), plugin("b", &["crates-io", "https://b.org/c", REPOSITORY])];
        let sources = |origin| {
            let table: ::toml::Table = ::toml::from_str(&manifest(origin, &plugins, &[]).unwrap()).unwrap();
            table["patch"].as_table().unwrap().keys().cloned().collect::<Vec<_>>()
        };
        assert_eq!(sources(&Origin::Repository), ["crates-io", "https://b.org/c"]);
        let all = ["crates-io", "https://b.org/c", REPOSITORY];
        assert_eq!(sources(&Origin::Checkout("/x".into())), all);
    }

    #[test]
    fn what_is_written_is_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("Cargo.toml");
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
        fs::write(&file, "").unwrap();
        for path in [folder.path(), &file] {
            fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
        }
        own(folder.path()).unwrap();
        private(&file, b"").unwrap();
        assert_eq!((mode(folder.path()), mode(&file)), (0o700, 0o600));
    }

    /// A binary with plugins is to be as fast as the stock one.
    #[test]
    fn the_release_profile_is_that_of_the_workspace() {
        let profile = |text: &str| {
            let table: ::toml::Table = ::toml::from_str(text).unwrap();
            table["profile"]["release"].clone()
        };
        let ours = manifest(&Origin::Repository, &[], &[]).unwrap();
        assert_eq!(profile(&ours), profile(include_str!("../../../Cargo.toml")));
    }
}
