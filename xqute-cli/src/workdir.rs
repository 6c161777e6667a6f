//! Which directory may a run keep its files in?

use std::path::Path;

use anyhow::{Result, bail};

/// A run's files among others of the user's would be a nuisance; and `--fresh` removes directories that have a number for a name.
pub(crate) fn check(workdir: &Path) -> Result<()> {
    let Ok(mut entries) = std::fs::read_dir(workdir) else { return Ok(()) };
    if !workdir.join("journal").exists() && entries.next().is_some() {
        bail!(
            "`-w {}`: there are files in it that are of no run: name a directory that is empty, or not there yet",
            workdir.display()
        );
    }
    Ok(())
}
