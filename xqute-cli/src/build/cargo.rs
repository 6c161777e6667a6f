//! How is cargo spoken to? Its progress and its errors are the user's; what it has built is ours.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Cargo, in a directory.
#[derive(Debug)]
pub(super) struct Cargo<'a> {
    directory: &'a Path,
    is_offline: bool,
}

/// What `cargo metadata` says, as far as it is asked for.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

/// A package, as its Cargo.toml has it.
#[derive(Debug, Deserialize)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) dependencies: Vec<Dependency>,
    pub(super) targets: Vec<Target>,
    pub(super) manifest_path: PathBuf,
}

/// What a package compiles to.
#[derive(Debug, Deserialize)]
pub(super) struct Target {
    pub(super) name: String,
    kind: Vec<String>,
}

/// From a source, or a directory.
#[derive(Debug, Deserialize)]
pub(super) struct Dependency {
    pub(super) name: String,
    pub(super) source: Option<String>,
    pub(super) path: Option<PathBuf>,
}

/// A line of `cargo build`.
#[derive(Deserialize)]
struct Message {
    executable: Option<PathBuf>,
}

/// A plugin in a binary, as `xqute plugins --json` tells it.
#[derive(Debug, Deserialize)]
pub(super) struct Brings {
    pub(super) name: String,
    pub(super) on: bool,
    pub(super) package: String,
    pub(super) version: String,
}

#[derive(Deserialize)]
struct Listed {
    plugins: Vec<Brings>,
}

impl<'a> Cargo<'a> {
    pub(super) fn new(directory: &'a Path, is_offline: bool) -> Self {
        Self { directory, is_offline }
    }

    /// The package whose directory this is, if it is one's.
    pub(super) fn package(&self) -> Result<Option<Package>> {
        let manifest = self.directory.join("Cargo.toml");
        if !manifest.is_file() {
            return Ok(None);
        }
        let words = ["metadata", "--format-version=1", "--no-deps"];
        let told = self.told(&words)?;
        let told =
            told.with_context(|| format!("cargo cannot read {}: its error is above", manifest.display()))?;
        let Metadata { packages } = read(&told)?;
        Ok(packages.into_iter().find(|it| it.manifest_path == manifest))
    }

    /// Locks the newest commits of these: without that the first build's stay for ever.
    pub(super) fn renew(&self, packages: &[&str]) -> Result<()> {
        if packages.is_empty() || self.is_offline {
            return Ok(());
        }
        // A package that is not locked yet cannot be renewed: the first command locks it.
        for words in [&["--workspace", "--quiet"], packages] {
            let told = self.told(&[&["update"], words].concat())?;
            told.context(
                "cargo cannot ask a repository for its newest commit: its error is above; --offline builds what is on this machine",
            )?;
        }
        Ok(())
    }

    /// What would be built, and for whom.
    pub(super) fn tree(&self) -> Result<String> {
        let told = self.told(&["tree", "--edges=normal", "--prefix=depth", "--no-dedupe"])?;
        let told = told.context(
            "cargo cannot find all that is to be built: its error is above, and nothing was written",
        )?;
        Ok(String::from_utf8_lossy(&told).into_owned())
    }

    /// The binary.
    pub(super) fn build(&self, is_debug: bool) -> Result<PathBuf> {
        let mut words = vec!["build", "--message-format=json-render-diagnostics", "--target-dir=target"];
        words.extend((!is_debug).then_some("--release"));
        let told = self.told(&words)?;
        let told = told.context("cargo could not build it: its error is above, and nothing was written")?;
        let mut messages = told.split(|it| *it == b'\n').filter_map(|it| read::<Message>(it).ok());
        messages.find_map(|it| it.executable).context("cargo has built no program: nothing was written")
    }

    /// What it writes to standard output, if it has succeeded.
    fn told(&self, words: &[&str]) -> Result<Option<Vec<u8>>> {
        let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut cargo = Command::new(program);
        cargo.args(words).args(self.is_offline.then_some("--offline")).current_dir(self.directory);
        cargo.stdin(Stdio::null()).stderr(Stdio::inherit());
        match cargo.output() {
            Ok(out) => Ok(out.status.success().then_some(out.stdout)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                bail!("there is no cargo here, which builds plugins: get Rust from https://rustup.rs")
            }
            Err(error) => Err(error).context("cannot start cargo"),
        }
    }
}

impl Target {
    pub(super) fn is_library(&self) -> bool {
        self.kind.iter().any(|it| it.ends_with("lib"))
    }
}

fn read<T: DeserializeOwned>(json: &[u8]) -> Result<T> {
    serde_json::from_slice(json).context("what cargo says cannot be read: is it older than 1.90?")
}

/// What is in a binary: a plugin that the linker has dropped would never be missed. The binary itself refuses what cannot be in one, of
/// these packages, too.
pub(super) fn brings(binary: &Path, packages: &[&str]) -> Result<Vec<Brings>> {
    let mut list = Command::new(binary);
    list.args(["plugins", "--json"]).stdin(Stdio::null());
    // Not what is set where it is built, but what is so everywhere.
    list.current_dir(binary.parent().unwrap_or(binary));
    for (name, _) in std::env::vars_os().filter(|it| it.0.as_bytes().starts_with(b"XQUTE_")) {
        list.env_remove(name);
    }
    let out = list.output().with_context(|| format!("cannot start {}", binary.display()))?;
    if !out.status.success() {
        let why = String::from_utf8_lossy(&out.stderr);
        // It names a file that the user never saw, where the crate is linked.
        let is_idle = |it: &&&str| why.contains(&format!("the crate `{it}`, named by link_plugins!()"));
        if let Some(package) = packages.iter().find(is_idle) {
            bail!(
                "the crate {package} is no plugin: no function in it that is compiled has `#[xqute::hook]`; write one (`xqute new-plugin NAME` \
                 makes a crate that has some), or, if a cargo feature of it hides its hooks, make that a default one; nothing was written"
            );
        }
        bail!("{}; nothing was written", why.trim().trim_start_matches("xqute: "));
    }
    let Listed { plugins } = read(&out.stdout)?;
    Ok(plugins)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn what_is_in_a_repository_is_its_newest_commit_unless_offline() {
        let desk = tempfile::tempdir().unwrap();
        let package = |name: &str, version: &str, more: &str| {
            let text = format!("[package]\nname = '{name}'\nversion = '{version}'\n[workspace]\n{more}");
            fs::create_dir_all(desk.path().join(name).join("src")).unwrap();
            fs::write(desk.path().join(name).join("Cargo.toml"), text).unwrap();
            fs::write(desk.path().join(name).join("src/lib.rs"), "").unwrap();
        };
        let commit = |version: &str| {
            package("far", version, "");
            let line =
                "git init -q far; cd far; git add -A; git -c user.name=a -c user.email=a@b commit -qm a";
            let mut bash = Command::new("bash");
            bash.args(["-ec", line]).current_dir(desk.path());
            assert!(bash.status().unwrap().success());
        };
        let tree = |is_offline| {
            let near = desk.path().join("near");
            let cargo = Cargo::new(&near, is_offline);
            cargo.renew(&["far"]).unwrap();
            cargo.tree().unwrap()
        };
        package(
            "near",
            "1.0.0",
            &format!("[dependencies]\nfar.git = 'file://{}/far'\n", desk.path().display()),
        );
        commit("1.2.3");
        assert!(tree(false).contains("far v1.2.3"));
        commit("1.2.4");
        assert!(tree(true).contains("far v1.2.3"));
        assert!(tree(false).contains("far v1.2.4"));
    }
}
