//! What has a job written, wherever it is kept?

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

use super::bundle::{self, Bundle, Entry};
use super::files::JobFiles;

/// Where a run keeps what its jobs write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Output {
    /// In files of each job's own: [`JobFiles::stdout`], [`JobFiles::stderr`].
    #[default]
    Files,
    /// Nowhere.
    None,
    /// In a few files for all jobs, and an index: no job has a directory. [`JobFiles::output`] reads it.
    Bundle,
}

impl Output {
    /// Its name: `files`, `none`, `bundle`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Files => "files",
            Self::None => "none",
            Self::Bundle => "bundle",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Files, Self::None, Self::Bundle].into_iter().find(|it| it.name() == name)
    }
}

/// What is meant of that which a job writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Its standard output.
    Stdout,
    /// Its standard error.
    Stderr,
    /// What was written around its command: [`JobFiles::script_log`].
    Script,
}

/// What a job has written, to read.
#[derive(Debug)]
pub struct Written {
    /// `None`: nothing.
    file: Option<File>,
    /// Where it begins in the file, how much of it was read, and how much there is; `None`: as much as the file has.
    begin: u64,
    read: u64,
    size: Option<u64>,
    of: Of,
}

/// What tells it from what another attempt has written.
#[derive(Debug)]
enum Of {
    File {
        device: u64,
        inode: u64,
    },
    Kept(Entry),
    /// The file is another job's, when `who` says so at this place.
    Live {
        entry: Entry,
        who: File,
        at: u64,
    },
}

impl Written {
    /// A file: what is in it, and is still written to it. Of one that is no regular file, a pipe for one, nothing.
    fn file(path: &Path) -> io::Result<Option<Self>> {
        let there = match path.metadata() {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            there => there?,
        };
        let file = if there.is_file() { Some(File::open(path)?) } else { None };
        let there = file.as_ref().map_or(Ok(there), File::metadata)?;
        let of = Of::File { device: there.dev(), inode: there.ino() };
        Ok(Some(Self { file, begin: 0, read: 0, size: None, of }))
    }

    fn kept(bundle: &Bundle, entry: Entry, stream: usize) -> io::Result<Self> {
        let (file, begin) = bundle.stream(&entry, stream)?;
        Ok(Self { file, begin, read: 0, size: Some(entry.sizes[stream]), of: Of::Kept(entry) })
    }

    /// How many bytes it has.
    ///
    /// # Errors
    ///
    /// The system does not say.
    pub fn size(&self) -> io::Result<u64> {
        match (self.size, &self.file) {
            (Some(size), _) => Ok(size),
            (None, Some(file)) => Ok(file.metadata()?.len()),
            (None, None) => Ok(0),
        }
    }

    /// Passes over all but so many bytes at its end.
    ///
    /// # Errors
    ///
    /// The system does not say how many there are.
    pub fn keep_last(&mut self, most: u64) -> io::Result<()> {
        self.read = self.read.max(self.size()?.saturating_sub(most));
        Ok(())
    }

    fn is_same(&self, other: &Self) -> bool {
        match (&self.of, &other.of) {
            (Of::File { device, inode }, Of::File { device: other, inode: its }) => {
                (device, inode) == (other, its)
            }
            (Of::Kept(entry) | Of::Live { entry, .. }, Of::Kept(other) | Of::Live { entry: other, .. }) => {
                entry.is_of(other)
            }
            _ => false,
        }
    }
}

impl Read for Written {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(file) = &self.file else { return Ok(0) };
        let left = self.size.map_or(u64::MAX, |it| it.saturating_sub(self.read));
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let read = file.read_at(&mut buffer[..most], self.begin + self.read)?;
        // The slot was given to another job meanwhile: what was read may be that one's.
        if let Of::Live { entry, who, at } = &self.of
            && !bundle::read_entry(who, *at)?.is_some_and(|it| it.is_of(entry))
        {
            return Ok(0);
        }
        self.read += read as u64;
        Ok(read)
    }
}

impl JobFiles {
    /// What the last attempt of the job that has ended wrote, wherever it is kept; `None`: nothing was kept. Of a job with files
    /// of its own, also while it runs.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn output(&self, stream: Stream) -> io::Result<Option<Written>> {
        let (file, number) = match stream {
            Stream::Stdout => (self.stdout(), 0),
            Stream::Stderr => (self.stderr(), 1),
            Stream::Script => return Written::file(&self.script_log()),
        };
        if let Some(written) = Written::file(&file)? {
            return Ok(Some(written));
        }
        let Some(bundle) = Bundle::open(self.workdir())? else { return Ok(None) };
        let entry = bundle.entry(self.index() as u64)?;
        entry.map(|it| Written::kept(&bundle, it, number)).transpose()
    }

    /// What follows on what was read: where the rest of it is kept now, or what the next attempt writes; at first, what the last
    /// one has written so far. `None`: nothing, for now.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn follow(&self, stream: Stream, read: Option<&Written>) -> io::Result<Option<Written>> {
        if let (Some(read @ Written { of: Of::Live { entry, .. }, .. }), Some(number)) =
            (read, number(stream))
            && let Some(bundle) = Bundle::open(self.workdir())?
            && let Some(kept) = bundle.attempts(entry.index)?.into_iter().find(|it| it.is_of(entry))
        {
            return Ok(Some(Written { read: read.read, ..Written::kept(&bundle, kept, number)? }));
        }
        let now = match self.live(stream)? {
            Some(live) => Some(live),
            None => self.output(stream)?,
        };
        Ok(now.filter(|now| !read.is_some_and(|it| it.is_same(now))))
    }

    /// What each attempt before the last has written that has no files of its own, the first at the beginning.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn earlier_output(&self, stream: Stream) -> io::Result<Vec<Option<Written>>> {
        let Some(bundle) = Bundle::open(self.workdir())? else { return Ok(Vec::new()) };
        let last_has_files = self.stdout().exists();
        let earlier = bundle.attempts(self.index() as u64)?.into_iter().skip(usize::from(!last_has_files));
        let written = |it| number(stream).map(|number| Written::kept(&bundle, it, number)).transpose();
        earlier.map(written).rev().collect()
    }

    /// What it writes that runs and has no files of its own.
    fn live(&self, stream: Stream) -> io::Result<Option<Written>> {
        let Some(number) = number(stream) else { return Ok(None) };
        let (Some(bundle), false) = (Bundle::open(self.workdir())?, self.stdout().exists()) else {
            return Ok(None);
        };
        let index = self.index() as u64;
        let kept = bundle.attempts(index)?;
        let Some(live) = bundle::live(self.workdir(), index, &kept)? else { return Ok(None) };
        let file = match File::open(&live.files[number]) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            file => Some(file?),
        };
        let of = Of::Live { entry: live.entry, who: live.who, at: live.at };
        Ok(Some(Written { file, begin: 0, read: 0, size: None, of }))
    }
}

/// Which of the two streams of a bundle.
fn number(stream: Stream) -> Option<usize> {
    match stream {
        Stream::Stdout => Some(0),
        Stream::Stderr => Some(1),
        Stream::Script => None,
    }
}
