//! How do the words of a command go into a record and come out again, with any bytes and without a copy?

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Any bytes, written in one piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) struct Bytes<'a>(pub(crate) &'a [u8]);

impl<'a> From<&'a OsStr> for Bytes<'a> {
    fn from(text: &'a OsStr) -> Self {
        Self(text.as_bytes())
    }
}

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

/// The words of a command.
#[derive(Debug, Clone)]
pub(crate) enum Words<'a> {
    /// As a job has them, so that writing them allocates nothing.
    Given(&'a [OsString]),
    /// As they were read.
    Read(Vec<Bytes<'a>>),
}

impl Words<'_> {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let (given, read) = match self {
            Self::Given(words) => (*words, &[][..]),
            Self::Read(words) => (&[][..], words.as_slice()),
        };
        given.iter().map(|word| word.as_bytes()).chain(read.iter().map(|word| word.0))
    }
}

impl PartialEq for Words<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Words<'_> {}

impl Serialize for Words<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Given(words) => serializer.collect_seq(words.iter().map(|word| Bytes(word.as_bytes()))),
            Self::Read(words) => words.serialize(serializer),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Words<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Self::Read)
    }
}
