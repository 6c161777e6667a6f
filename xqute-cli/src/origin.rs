//! Which xqute are plugins built on? A checkout that is named, else the one that this program was built from, else the repository.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::settings::toml;

pub(crate) const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");

/// Where the packages of xqute are.
#[derive(Debug)]
pub(crate) enum Origin {
    /// The directory of a clone.
    Checkout(PathBuf),
    /// On the net.
    Repository,
}

impl Origin {
    /// `typed` is what `--xqute` says.
    pub(crate) fn find(typed: Option<&Path>) -> Result<Self> {
        let Some(typed) = typed else {
            let built_from = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
            let built_from = built_from.filter(|it| is_checkout(it) && !is_cargos(it));
            return Ok(built_from.map_or(Self::Repository, |it| Self::Checkout(it.to_owned())));
        };
        let checkout = typed.canonicalize().with_context(|| format!("cannot read {}", typed.display()))?;
        if !is_checkout(&checkout) {
            bail!(
                "{} is no checkout of xqute: --xqute takes a clone of {REPOSITORY}, with xqute/ and xqute-cli/ in it",
                typed.display()
            );
        }
        Ok(Self::Checkout(checkout))
    }

    /// A dependency on one of its packages: what stands between the braces in a Cargo.toml.
    pub(crate) fn dependency(&self, package: &str) -> Result<String> {
        Ok(match self {
            Self::Checkout(checkout) => path(&checkout.join(package))?,
            Self::Repository => format!("git = {}", toml::value(&REPOSITORY.into())),
        })
    }

    /// Whether it is this source: cargo refuses to patch one with itself.
    pub(crate) fn is_at(&self, url: &str) -> bool {
        matches!(self, Self::Repository) && url == REPOSITORY
    }

    /// The directory of a clone.
    pub(crate) fn checkout(&self) -> Option<&Path> {
        match self {
            Self::Checkout(checkout) => Some(checkout),
            Self::Repository => None,
        }
    }

    /// The versions that it was tested with, where they are on this machine.
    pub(crate) fn lock_file(&self) -> Option<PathBuf> {
        self.checkout().map(|it| it.join("Cargo.lock")).filter(|it| it.is_file())
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Checkout(checkout) => write!(to, "{}", checkout.display()),
            Self::Repository => to.write_str(REPOSITORY),
        }
    }
}

fn is_checkout(directory: &Path) -> bool {
    ["xqute", "xqute-cli"].iter().all(|it| directory.join(it).join("Cargo.toml").is_file())
}

/// What `cargo install --git` has unpacked, which cargo removes when it likes.
fn is_cargos(checkout: &Path) -> bool {
    checkout.join(".cargo-ok").is_file()
}

/// Whether that is the repository, as cargo compares: one has several names.
pub(crate) fn is_repository(url: &str) -> bool {
    let same = |url: &str| {
        let url = url.trim_end_matches('/');
        url.strip_suffix(".git").unwrap_or(url).to_ascii_lowercase()
    };
    same(url) == same(REPOSITORY)
}

/// A dependency on the package in a directory.
pub(crate) fn path(directory: &Path) -> Result<String> {
    let text = directory.to_str();
    let text = text.with_context(|| format!("the path {} is not UTF-8: move it", directory.display()))?;
    Ok(format!("path = {}", toml::value(&text.into())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_has_several_names() {
        for url in [REPOSITORY.to_owned(), format!("{REPOSITORY}.git"), format!("{REPOSITORY}.git/")] {
            assert!(is_repository(&url), "{url}");
        }
        assert!(!is_repository("crates-io"));
    }

    #[test]
    fn what_cargo_has_unpacked_is_no_checkout_of_the_user() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!is_cargos(folder.path()));
        std::fs::write(folder.path().join(".cargo-ok"), "").unwrap();
        assert!(is_cargos(folder.path()));
    }
}
