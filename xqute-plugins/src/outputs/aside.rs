//! Where does a partial output go? Beside its place, under a name that nothing has.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Renames what is at a path to `PATH.failed-N`, where `N` is the first number from 1 on that is free. Nothing is overwritten: the
/// name is taken, as an empty file or directory, before the rename.
pub(super) fn move_aside(path: &Path) -> io::Result<PathBuf> {
    let is_dir = fs::symlink_metadata(path)?.is_dir();
    // Without a slash at its end, behind which the name would be one in the directory.
    let bare = path.components().as_path();
    for number in 1_u32.. {
        let mut name = bare.as_os_str().to_owned();
        name.push(format!(".failed-{number}"));
        let target = PathBuf::from(name);
        let taken = match is_dir {
            true => fs::create_dir(&target),
            false => OpenOptions::new().write(true).create_new(true).open(&target).map(drop),
        };
        match taken {
            Ok(()) => {
                return fs::rename(bare, &target)
                    .map(|()| target.clone())
                    .inspect_err(|_| free(&target, is_dir));
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

/// The name is not needed after all.
fn free(target: &Path, is_dir: bool) {
    let freed = if is_dir { fs::remove_dir(target) } else { fs::remove_file(target) };
    if let Err(error) = freed {
        tracing::warn!(target: "xqute::outputs", "{} is left, and empty: {error}", target.display());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_free_name_is_taken_and_none_is_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out.txt");
        for number in [1, 2, 4] {
            if number == 4 {
                fs::write(dir.path().join("out.txt.failed-3"), "a user's").unwrap();
            }
            fs::write(&path, number.to_string()).unwrap();
            let to = move_aside(&path).unwrap();
            assert_eq!(to, dir.path().join(format!("out.txt.failed-{number}")));
            assert_eq!(fs::read_to_string(to).unwrap(), number.to_string());
        }
        assert_eq!(fs::read_to_string(dir.path().join("out.txt.failed-3")).unwrap(), "a user's");
        assert_eq!(move_aside(&path).unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 4);
    }

    #[test]
    fn a_directory_goes_with_what_is_in_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("part"), "x").unwrap();
        let to = move_aside(&dir.path().join("out/")).unwrap();
        assert_eq!(to, dir.path().join("out.failed-1"));
        assert!(to.join("part").exists() && !path.exists());
    }
}
