//! How does somebody follow a journal that is being written, and go on where they were, even in another process?

use std::fmt;
use std::fs::File;
use std::io;
use std::str::FromStr;

use super::entries::Entries;
use super::error::{JournalError, WorkDirError};
use super::reader::Reader;

/// How far somebody has read, and in which journal. As text (`to_string`, `parse`) it can be kept.
///
/// It names the last record that was read by its place and its checksum: where a journal has lost its end since (the
/// power failed), or was written anew, that is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    journal: u64,
    /// Where the last record that was read begins; 0: none was.
    at: u64,
    sum: u32,
}

/// A text that is no [`Mark`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no mark in a journal: one is three numbers, as `Mark` writes them")]
pub struct MarkError;

impl Mark {
    pub(super) fn new(journal: u64, last: Option<(u64, u32)>) -> Self {
        let (at, sum) = last.unwrap_or_default();
        Self { journal, at, sum }
    }

    /// Which journal it is in: [`Entries::journal`].
    #[must_use]
    pub fn journal(&self) -> u64 {
        self.journal
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}-{}-{:08x}", self.journal, self.at, self.sum)
    }
}

impl FromStr for Mark {
    type Err = MarkError;

    fn from_str(text: &str) -> Result<Self, MarkError> {
        let mut parts = text.split('-');
        let (Some(journal), Some(at), Some(sum), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(MarkError);
        };
        let journal = u64::from_str_radix(journal, 16).map_err(|_| MarkError)?;
        let sum = u32::from_str_radix(sum, 16).map_err(|_| MarkError)?;
        Ok(Self { journal, at: at.parse().map_err(|_| MarkError)?, sum })
    }
}

/// To follow a journal: `next` until it gives nothing, then [`refresh`](Self::refresh), now and then.
impl Entries {
    /// The number of this journal. One that takes its place has another: after `--fresh`, or written anew because it was
    /// much larger than what its jobs need.
    #[must_use]
    pub fn journal(&self) -> u64 {
        self.reader.salt()
    }

    /// How far it has been read: behind the last record.
    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark::new(self.journal(), self.last)
    }

    /// Goes on behind a mark. `false`: it is of another journal, or what stands there is another record; this stays where it is.
    ///
    /// # Errors
    ///
    /// The journal cannot be read.
    pub fn go_behind(&mut self, mark: &Mark) -> Result<bool, JournalError> {
        let refused = |error| JournalError::Io { path: self.path.clone(), error };
        if mark.journal != self.reader.salt() {
            return Ok(false);
        }
        if mark.at == 0 {
            (self.last, self.next) = (None, 0);
            self.reader.go_on_at(self.next_at());
            return Ok(true);
        }
        self.reader.go_on_at(mark.at);
        let found = match self.reader.next() {
            Ok(Some(part)) => part.at == mark.at && self.reader.last() == Some((mark.at, mark.sum)),
            Ok(None) => false,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => false,
            Err(error) => return Err(refused(error)),
        };
        if found {
            (self.last, self.next) = (self.reader.last(), self.reader.sound());
        } else {
            self.reader.go_on_at(self.next_at());
        }
        Ok(found)
    }

    /// Looks for what was written since: `next` gives that. What could not be read at the end, because it was being
    /// written, is read again. `false`: another journal has taken the place of this one, which is read from its beginning.
    ///
    /// # Errors
    ///
    /// The journal cannot be read, or was removed ([`WorkDirError::NoRun`]): a new run may be about to make another.
    pub fn refresh(&mut self) -> Result<bool, WorkDirError> {
        let file = File::open(&self.path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                WorkDirError::NoRun { path: self.path.parent().unwrap_or(&self.path).to_owned() }
            }
            _ => JournalError::Io { path: self.path.clone(), error }.into(),
        })?;
        let reader = Reader::new(file, &self.path)?;
        let (next, is_same) = (self.next_at(), reader.salt() == self.reader.salt());
        let is_same = is_same && reader.end() >= next;
        self.reader = reader;
        if is_same {
            self.reader.go_on_at(next);
        } else {
            (self.last, self.next) = (None, 0);
        }
        Ok(is_same)
    }

    /// Where the first record is that was not given.
    fn next_at(&self) -> u64 {
        self.next.max(super::frame::HEADER as u64)
    }
}

#[cfg(test)]
mod tests;
