//! Where is the output of jobs that have no files of their own? In a few files for all jobs of a work directory, and an index
//! of 64 bytes a job, which stand where the job's number says.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::files::{LOCAL_OUTPUT, OUTPUT_DATA, OUTPUT_EARLIER, OUTPUT_INDEX, SLOTS_WHO};
use super::files::{large_name, slot_names, slots_name, slots_number};

/// The size of an entry.
pub(crate) const SIZE: usize = 64;

const BEGIN: u16 = 0x9a7f;
const END: u8 = b'\n';
/// Where the checksum stands, and behind it what it is of.
const SUM: usize = 2;
const KIND: usize = 6;
const FLAGS: usize = 7;
/// Standard output and standard error have files of their own; how it ended is told.
const LARGE: [u8; 2] = [1, 2];
const TOLD: u8 = 4;
/// What seven bytes can hold.
const MOST: u64 = (1 << 56) - 1;

/// Where an attempt's output is, and how it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The run, index and number of the attempt.
    pub(crate) run: u64,
    pub(crate) index: u64,
    pub(crate) attempt: u32,
    /// As `wait` tells it; `None`: nobody saw.
    pub(crate) status: Option<i32>,
    /// Where in the data its standard output begins. Its standard error follows.
    pub(crate) at: u64,
    /// Of standard output and standard error.
    pub(crate) sizes: [u64; 2],
    /// Which of them is a file of its own.
    pub(crate) large: [bool; 2],
    /// Where the entry of the job's attempt before this is, behind all earlier ones: one more than its place; 0: there is none.
    pub(crate) before: u64,
}

impl Entry {
    /// Of an attempt that has written nothing yet.
    pub(crate) fn new(run: u64, index: u64, attempt: u32) -> Self {
        Self { run, index, attempt, status: None, at: 0, sizes: [0; 2], large: [false; 2], before: 0 }
    }

    /// Whether both are of one attempt.
    pub(crate) fn is_of(&self, other: &Self) -> bool {
        (self.run, self.index, self.attempt) == (other.run, other.index, other.attempt)
    }

    pub(crate) fn encode(&self) -> [u8; SIZE] {
        let mut bytes = [0; SIZE];
        let flag = |is: bool, flag: u8| if is { flag } else { 0 };
        bytes[KIND] = 1;
        bytes[FLAGS] =
            flag(self.large[0], LARGE[0]) | flag(self.large[1], LARGE[1]) | flag(self.status.is_some(), TOLD);
        bytes[8..16].copy_from_slice(&self.run.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.index.to_le_bytes());
        bytes[24..28].copy_from_slice(&self.attempt.to_le_bytes());
        bytes[28..32].copy_from_slice(&self.status.unwrap_or(0).to_le_bytes());
        bytes[32..40].copy_from_slice(&self.at.to_le_bytes());
        bytes[40..48].copy_from_slice(&self.sizes[0].to_le_bytes());
        bytes[48..56].copy_from_slice(&self.sizes[1].to_le_bytes());
        bytes[56..64].copy_from_slice(&self.before.min(MOST).to_le_bytes());
        bytes[..SUM].copy_from_slice(&BEGIN.to_le_bytes());
        bytes[SIZE - 1] = END;
        let sum = crc32fast::hash(&bytes[KIND..]);
        bytes[SUM..KIND].copy_from_slice(&sum.to_le_bytes());
        bytes
    }

    /// `None`: these bytes are none, or damaged.
    pub(crate) fn decode(bytes: &[u8; SIZE]) -> Option<Self> {
        let u64_at = |at: usize| u64::from_le_bytes(std::array::from_fn(|n| bytes[at + n]));
        let u32_at = |at: usize| u32::from_le_bytes(std::array::from_fn(|n| bytes[at + n]));
        let has = |flag: u8| bytes[FLAGS] & flag != 0;
        let entry = Self {
            run: u64_at(8),
            index: u64_at(16),
            attempt: u32_at(24),
            status: has(TOLD).then(|| u32_at(28).cast_signed()),
            at: u64_at(32),
            sizes: [u64_at(40), u64_at(48)],
            large: LARGE.map(has),
            before: u64_at(56) & MOST,
        };
        (entry.encode() == *bytes).then_some(entry)
    }

    /// Where a stream begins in the data, 0 or 1.
    fn begin(&self, stream: usize) -> u64 {
        let stdout = if self.large[0] || stream == 0 { 0 } else { self.sizes[0] };
        self.at.saturating_add(stdout)
    }
}

/// The bundle of a work directory, to read.
#[derive(Debug)]
pub(crate) struct Bundle {
    directory: PathBuf,
    index: File,
}

impl Bundle {
    /// `None`: there is none.
    pub(crate) fn open(workdir: &Path) -> io::Result<Option<Self>> {
        let directory = workdir.join(LOCAL_OUTPUT);
        match File::open(directory.join(OUTPUT_INDEX)) {
            Ok(index) => Ok(Some(Self { directory, index })),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// How many jobs its index has room for.
    pub(crate) fn len(&self) -> io::Result<u64> {
        Ok(self.index.metadata()?.len().div_ceil(SIZE as u64))
    }

    /// Of the last attempt of a job that has ended; `None`: it has nothing here.
    pub(crate) fn entry(&self, index: u64) -> io::Result<Option<Entry>> {
        let path = || self.directory.join(OUTPUT_INDEX);
        let entry = read_entry(&self.index, index * SIZE as u64).map_err(|error| damaged(&path(), &error))?;
        match entry {
            Some(entry) if entry.index != index => Err(damaged(&path(), &"it is of another job")),
            entry => Ok(entry),
        }
    }

    /// Of the attempt before.
    pub(crate) fn before(&self, entry: &Entry) -> io::Result<Option<Entry>> {
        let Some(at) = entry.before.checked_sub(1) else { return Ok(None) };
        let path = self.directory.join(OUTPUT_EARLIER);
        let found =
            File::open(&path).and_then(|it| read_entry(&it, at)).map_err(|error| damaged(&path, &error))?;
        match found {
            Some(found) if found.index == entry.index => Ok(Some(found)),
            _ => Err(damaged(&path, &"an entry is missing")),
        }
    }

    /// Of all attempts of a job, the last first.
    pub(crate) fn attempts(&self, index: u64) -> io::Result<Vec<Entry>> {
        let mut all: Vec<Entry> = self.entry(index)?.into_iter().collect();
        while let Some(last) = all.last()
            && let Some(before) = self.before(last)?
        {
            all.push(before);
        }
        Ok(all)
    }

    /// The file that a stream of an attempt is in, 0 or 1, and where it begins there. The file is opened only if something is.
    pub(crate) fn stream(&self, entry: &Entry, stream: usize) -> io::Result<(Option<File>, u64)> {
        if entry.sizes[stream] == 0 {
            return Ok((None, 0));
        }
        let (name, begin) = match entry.large[stream] {
            true => (large_name(entry.run, entry.index, entry.attempt, stream == 0), 0),
            false => (OUTPUT_DATA.to_owned(), entry.begin(stream)),
        };
        let path = self.directory.join(name);
        let file = File::open(&path)
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
        Ok((Some(file), begin))
    }
}

/// What a job writes that runs.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) entry: Entry,
    /// Standard output and standard error.
    pub(crate) files: [PathBuf; 2],
    /// Says at `at` whose they are.
    pub(crate) who: File,
    pub(crate) at: u64,
}

/// The attempt of a job that was begun and is not among those that are kept; `None`: there is none.
pub(crate) fn live(workdir: &Path, index: u64, kept: &[Entry]) -> io::Result<Option<Live>> {
    let directory = workdir.join(LOCAL_OUTPUT);
    for number in supervisors(&directory)? {
        let slots = directory.join(slots_name(number));
        let Ok(who) = File::open(slots.join(SLOTS_WHO)) else { continue };
        for (slot, entry) in whose(&who)? {
            if entry.index == index && !kept.iter().any(|it| it.is_of(&entry)) {
                let files = slot_names(slot).map(|it| slots.join(it));
                return Ok(Some(Live { entry, files, who, at: (slot * SIZE) as u64 }));
            }
        }
    }
    Ok(None)
}

/// The numbers of the supervisors that have had files for jobs that run, the last first.
pub(crate) fn supervisors(directory: &Path) -> io::Result<Vec<u64>> {
    let mut found = Vec::new();
    match directory.read_dir() {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(found),
        entries => {
            for entry in entries? {
                found.extend(slots_number(&entry?.file_name()));
            }
        }
    }
    found.sort_unstable_by(|a, b| b.cmp(a));
    Ok(found)
}

/// Which attempt has which slot, or had it last.
pub(crate) fn whose(who: &File) -> io::Result<Vec<(usize, Entry)>> {
    let slots = who.metadata()?.len().div_ceil(SIZE as u64);
    let mut found = Vec::new();
    for slot in 0..slots {
        // One that is damaged names nobody.
        if let Ok(Some(entry)) = read_entry(who, slot * SIZE as u64) {
            found.extend(usize::try_from(slot).ok().map(|slot| (slot, entry)));
        }
    }
    Ok(found)
}

/// The entry at this place; `None`: nothing was written there.
pub(crate) fn read_entry(file: &File, at: u64) -> io::Result<Option<Entry>> {
    let mut bytes = [0; SIZE];
    match file.read_exact_at(&mut bytes, at) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    match Entry::decode(&bytes) {
        None if bytes != [0; SIZE] => Err(ErrorKind::InvalidData.into()),
        entry => Ok(entry),
    }
}

fn damaged(path: &Path, why: &dyn std::fmt::Display) -> io::Error {
    io::Error::new(
        ErrorKind::InvalidData,
        format!("{} is damaged: {why}; `xqute check` tells more", path.display()),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entries() -> impl Strategy<Value = Entry> {
        (any::<(u64, u64, u32, Option<i32>)>(), any::<(u64, [u64; 2], [bool; 2])>(), 0..=MOST).prop_map(
            |((run, index, attempt, status), (at, sizes, large), before)| Entry {
                run,
                index,
                attempt,
                status,
                at,
                sizes,
                large,
                before: before & (MOST >> 8),
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(entry in entries()) {
            prop_assert_eq!(Entry::decode(&entry.encode()), Some(entry));
        }

        #[test]
        fn a_changed_byte_is_seen(entry in entries(), at in 0..SIZE, by in 1..=255_u8) {
            let mut bytes = entry.encode();
            bytes[at] ^= by;
            prop_assert_eq!(Entry::decode(&bytes), None);
        }
    }

    /// What stands on disks is read for ever.
    #[test]
    fn the_bytes_of_an_entry_stay_as_they_are() {
        let mut entry = Entry::new(0x0123_4567_89ab_cdef, 7, 2);
        (entry.status, entry.at, entry.sizes) = (Some(256), 4_096, [3, 5]);
        (entry.large, entry.before) = ([false, true], 65);
        let hex: String = entry.encode().iter().map(|it| format!("{it:02x}")).collect();
        let expected = "0106efcdab89674523010700000000000000020000000001000000100000000000000300000000000000\
                        0500000000000000410000000000000a";
        assert_eq!((&hex[..4], &hex[12..]), ("7f9a", expected));
    }
}
