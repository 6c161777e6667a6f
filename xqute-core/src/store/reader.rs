//! What stands in a journal? Everything that is whole is read, and what is not is told.

use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use super::error::JournalError;
use super::frame::{Damage, HEAD, HEADER, Header, MARKER, VERSION, checksum, read_head, read_header};
use super::record::Record;

/// A part of a journal.
#[derive(Debug)]
pub(crate) struct Part<'a> {
    /// Where it begins.
    pub(crate) at: u64,
    /// How long it is.
    pub(crate) bytes: u64,
    /// The record that it is. `None`: it cannot be read.
    pub(crate) record: Option<Record<'a>>,
}

/// Reads a journal from its beginning to where its end was when this was made. Holds one record at a time.
#[derive(Debug)]
pub(crate) struct Reader<R> {
    input: BufReader<R>,
    /// Where `input` is.
    position: u64,
    salt: u64,
    /// Where the journal ends.
    end: u64,
    /// Where the next part begins.
    at: u64,
    /// Where the last whole frame ends.
    sound: u64,
    /// Where that frame begins, and its checksum.
    last: Option<(u64, u32)>,
    /// The checksum of what is loaded.
    sum: u32,
    /// Whether `payload` is the one of the next part.
    loaded: bool,
    payload: Vec<u8>,
    /// What the header has, until it is told.
    damage: Option<Damage>,
}

impl<R: Read + Seek> Reader<R> {
    /// `path` is told in errors.
    pub(crate) fn new(mut input: R, path: &Path) -> Result<Self, JournalError> {
        let refused = |error| JournalError::Io { path: path.to_owned(), error };
        let end = input.seek(SeekFrom::End(0)).map_err(refused)?;
        input.rewind().map_err(refused)?;
        let mut input = BufReader::with_capacity(1 << 16, input);
        let mut header = Vec::with_capacity(HEADER);
        input.by_ref().take(HEADER as u64).read_to_end(&mut header).map_err(refused)?;
        let (salt, at, sound, damage) = match read_header(&header) {
            Header::Sound { salt, damage } => (salt, HEADER as u64, HEADER as u64, damage),
            Header::Torn => (0, end, 0, (end > 0).then_some(Damage { at: 0, bytes: end })),
            Header::Newer(found) => {
                return Err(JournalError::Newer { path: path.to_owned(), found, known: VERSION });
            }
            Header::Foreign => return Err(JournalError::Foreign { path: path.to_owned() }),
        };
        let position = header.len() as u64;
        let (last, sum, loaded, payload) = (None, 0, false, Vec::new());
        Ok(Self { input, position, salt, end, at, sound, last, sum, loaded, payload, damage })
    }

    /// The next part. `None`: that was all.
    pub(crate) fn next(&mut self) -> io::Result<Option<Part<'_>>> {
        if let Some(Damage { at, bytes }) = self.damage.take() {
            return Ok(Some(Part { at, bytes, record: None }));
        }
        let at = self.at;
        if !self.loaded {
            self.at = self.find()?;
            if self.at > at {
                return Ok(Some(Part { at, bytes: self.at - at, record: None }));
            }
        }
        if !std::mem::take(&mut self.loaded) {
            return Ok(None);
        }
        let bytes = (HEAD + self.payload.len()) as u64;
        self.at = at + bytes;
        (self.sound, self.last) = (self.at, Some((at, self.sum)));
        Ok(Some(Part { at, bytes, record: postcard::from_bytes(&self.payload).ok() }))
    }

    /// Goes on with what begins here.
    pub(crate) fn go_on_at(&mut self, at: u64) {
        (self.at, self.loaded, self.damage) = (at.min(self.end), false, None);
    }

    /// Where the last whole frame ends that was read, or the header; 0 where there is no header.
    pub(crate) fn sound(&self) -> u64 {
        self.sound
    }

    /// Where the last whole frame begins that was read, and its checksum.
    pub(super) fn last(&self) -> Option<(u64, u32)> {
        self.last
    }

    pub(crate) fn salt(&self) -> u64 {
        self.salt
    }

    /// Where the journal ends.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// Where the next whole frame begins, which is then loaded; where there is none, the journal's end.
    fn find(&mut self) -> io::Result<u64> {
        let mut at = self.at;
        while at < self.end {
            if self.load(at)? {
                self.loaded = true;
                return Ok(at);
            }
            at = self.marker(at + 1)?;
        }
        Ok(self.end)
    }

    /// Loads the frame that begins here, if there is a whole one.
    fn load(&mut self, at: u64) -> io::Result<bool> {
        let room = self.end - at;
        if room < HEAD as u64 {
            return Ok(false);
        }
        let mut head = [0; HEAD];
        self.go(at)?;
        self.input.read_exact(&mut head)?;
        self.position += HEAD as u64;
        let Some((length, sum)) = read_head(&head) else { return Ok(false) };
        if length as u64 > room - HEAD as u64 {
            return Ok(false);
        }
        self.payload.resize(length, 0);
        self.input.read_exact(&mut self.payload)?;
        self.position += length as u64;
        self.sum = sum;
        Ok(sum == checksum(self.salt, at, &self.payload))
    }

    /// Where the next frame may begin, from here on.
    fn marker(&mut self, from: u64) -> io::Result<u64> {
        self.go(from)?;
        while self.position < self.end {
            let bytes = self.input.fill_buf()?;
            if bytes.is_empty() {
                break;
            }
            let found = bytes.iter().position(|byte| *byte == MARKER[0]);
            let passed = found.unwrap_or(bytes.len());
            self.input.consume(passed);
            self.position += passed as u64;
            if found.is_some() {
                break;
            }
        }
        Ok(self.position.min(self.end))
    }

    fn go(&mut self, to: u64) -> io::Result<()> {
        if to != self.position {
            self.input.seek_relative(to as i64 - self.position as i64)?;
            self.position = to;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
