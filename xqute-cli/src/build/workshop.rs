//! Where is it built? In a crate that is kept in the user's cache, so that only what has changed is built again.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::os::unix::fs::DirBuilderExt;
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
            fs::write(path, text)?;
        }
        Ok(is_another)
    }

    /// Begins with the versions of xqute's own lock file. What plugins need besides, cargo adds; that stays until something changes.
    fn lock_versions(&self, theirs: &Path, is_another: bool) -> Result<()> {
        let ours = self.directory.join("Cargo.lock");
        let changed = |path: &Path| fs::metadata(path).and_then(|it| it.modified());
        let is_older = changed(&ours).map_or(true, |ours| changed(theirs).is_ok_and(|it| it > ours));
        if is_another || is_older {
            fs::write(ours, fs::read(theirs)?)?;
        }
        Ok(())
    }
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
        .replace("{{patches}}", &patches(&xqute, plugins)))
}

/// A plugin that has xqute from a registry or a repository gets the one that is built: two of them would not hear each other.
fn patches(xqute: &str, plugins: &[Plugin]) -> String {
    let mut sources: Vec<&String> = plugins.iter().filter_map(|it| it.patched.as_ref()).collect();
    sources.sort();
    sources.dedup();
    sources.iter().map(|it| format!("[patch.{}]\nxqute = {{ {xqute} }}\n", toml::name(it))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

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
