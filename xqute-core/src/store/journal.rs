//! How is the journal opened and written? At its end alone, and safely so.

use std::collections::hash_map::RandomState;
use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::compact::{compact, is_due};
use super::error::JournalError;
use super::frame::{Damage, HEADER, Header, VERSION, header, read_header};
use super::past::Past;
use super::reader::Reader;
use super::records::Records;
use super::rewrite::forget;
use super::sync::{Failed, Syncer};
use super::view::index::Indexer;

/// A journal that is open for writing, and what was in it.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) journal: Journal,
    /// What is to be written to it goes here.
    pub(crate) records: Records,
    /// What earlier runs left.
    pub(crate) past: Past,
    /// What of it cannot be read. It has been logged.
    pub(crate) damage: Vec<Damage>,
}

/// The file that facts are written to before anybody is told of them.
#[derive(Debug)]
pub(crate) struct Journal {
    file: Arc<File>,
    path: Arc<Path>,
    syncing: Syncing,
    indexer: Indexer,
}

#[derive(Debug)]
enum Syncing {
    /// By a thread, a moment after each write.
    Later(Syncer),
    /// As part of each write.
    AtOnce { failed: Option<Failed> },
}

impl Journal {
    /// Opens it and reads it, or makes it, with mode 0600. A frame that was only half written is cut off its end.
    /// `durable`: a write returns when it is safe from a power cut. `directories` have a new entry, which is to be as safe.
    ///
    /// One that has become much larger than what its jobs need is written anew before.
    pub(super) fn open(
        path: &Path,
        durable: bool,
        directories: Vec<PathBuf>,
    ) -> Result<Opened, JournalError> {
        forget(path);
        Self::open_as(path, durable, directories, true)
    }

    fn open_as(
        path: &Path,
        durable: bool,
        mut directories: Vec<PathBuf>,
        compacts: bool,
    ) -> Result<Opened, JournalError> {
        let refused = |error| JournalError::Io { path: path.to_owned(), error };
        let file = options().read(true).open(path).map_err(refused)?;
        let mut reader = Reader::new(&file, path)?;
        let (past, damage) = Past::read(&mut reader).map_err(refused)?;
        let (mut salt, mut at, end) = (reader.salt(), reader.sound(), reader.end());
        drop(reader);
        let is_large = compacts && damage.is_empty() && is_due(end, past.records, past.len());
        if is_large && compacted(path) {
            return Self::open_as(path, durable, directories, false);
        }
        warn(path, &damage);
        if at < end {
            file.set_len(at).map_err(refused)?;
        }
        if at == 0 {
            salt = random();
            file.write_all_at(&header(salt), 0).map_err(refused)?;
            directories.extend(path.parent().map(Path::to_owned));
            at = HEADER as u64;
        }
        let journal = Self::of(file, path, durable, directories).map_err(refused)?;
        Ok(Opened { journal, records: Records::new(salt, at), past, damage })
    }

    fn of(file: File, path: &Path, durable: bool, mut directories: Vec<PathBuf>) -> io::Result<Self> {
        let (file, path) = (Arc::new(file), Arc::from(path));
        let syncing = if durable {
            directories.iter().for_each(|it| sync_directory(it));
            Syncing::AtOnce { failed: None }
        } else {
            let (file, path) = (Arc::clone(&file), Arc::clone(&path));
            let sync = move || {
                sync(&file, &path)?;
                // With the first records, so that no run waits for the disk before it begins.
                directories.drain(..).for_each(|it| sync_directory(&it));
                Ok(())
            };
            Syncing::Later(Syncer::start(sync)?)
        };
        let indexer = Indexer::new(&path);
        Ok(Self { file, path, syncing, indexer })
    }

    /// Writes all that is in `records`, by one `write(2)` where the system takes it whole. After an error the file is
    /// sound, what is not written is still in `records`, and a later call goes on. A sync that failed, be it since the
    /// last call, is an error of every later one: then what was written may be lost when the power fails.
    pub(crate) fn write(&mut self, records: &mut Records) -> io::Result<()> {
        if records.is_empty() {
            return self.check();
        }
        let written = records.hand_over(|bytes, at| self.file.write_at(bytes, at));
        let synced = self.written();
        self.indexer.grown(records.end());
        written.map_err(|error| told("write", &self.path, &error))?;
        synced
    }

    /// Writes nothing more, and waits until all is safe from a power cut.
    pub(crate) fn close(mut self) -> io::Result<()> {
        match &mut self.syncing {
            Syncing::Later(syncer) => syncer.close(),
            Syncing::AtOnce { .. } => self.check(),
        }
    }

    fn check(&self) -> io::Result<()> {
        match &self.syncing {
            Syncing::Later(syncer) => syncer.check(),
            Syncing::AtOnce { failed } => failed.as_ref().map_or(Ok(()), |it| Err(it.error())),
        }
    }

    fn written(&mut self) -> io::Result<()> {
        match &mut self.syncing {
            Syncing::Later(syncer) => return syncer.written(),
            Syncing::AtOnce { failed: Some(_) } => {}
            Syncing::AtOnce { failed } => {
                *failed = sync(&self.file, &self.path).err().map(|error| Failed::new(&error));
            }
        }
        self.check()
    }
}

/// Whether the journal was written anew. Where that fails, it is as it was: only larger than it need be.
fn compacted(path: &Path) -> bool {
    match compact(path) {
        Ok(Some(records)) => {
            tracing::info!(
                records,
                "the journal {} was written anew, without what nobody needs",
                path.display()
            );
            true
        }
        Ok(None) => false,
        Err(error) => {
            tracing::warn!("the journal {} stays larger than it need be: {error}", path.display());
            false
        }
    }
}

/// Whether there is a journal with a header, which is all that is read. `any`: of whatever format.
pub(super) fn is_there(path: &Path, any: bool) -> Result<bool, JournalError> {
    let path_of = || path.to_owned();
    let kind = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        other => other.map_err(|error| JournalError::Io { path: path_of(), error })?,
    };
    if !kind.is_file() {
        return Err(JournalError::Foreign { path: path_of() });
    }
    match first_bytes(path).map(|it| read_header(&it)) {
        Ok(Header::Sound { .. }) => Ok(true),
        Ok(Header::Torn) => Ok(false),
        Ok(Header::Newer(_)) if any => Ok(true),
        Ok(Header::Newer(found)) => Err(JournalError::Newer { path: path_of(), found, known: VERSION }),
        Ok(Header::Foreign) => Err(JournalError::Foreign { path: path_of() }),
        // It has gone meanwhile.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(JournalError::Io { path: path_of(), error }),
    }
}

fn first_bytes(path: &Path) -> io::Result<Vec<u8>> {
    use io::Read;
    let mut bytes = Vec::with_capacity(HEADER);
    File::open(path)?.take(HEADER as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600);
    options
}

/// Makes safe what was made in a directory or removed from it. Not every file system can.
pub(super) fn sync_directory(path: &Path) {
    if let Err(error) = File::open(path).and_then(|it| it.sync_all()) {
        tracing::debug!("cannot sync the directory {}: {error}", path.display());
    }
}

fn sync(file: &File, path: &Path) -> io::Result<()> {
    file.sync_data().map_err(|error| told("sync", path, &error))
}

fn told(what: &str, path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot {what} the journal {}: {error}", path.display()))
}

/// A number that no other journal has: the standard library's hash maps begin with one.
pub(super) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

fn warn(path: &Path, damage: &[Damage]) {
    if let Some(first) = damage.first() {
        let bytes: u64 = damage.iter().map(|it| it.bytes).sum();
        tracing::warn!(
            bytes,
            places = damage.len(),
            first = first.at,
            "the journal {} is damaged: a job whose end cannot be read in it counts as not ended",
            path.display()
        );
    }
}

#[cfg(test)]
mod tests;
