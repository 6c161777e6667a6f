//! Where does a plugin keep files of its own? In the work directory, each in a directory of its name.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::job::{PLUGIN_DIRECTORIES, PLUGINS_MARK};

/// The directory of a plugin, which is made if it is not there.
pub(super) fn of(workdir: &Path, plugin: &str) -> io::Result<PathBuf> {
    let is_name = !plugin.is_empty() && !plugin.starts_with('.') && !plugin.contains(['/', '\0']);
    if !is_name {
        let why = format!("`{plugin}` is no name of a plugin: there is no directory for it");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    }
    let all = workdir.join(PLUGIN_DIRECTORIES);
    let path = all.join(plugin);
    let made = make_all(&all).and_then(|()| make(&path));
    made.map_err(|it| io::Error::new(it.kind(), format!("cannot make {}: {it}", path.display())))?;
    Ok(path)
}

/// What has no mark is somebody else's, and would be lost when a fresh run removes what earlier runs have left.
fn make_all(all: &Path) -> io::Result<()> {
    make(all)?;
    let mark = all.join(PLUGINS_MARK);
    if mark.exists() {
        return Ok(());
    }
    if fs::read_dir(all)?.next().is_some() {
        let why = format!(
            "{} is there, and not xqute's: move it away, or choose another work directory (`workdir`, -w DIR)",
            all.display()
        );
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, why));
    }
    OpenOptions::new().create(true).append(true).mode(0o600).open(mark)?;
    Ok(())
}

fn make(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).recursive(true).create(path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_plugin_has_a_directory_that_nobody_else_may_read() {
        let dir = tempfile::tempdir().unwrap();
        for _ in 0..2 {
            let path = of(dir.path(), "mail").unwrap();
            assert_eq!(path, dir.path().join("plugins/mail"));
            for made in [&path, path.parent().unwrap()] {
                assert_eq!(fs::metadata(made).unwrap().permissions().mode() & 0o777, 0o700);
            }
        }
        of(dir.path(), "another").unwrap();
    }

    #[test]
    fn it_is_nowhere_else() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["", ".", "..", "../mail", "/mail", "a/b", "a\0"] {
            assert_eq!(of(dir.path(), name).unwrap_err().kind(), io::ErrorKind::InvalidInput, "{name:?}");
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_somebody_else_calls_so_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("plugins/theirs")).unwrap();
        let told = of(dir.path(), "mail").unwrap_err().to_string();
        assert!(told.contains("and not xqute's: move it away"), "{told}");
    }
}
