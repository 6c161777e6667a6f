//! How do records lie in the file, so that damage shows and a copy of a record is none?
//!
//! The file is a header and then frames, one per record:
//!
//! ```text
//! header  twice: magic (8 bytes), format version (u32), salt (u64), CRC-32 of these 20 bytes (u32)
//! frame   marker (2 bytes), length of the payload (u32), CRC-32 (u32), payload
//! ```
//!
//! Numbers are little-endian. A frame's CRC is over salt, the frame's place in the file, length and payload: the same
//! bytes in another place or in another journal, say in an argument of a command, are no frame. The header stands twice
//! so that no single damaged byte makes all records unreadable. It keeps this shape in every later format.

use crc32fast::Hasher;

/// The format that is written, and the newest that is read.
pub(super) const VERSION: u32 = 1;
/// The length of the header: the place of the first frame.
pub(super) const HEADER: usize = 2 * COPY;
/// The length of what stands before a payload.
pub(super) const HEAD: usize = 10;
/// The longest payload. A longer one is damage: nothing is allocated for it.
pub(super) const LONGEST: usize = 64 << 20;
/// What a frame begins with: two bytes that no UTF-8 text has.
pub(super) const MARKER: [u8; 2] = [0xF5, 0xC0];

const COPY: usize = 24;
/// Not ASCII at first, then both kinds of line end: whatever mangles text shows.
const MAGIC: [u8; 8] = *b"\x89xqj\r\n\x1a\n";

/// A part of a journal that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Damage {
    /// Where it begins.
    pub(crate) at: u64,
    /// How long it is.
    pub(crate) bytes: u64,
}

/// What the first bytes of a file say.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Header {
    /// It is a journal that can be read, if one half of the header may be damaged.
    Sound {
        /// What its checksums begin with.
        salt: u64,
        /// The half that cannot be read.
        damage: Option<Damage>,
    },
    /// It is the beginning of a journal's header, or nothing: no record was ever in it.
    Torn,
    /// It is a journal of a later format.
    Newer(u32),
    /// It is something else.
    Foreign,
}

pub(super) fn header(salt: u64) -> [u8; HEADER] {
    header_of(VERSION, salt)
}

pub(super) fn header_of(version: u32, salt: u64) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    for copy in header.chunks_exact_mut(COPY) {
        copy[..8].copy_from_slice(&MAGIC);
        copy[8..12].copy_from_slice(&version.to_le_bytes());
        copy[12..20].copy_from_slice(&salt.to_le_bytes());
        let sum = crc32fast::hash(&copy[..20]);
        copy[20..].copy_from_slice(&sum.to_le_bytes());
    }
    header
}

/// Reads the first [`HEADER`] bytes of a file, or all that it has.
pub(super) fn read_header(bytes: &[u8]) -> Header {
    let (first, second) = (read_copy(bytes, 0), read_copy(bytes, COPY));
    let whole = bytes.len() >= HEADER;
    match first.or(second) {
        Some((version, _)) if version != VERSION => Header::Newer(version),
        Some((_, salt)) if whole => {
            let lost = [(first, 0), (second, COPY)].into_iter().find(|(copy, _)| copy.is_none());
            let damage = lost.map(|(_, at)| Damage { at: at as u64, bytes: COPY as u64 });
            Header::Sound { salt, damage }
        }
        Some(_) => Header::Torn,
        None if !whole && bytes.iter().zip(MAGIC).all(|(byte, magic)| *byte == magic) => Header::Torn,
        None => Header::Foreign,
    }
}

/// Version and salt of one half of the header, where it is sound.
fn read_copy(bytes: &[u8], at: usize) -> Option<(u32, u64)> {
    let copy = bytes.get(at..)?.get(..COPY)?;
    let sum = u32::from_le_bytes(array(copy, 20)?);
    let sound = copy.starts_with(&MAGIC) && sum == crc32fast::hash(&copy[..20]);
    Some((u32::from_le_bytes(array(copy, 8)?), u64::from_le_bytes(array(copy, 12)?))).filter(|_| sound)
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

/// What stands before a payload that lies, with this, at a place in the file.
pub(super) fn head(salt: u64, at: u64, payload: &[u8]) -> [u8; HEAD] {
    let mut head = [0; HEAD];
    head[..2].copy_from_slice(&MARKER);
    head[2..6].copy_from_slice(&length(payload).to_le_bytes());
    head[6..].copy_from_slice(&checksum(salt, at, payload).to_le_bytes());
    head
}

/// Length and checksum of the payload, where this is what stands before one.
pub(super) fn read_head(head: &[u8; HEAD]) -> Option<(usize, u32)> {
    let length = u32::from_le_bytes(array(head, 2)?) as usize;
    let sum = u32::from_le_bytes(array(head, 6)?);
    (head.starts_with(&MARKER) && length <= LONGEST).then_some((length, sum))
}

pub(super) fn checksum(salt: u64, at: u64, payload: &[u8]) -> u32 {
    let mut before = [0; 20];
    before[..8].copy_from_slice(&salt.to_le_bytes());
    before[8..16].copy_from_slice(&at.to_le_bytes());
    before[16..].copy_from_slice(&length(payload).to_le_bytes());
    let mut hasher = Hasher::new();
    hasher.update(&before);
    hasher.update(payload);
    hasher.finalize()
}

fn length(payload: &[u8]) -> u32 {
    debug_assert!(payload.len() <= LONGEST, "the buffer of records sees to it");
    payload.len() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_one_damaged_byte_of_the_header_is_told_and_harmless() {
        let sound = header(7);
        assert_eq!(read_header(&sound), Header::Sound { salt: 7, damage: None });
        for at in 0..HEADER {
            for flip in 1..=255 {
                let mut header = sound;
                header[at] ^= flip;
                let half = if at < COPY { 0 } else { COPY as u64 };
                let damage = Some(Damage { at: half, bytes: COPY as u64 });
                assert_eq!(read_header(&header), Header::Sound { salt: 7, damage }, "{at} ^ {flip}");
            }
        }
    }

    #[test]
    fn a_header_is_told_from_its_beginning_from_a_later_one_and_from_other_files() {
        for length in 0..HEADER {
            assert_eq!(read_header(&header(7)[..length]), Header::Torn, "{length}");
        }
        assert_eq!(read_header(&header_of(2, 7)), Header::Newer(2));
        assert_eq!(read_header(&header_of(2, 7)[..COPY]), Header::Newer(2));
        for other in [&b"Dear diary"[..], &[0; HEADER], &[b'x'; 1000], b"\n"] {
            assert_eq!(read_header(other), Header::Foreign, "{other:?}");
        }
    }
}
