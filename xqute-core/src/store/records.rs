//! What is still to be written? Records are collected here, and handed to the file many at a time.

use std::io;

use postcard::ser_flavors::Flavor;

use super::frame::{HEAD, LONGEST, head};
use super::record::Record;

/// A buffer that is larger than this gives its memory back when it is empty.
const KEPT: usize = 1 << 20;

/// Records that are not written yet. Nothing but [`Journal::write`](super::Journal::write) waits for a disk.
#[derive(Debug)]
pub(crate) struct Records {
    salt: u64,
    /// Where the first of the bytes belongs in the file: checksums have it in.
    at: u64,
    bytes: Vec<u8>,
}

impl Records {
    pub(crate) fn new(salt: u64, at: u64) -> Self {
        Self { salt, at, bytes: Vec::new() }
    }

    /// Adds one. Allocates nothing, where there is room. What is too long for a record is written without its text.
    pub(crate) fn push(&mut self, record: &Record<'_>) {
        if !self.encode(record) {
            let short = record.clone().shortened();
            tracing::warn!(record = ?short, "a record of the journal is too long: it is written without text");
            self.encode(&short);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Where the next one belongs in the file.
    pub(super) fn end(&self) -> u64 {
        self.at + self.bytes.len() as u64
    }

    /// How many bytes they are.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Adds a frame. `false`: it would be too long, and nothing was added.
    fn encode(&mut self, record: &Record<'_>) -> bool {
        let begin = self.bytes.len();
        self.bytes.extend_from_slice(&[0; HEAD]);
        let room = Room { bytes: &mut self.bytes, most: begin + HEAD + LONGEST };
        if postcard::serialize_with_flavor(record, room).is_err() {
            self.bytes.truncate(begin);
            return false;
        }
        let (before, payload) = self.bytes.split_at_mut(begin + HEAD);
        before[begin..].copy_from_slice(&head(self.salt, self.at + begin as u64, payload));
        true
    }

    /// Hands everything to `write` (bytes and their place in the file), which may take less than it is given. What was
    /// taken is gone from here even if the rest fails: the next call goes on with the rest, in its place.
    pub(super) fn hand_over(
        &mut self,
        mut write: impl FnMut(&[u8], u64) -> io::Result<usize>,
    ) -> io::Result<()> {
        let mut taken = 0;
        let result = loop {
            if taken == self.bytes.len() {
                break Ok(());
            }
            match write(&self.bytes[taken..], self.at + taken as u64) {
                Ok(0) => break Err(io::ErrorKind::WriteZero.into()),
                Ok(more) => taken += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            }
        };
        self.at += taken as u64;
        self.bytes.drain(..taken);
        if self.bytes.is_empty() && self.bytes.capacity() > KEPT {
            self.bytes = Vec::new();
        }
        result
    }
}

/// The end of a buffer, up to a length.
struct Room<'a> {
    bytes: &'a mut Vec<u8>,
    most: usize,
}

impl Flavor for Room<'_> {
    type Output = ();

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.try_extend(&[byte])
    }

    fn try_extend(&mut self, more: &[u8]) -> postcard::Result<()> {
        if self.bytes.len() + more.len() > self.most {
            return Err(postcard::Error::SerializeBufferFull);
        }
        self.bytes.extend_from_slice(more);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
