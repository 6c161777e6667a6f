//! How is the output of a job that has ended put with that of all others? What it wrote is copied behind theirs, or where it is
//! large becomes a file of its own; then the index says where it is. Several processes may do so at once.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::record::Attempt;
use crate::job::bundle::{Entry, SIZE, read_entry};
use crate::job::{OUTPUT_DATA, OUTPUT_EARLIER, OUTPUT_INDEX, large_name};

/// From this size on an output is not copied.
const LARGE: u64 = 128 * 1024;
/// So much is copied at once.
const CHUNK: usize = 256 * 1024;

/// The files that a job writes to, while it runs.
#[derive(Debug)]
pub(super) struct Scratch {
    /// Of standard output and standard error.
    pub(super) files: [File; 2],
    pub(super) paths: [PathBuf; 2],
}

/// A job that has ended, or is not known to run any more.
#[derive(Debug, Clone, Copy)]
pub(super) struct Output<'a> {
    pub(super) attempt: Attempt,
    /// As `wait` tells it, where somebody saw it.
    pub(super) status: Option<i32>,
    pub(super) scratch: &'a Scratch,
}

/// What puts it there.
#[derive(Debug)]
pub(super) struct Keeper {
    directory: PathBuf,
    data: File,
    index: File,
    earlier: File,
    buffer: Vec<u8>,
}

impl Keeper {
    /// Makes the directory where it is not there.
    pub(super) fn open(directory: &Path) -> io::Result<Self> {
        match DirBuilder::new().mode(0o700).create(directory) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        let options = |append: bool| {
            let mut options = OpenOptions::new();
            options.read(true).write(true).append(append).create(true).mode(0o600);
            options
        };
        Ok(Self {
            directory: directory.to_owned(),
            data: options(true).open(directory.join(OUTPUT_DATA))?,
            index: options(false).open(directory.join(OUTPUT_INDEX))?,
            earlier: options(true).open(directory.join(OUTPUT_EARLIER))?,
            buffer: Vec::new(),
        })
    }

    /// Has it write to this file instead of the data.
    #[cfg(test)]
    pub(super) fn with_data(&mut self, data: File) -> File {
        std::mem::replace(&mut self.data, data)
    }

    /// Whether the output of an attempt is kept.
    pub(super) fn has(&self, attempt: Attempt) -> io::Result<bool> {
        let wanted = entry(attempt);
        let mut last = self.last(&wanted);
        while let Some(found) = last {
            if found.is_of(&wanted) {
                return Ok(true);
            }
            last = match found.before.checked_sub(1) {
                Some(at) => read_entry(&self.earlier, at)?,
                None => None,
            };
        }
        Ok(false)
    }

    /// Keeps what jobs have written, and gives where. If it cannot, nothing is lost and it can be tried again.
    pub(super) fn keep(&mut self, outputs: &[Output<'_>]) -> io::Result<Vec<Entry>> {
        let mut entries: Vec<Entry> = Vec::with_capacity(outputs.len());
        let mut pointed = 0;
        self.buffer.clear();
        for output in outputs {
            entries.push(self.take(output)?);
            if self.buffer.len() >= CHUNK {
                self.flush(&mut entries[pointed..])?;
                pointed = entries.len();
            }
        }
        self.flush(&mut entries[pointed..])?;
        Ok(entries)
    }

    /// Takes an output in. Its entry counts from what is to be written.
    fn take(&mut self, output: &Output<'_>) -> io::Result<Entry> {
        let mut entry = entry(output.attempt);
        (entry.status, entry.at) = (output.status, self.buffer.len() as u64);
        for (stream, (file, path)) in output.scratch.files.iter().zip(&output.scratch.paths).enumerate() {
            let size = file.metadata()?.len();
            entry.sizes[stream] = size;
            entry.large[stream] = size >= LARGE;
            if entry.large[stream] {
                self.make_own(path, &entry, stream == 0)?;
            } else if size > 0 {
                entry.sizes[stream] = self.copy(file, size)?;
            }
        }
        Ok(entry)
    }

    fn make_own(&self, path: &Path, entry: &Entry, is_stdout: bool) -> io::Result<()> {
        let own = own_file(&self.directory, entry, is_stdout);
        match fs::rename(path, &own) {
            // It was done before something else could not be written.
            Err(error) if error.kind() == ErrorKind::NotFound && own.exists() => Ok(()),
            renamed => renamed,
        }
    }

    /// Gives how much there was: what a job left behind may have made it less.
    fn copy(&mut self, file: &File, size: u64) -> io::Result<u64> {
        let begin = self.buffer.len();
        self.buffer.resize(begin + usize::try_from(size).unwrap_or(0), 0);
        let mut at = begin;
        while at < self.buffer.len() {
            match file.read_at(&mut self.buffer[at..], (at - begin) as u64) {
                Ok(0) => break,
                Ok(read) => at += read,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.buffer.truncate(at);
        Ok((at - begin) as u64)
    }

    /// Writes what was taken in behind all else, then where it is.
    fn flush(&mut self, entries: &mut [Entry]) -> io::Result<()> {
        let begin = append(&self.data, &self.buffer)?;
        self.buffer.clear();
        for entry in entries {
            entry.at += begin;
            self.point(entry)?;
        }
        Ok(())
    }

    /// Says where the output of a job is. What was said before is kept, if that is another attempt's.
    fn point(&self, entry: &mut Entry) -> io::Result<()> {
        if let Some(last) = self.last(entry) {
            entry.before = match last.is_of(entry) {
                true => last.before,
                false => append(&self.earlier, &last.encode())? + 1,
            };
        }
        self.index.write_all_at(&entry.encode(), entry.index * SIZE as u64)
    }

    /// Where one is damaged, `xqute check` has something to say; the new one counts.
    fn last(&self, entry: &Entry) -> Option<Entry> {
        read_entry(&self.index, entry.index * SIZE as u64).ok().flatten()
    }
}

/// Where an output is that is not copied.
pub(super) fn own_file(directory: &Path, entry: &Entry, is_stdout: bool) -> PathBuf {
    directory.join(large_name(entry.run, entry.index, entry.attempt, is_stdout))
}

pub(super) fn entry(Attempt { run, index, number }: Attempt) -> Entry {
    Entry::new(run, index, number)
}

pub(super) fn attempt(entry: &Entry) -> Attempt {
    Attempt { run: entry.run, index: entry.index, number: entry.attempt }
}

/// Adds bytes to a file, in one call, and gives where they are: others may add to it too. What a full disk took of them is
/// nobody's.
fn append(mut file: &File, bytes: &[u8]) -> io::Result<u64> {
    if bytes.is_empty() {
        return Ok(0);
    }
    match file.write(bytes)? {
        size if size == bytes.len() => Ok(file.stream_position()? - size as u64),
        _ => Err(ErrorKind::StorageFull.into()),
    }
}
