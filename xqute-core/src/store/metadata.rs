//! How are a job's small files written, and kept when it is tried again?

use std::ffi::OsString;
use std::fmt::Display;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::job::JobFiles;

/// Makes a job's directory, with mode 0700. If it is there, the files of the last attempt go to a directory of their own
/// in `job.retry`, so that none is overwritten.
pub(crate) fn make_metadir(files: &JobFiles) -> io::Result<()> {
    let path = files.metadir();
    match make(&path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => keep_last_attempt(files),
        made => made.map_err(|error| told("make", &path, &error)),
    }
}

/// Where a job has a directory, the files of its last attempt go there too: the next one has none.
pub(crate) fn set_aside(files: &JobFiles) -> io::Result<()> {
    match files.metadir().try_exists() {
        Ok(false) => Ok(()),
        _ => keep_last_attempt(files),
    }
}

fn keep_last_attempt(files: &JobFiles) -> io::Result<()> {
    let (from, retries) = (files.metadir(), files.retries());
    let names = last_attempt(&from, &retries).map_err(|error| told("read", &from, &error))?;
    if names.is_empty() {
        return Ok(());
    }
    match make(&retries) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            return Err(told("make", &retries, &error));
        }
        _ => {}
    }
    let to = make_next(&retries)?;
    names.iter().try_for_each(|name| {
        let file = from.join(name);
        fs::rename(&file, to.join(name)).map_err(|error| told("move", &file, &error))
    })
}

/// The names of a job's files in its directory, but for `job.retry`.
fn last_attempt(metadir: &Path, retries: &Path) -> io::Result<Vec<OsString>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(metadir)? {
        let name = entry?.file_name();
        if JobFiles::is_file_name(&name) && Some(&*name) != retries.file_name() {
            names.push(name);
        }
    }
    Ok(names)
}

/// Makes the directory of the smallest number that is free.
fn make_next(retries: &Path) -> io::Result<PathBuf> {
    let mut number = 0_u64;
    loop {
        let path = retries.join(number.to_string());
        match make(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            Err(error) => return Err(told("make", &path, &error)),
        }
    }
}

fn make(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)
}

/// Writes a file that is one line: an exit code, a status, a job id. A reader sees the old file or the new one.
pub(crate) fn write_line(path: &Path, line: impl Display) -> io::Result<()> {
    replace(path, format!("{line}\n").as_bytes())
}

/// Writes a job's script. A reader sees the old one or the new one.
pub(crate) fn write_script(path: &Path, script: &[u8]) -> io::Result<()> {
    replace(path, script)
}

/// Writes a file with mode 0600 beside its place and renames it. Nothing is synced: the journal has the facts.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let unfinished = JobFiles::unfinished(path);
    let written = write(&unfinished, bytes).and_then(|()| fs::rename(&unfinished, path));
    written.map_err(|error| {
        // On a full disk it would only be in the way. That it may not be there is no second error.
        let _ = fs::remove_file(&unfinished);
        told("write", path, &error)
    })
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?.write_all(bytes)
}

fn told(what: &str, path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot {what} {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;
    use tempfile::TempDir;

    fn files() -> (TempDir, JobFiles) {
        let dir = tempfile::tempdir().unwrap();
        let files = JobFiles::new(dir.path().into(), 0);
        make_metadir(&files).unwrap();
        (dir, files)
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_file_is_whole_and_its_owners_alone() {
        let (_dir, files) = files();
        write_line(&files.rc(), -1).unwrap();
        write_line(&files.rc(), 127).unwrap();
        write_script(&files.script("local"), b"a\xFFb").unwrap();
        assert_eq!(fs::read(files.rc()).unwrap(), b"127\n");
        assert_eq!(fs::read(files.script("local")).unwrap(), b"a\xFFb");
        assert_eq!((mode(&files.rc()), mode(&files.metadir())), (0o600, 0o700));
        assert_eq!(fs::read_dir(files.metadir()).unwrap().count(), 2, "nothing unfinished is left");
    }

    #[test]
    fn a_file_that_cannot_be_written_is_told_with_its_name_and_leaves_nothing() {
        let (_dir, files) = files();
        fs::create_dir_all(files.rc().join("full")).unwrap();
        let error = write_line(&files.rc(), 0).unwrap_err();
        assert!(
            error.to_string().starts_with(&format!("cannot write {}: ", files.rc().display())),
            "{error}"
        );
        assert!(!JobFiles::unfinished(&files.rc()).exists());
    }

    #[test]
    fn each_attempt_finds_an_empty_directory_and_the_earlier_ones_are_kept() {
        let (_dir, files) = files();
        for attempt in 0..3 {
            assert!(!files.stdout().exists() && !files.rc().exists());
            fs::write(files.stdout(), format!("out {attempt}")).unwrap();
            write_line(&files.rc(), attempt).unwrap();
            fs::write(files.metadir().join("notes"), "mine").unwrap();
            make_metadir(&files).unwrap();
        }
        for attempt in 0..3 {
            let kept = files.retries().join(attempt.to_string());
            assert_eq!(fs::read_to_string(kept.join("job.stdout")).unwrap(), format!("out {attempt}"));
            assert_eq!(fs::read_to_string(kept.join("job.rc")).unwrap(), format!("{attempt}\n"));
            assert_eq!(mode(&kept), 0o700);
        }
        make_metadir(&files).unwrap();
        assert_eq!(fs::read_dir(files.retries()).unwrap().count(), 3, "nothing to keep, no directory");
        assert!(files.metadir().join("notes").exists(), "what is no job's file stays");
    }

    #[test]
    fn a_crash_while_files_are_moved_loses_none() {
        let (_dir, files) = files();
        fs::create_dir_all(files.retries().join("0")).unwrap();
        fs::write(files.retries().join("0/job.stdout"), "moved").unwrap();
        fs::write(files.stderr(), "not yet").unwrap();
        make_metadir(&files).unwrap();
        assert_eq!(fs::read_to_string(files.retries().join("0/job.stdout")).unwrap(), "moved");
        assert_eq!(fs::read_to_string(files.retries().join("1/job.stderr")).unwrap(), "not yet");
    }

    #[test]
    fn what_cannot_be_made_is_told_with_its_name() {
        let dir = tempfile::tempdir().unwrap();
        let gone = JobFiles::new(dir.path().join("gone").into(), 7);
        let error = make_metadir(&gone).unwrap_err();
        assert!(error.to_string().starts_with("cannot make ") && error.to_string().contains("gone/7: "));
        let (_dir, files) = files();
        fs::write(files.retries(), "a file").unwrap();
        fs::write(files.stdout(), "out").unwrap();
        let error = make_metadir(&files).unwrap_err();
        assert!(error.to_string().contains("job.retry/0: "), "{error}");
        assert!(files.stdout().exists());
    }
}
