//! Which xqute are plugins built on? A checkout that is named, else the one that this program was built from, else the repository.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::settings::toml;

const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");

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
            let built_from = Path::new(env!("CARGO_MANIFEST_DIR")).parent().filter(|it| is_checkout(it));
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

    /// Whether it is what a Cargo.toml calls so.
    pub(crate) fn is_at(&self, url: &str) -> bool {
        matches!(self, Self::Repository) && url == REPOSITORY
    }

    /// The versions that it was tested with, where they are on this machine.
    pub(crate) fn lock_file(&self) -> Option<PathBuf> {
        match self {
            Self::Checkout(checkout) => Some(checkout.join("Cargo.lock")).filter(|it| it.is_file()),
            Self::Repository => None,
        }
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

/// A dependency on the package in a directory.
pub(crate) fn path(directory: &Path) -> Result<String> {
    let text = directory.to_str();
    let text = text.with_context(|| format!("the path {} is not UTF-8: move it", directory.display()))?;
    Ok(format!("path = {}", toml::value(&text.into())))
}
