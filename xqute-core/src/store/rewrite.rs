//! How is the journal written anew? Beside its place, and then renamed: a crash leaves the old one or the new one.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::job::JobFiles;

use super::frame::{HEADER, header};
use super::journal::{random, sync_directory};
use super::record::Record;
use super::records::Records;

/// So much is collected before it is written.
const PIECE: usize = 1 << 18;

/// A journal that is being written beside the one whose place it is to take. If that does not come about, it is removed.
#[derive(Debug)]
pub(super) struct Rewriting {
    path: PathBuf,
    unfinished: PathBuf,
    file: File,
    records: Records,
}

impl Rewriting {
    pub(super) fn begin(path: &Path) -> io::Result<Self> {
        let unfinished = JobFiles::unfinished(path);
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
        let salt = random();
        let rewriting =
            Self { path: path.to_owned(), unfinished, file, records: Records::new(salt, HEADER as u64) };
        rewriting.file.write_all_at(&header(salt), 0)?;
        Ok(rewriting)
    }

    pub(super) fn push(&mut self, record: &Record<'_>) -> io::Result<()> {
        self.records.push(record);
        if self.records.len() < PIECE { Ok(()) } else { self.write() }
    }

    fn write(&mut self) -> io::Result<()> {
        self.records.hand_over(|bytes, at| self.file.write_at(bytes, at))
    }

    /// It takes the other's place, once all of it is safe from a power cut.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.write()?;
        self.file.sync_all()?;
        fs::rename(&self.unfinished, &self.path)?;
        if let Some(directory) = self.path.parent() {
            sync_directory(directory);
        }
        Ok(())
    }
}

impl Drop for Rewriting {
    fn drop(&mut self) {
        forget(&self.path);
    }
}

/// Removes what a rewriting left that came to no end. That there is nothing is the usual case.
pub(super) fn forget(path: &Path) {
    let _ = fs::remove_file(JobFiles::unfinished(path));
}
