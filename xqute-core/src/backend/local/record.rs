//! What is written down of a job of this machine? Its start, by the job's own process before it becomes its program, and its
//! end, before the system is allowed to forget it: 64 bytes each.

use std::time::{SystemTime, UNIX_EPOCH};

/// The size of a record.
pub(super) const SIZE: usize = 64;

/// Every record begins with this and ends with that: where the end of one is missing, the beginning of the next is not taken for it.
const BEGIN: u16 = 0x9a7e;
const END: u8 = b'\n';
/// Where the checksum stands, and behind it what it is of.
const SUM: usize = 2;
const KIND: usize = 6;
const FLAGS: usize = 7;
/// Where the process number stands; its process fills it in.
const PID: usize = 28;
/// Where the time stands, and behind it the tick of the start.
const WHEN: usize = 32;
const START: usize = 40;

/// What seven bytes can hold.
const MOST_MICROS: u64 = (1 << 56) - 1;

/// An attempt of a job, by what no other has in a work directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Attempt {
    /// The run that submitted it.
    pub(super) run: u64,
    pub(super) index: u64,
    pub(super) number: u32,
}

impl Attempt {
    pub(super) fn new(run: &str, index: usize, number: u32) -> Self {
        Self { run: run_number(run), index: index as u64, number }
    }
}

/// A run's identifier is a number in 16 digits; of any other text it is one that another text hardly has.
fn run_number(run: &str) -> u64 {
    match u64::from_str_radix(run, 16) {
        Ok(number) if run.len() == 16 => number,
        _ => hash(run.as_bytes()),
    }
}

/// FNV-1a: the same in every version, which std's hashers do not promise.
pub(super) fn hash(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}

/// Where processes are known by their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// The boot of the machine, as a hash of its identifier.
    pub(super) boot: u64,
    /// The namespace of process numbers: containers have one each.
    pub(super) namespace: u64,
}

/// How a process ended, and what it used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct End {
    /// As `wait` tells it.
    pub(super) status: i32,
    /// Microseconds of CPU time in its own code, and in the system's.
    pub(super) user: u64,
    pub(super) system: u64,
    /// Its peak of memory, in kilobytes.
    pub(super) peak: u32,
    /// Whether that is its own: more than what it began with.
    pub(super) exact: bool,
}

/// A record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Record {
    /// Who starts the jobs of the records that follow.
    Supervisor { place: Place, pid: i32, start: u64, when: u64 },
    /// The process is about to become the job's program. It began no later than `start`, in ticks since boot.
    Started { attempt: Attempt, pid: i32, start: u64, when: u64 },
    /// It could not: the system's error.
    NotExecuted { attempt: Attempt, pid: i32, errno: i32, when: u64 },
    /// It has ended, and how nobody can tell: the system's error.
    Lost { attempt: Attempt, pid: i32, errno: i32, when: u64 },
    /// It has ended.
    Ended { attempt: Attempt, pid: i32, end: End, when: u64 },
}

impl Record {
    pub(super) fn encode(&self) -> [u8; SIZE] {
        let mut it = Fields([0; SIZE]);
        match *self {
            Self::Supervisor { place, pid, start, when } => {
                it.head(1, Attempt { run: place.boot, index: place.namespace, number: 1 }, pid, when);
                it.u64(START, start);
            }
            Self::Started { attempt, pid, start, when } => {
                it.head(2, attempt, pid, when);
                it.u64(START, start);
            }
            Self::NotExecuted { attempt, pid, errno, when } => {
                it.head(3, attempt, pid, when);
                it.u32(40, errno.cast_unsigned());
            }
            Self::Lost { attempt, pid, errno, when } => {
                it.head(5, attempt, pid, when);
                it.u32(40, errno.cast_unsigned());
            }
            Self::Ended { attempt, pid, end, when } => {
                it.head(4, attempt, pid, when);
                it.0[FLAGS] = u8::from(end.exact);
                it.u32(40, end.status.cast_unsigned());
                it.u32(44, end.peak);
                it.u64(48, end.user);
                // The last byte is the record's own: this is enough for two thousand years.
                it.u64(56, end.system.min(MOST_MICROS));
            }
        }
        it.sealed()
    }

    /// `None`: these bytes are none, or damaged.
    pub(super) fn decode(bytes: &[u8; SIZE]) -> Option<Self> {
        let it = Fields(*bytes);
        if it.sealed() != *bytes {
            return None;
        }
        let attempt = Attempt { run: it.get(8), index: it.get(16), number: it.get_u32(24) };
        let (pid, when) = (it.get_u32(PID).cast_signed(), it.get(WHEN));
        Some(match it.0[KIND] {
            1 => {
                let place = Place { boot: attempt.run, namespace: attempt.index };
                Self::Supervisor { place, pid, start: it.get(START), when }
            }
            2 => Self::Started { attempt, pid, start: it.get(START), when },
            3 => Self::NotExecuted { attempt, pid, errno: it.get_u32(40).cast_signed(), when },
            4 => {
                let (status, peak) = (it.get_u32(40).cast_signed(), it.get_u32(44));
                let (user, system, exact) = (it.get(48), it.get(56) & MOST_MICROS, it.0[FLAGS] == 1);
                Self::Ended { attempt, pid, end: End { status, user, system, peak, exact }, when }
            }
            5 => Self::Lost { attempt, pid, errno: it.get_u32(40).cast_signed(), when },
            _ => return None,
        })
    }
}

/// Fills in what only the job's own process knows of its start or its failure to start. It allocates nothing: see `child`.
pub(super) fn fill_in(record: &mut [u8; SIZE], pid: i32, when: u64, detail: u64) {
    let mut it = Fields(*record);
    it.u32(PID, pid.cast_unsigned());
    it.u64(WHEN, when);
    it.u64(START, detail);
    *record = it.sealed();
}

/// Milliseconds since 1970.
pub(super) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

struct Fields([u8; SIZE]);

impl Fields {
    fn head(&mut self, kind: u8, attempt: Attempt, pid: i32, when: u64) {
        self.0[KIND] = kind;
        self.u64(8, attempt.run);
        self.u64(16, attempt.index);
        self.u32(24, attempt.number);
        self.u32(PID, pid.cast_unsigned());
        self.u64(WHEN, when);
    }

    fn u64(&mut self, at: usize, value: u64) {
        self.0[at..at + 8].copy_from_slice(&value.to_le_bytes());
    }

    fn u32(&mut self, at: usize, value: u32) {
        self.0[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }

    fn get(&self, at: usize) -> u64 {
        u64::from_le_bytes(std::array::from_fn(|n| self.0[at + n]))
    }

    fn get_u32(&self, at: usize) -> u32 {
        u32::from_le_bytes(std::array::from_fn(|n| self.0[at + n]))
    }

    /// With its ends, and the checksum of all that follows it.
    fn sealed(&self) -> [u8; SIZE] {
        let mut sealed = self.0;
        sealed[..SUM].copy_from_slice(&BEGIN.to_le_bytes());
        sealed[SIZE - 1] = END;
        let sum = crc32fast::hash(&sealed[KIND..]);
        sealed[SUM..KIND].copy_from_slice(&sum.to_le_bytes());
        sealed
    }
}

/// The sound records in these bytes, in their order. What is damaged is passed over, wherever it begins: a disk that fills up
/// takes any part of a record.
pub(super) fn read(bytes: &[u8]) -> impl Iterator<Item = Record> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some(window) = bytes.get(at..at + SIZE) {
            if let Some(record) = window.first_chunk().and_then(Record::decode) {
                at += SIZE;
                return Some(record);
            }
            at += 1;
        }
        None
    })
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    fn attempts() -> impl Strategy<Value = Attempt> {
        any::<(u64, u64, u32)>().prop_map(|(run, index, number)| Attempt { run, index, number })
    }

    pub(in crate::backend::local) fn records() -> impl Strategy<Value = Record> {
        let ends = (any::<(i32, u64, u32, bool)>(), 0..=MOST_MICROS)
            .prop_map(|((status, user, peak, exact), system)| End { status, user, system, peak, exact });
        prop_oneof![
            any::<(u64, u64, i32, u64, u64)>().prop_map(|(boot, namespace, pid, start, when)| {
                Record::Supervisor { place: Place { boot, namespace }, pid, start, when }
            }),
            (attempts(), any::<(i32, u64, u64)>())
                .prop_map(|(attempt, (pid, start, when))| Record::Started { attempt, pid, start, when }),
            (attempts(), any::<(i32, i32, u64)>())
                .prop_map(|(attempt, (pid, errno, when))| Record::NotExecuted { attempt, pid, errno, when }),
            (attempts(), any::<(i32, i32, u64)>()).prop_map(|(attempt, (pid, errno, when))| Record::Lost {
                attempt,
                pid,
                errno,
                when
            }),
            (attempts(), any::<(i32, u64)>(), ends).prop_map(|(attempt, (pid, when), end)| Record::Ended {
                attempt,
                pid,
                end,
                when
            }),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(records in prop::collection::vec(records(), 0..20)) {
            let bytes: Vec<u8> = records.iter().flat_map(Record::encode).collect();
            prop_assert_eq!(read(&bytes).collect::<Vec<_>>(), records);
        }

        #[test]
        fn a_changed_byte_costs_its_record_and_no_other(
            records in prop::collection::vec(records(), 1..10), at in any::<prop::sample::Index>(), by in 1..=255_u8
        ) {
            let mut bytes: Vec<u8> = records.iter().flat_map(Record::encode).collect();
            let at = at.index(bytes.len());
            bytes[at] ^= by;
            let mut left = records;
            left.remove(at / SIZE);
            prop_assert_eq!(read(&bytes).collect::<Vec<_>>(), left);
        }

        #[test]
        fn part_of_a_record_anywhere_costs_no_other(
            before in prop::collection::vec(records(), 0..5), after in prop::collection::vec(records(), 0..5),
            torn in records(), size in 0..SIZE
        ) {
            let mut bytes: Vec<u8> = before.iter().flat_map(Record::encode).collect();
            bytes.extend(&torn.encode()[..size]);
            bytes.extend(after.iter().flat_map(Record::encode));
            prop_assert_eq!(read(&bytes).collect::<Vec<_>>(), [before, after].concat());
        }

        #[test]
        fn any_bytes_at_all_are_read_without_harm(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert_eq!(read(&bytes).count(), 0);
        }

        #[test]
        fn what_the_process_fills_in_is_what_it_would_have_written(
            attempt in attempts(), pid in any::<i32>(), when in any::<u64>(), start in any::<u64>(), errno in any::<i32>()
        ) {
            let mut bytes = Record::Started { attempt, pid: 0, start: 0, when: 0 }.encode();
            fill_in(&mut bytes, pid, when, start);
            prop_assert_eq!(Record::decode(&bytes), Some(Record::Started { attempt, pid, start, when }));
            let mut bytes = Record::NotExecuted { attempt, pid: 0, errno: 0, when: 0 }.encode();
            fill_in(&mut bytes, pid, when, u64::from(errno.cast_unsigned()));
            prop_assert_eq!(Record::decode(&bytes), Some(Record::NotExecuted { attempt, pid, errno, when }));
        }
    }

    #[test]
    fn a_runs_identifier_is_its_number() {
        assert_eq!(Attempt::new("00000000000000ff", 3, 1), Attempt { run: 255, index: 3, number: 1 });
        assert_ne!(Attempt::new("ff", 3, 1).run, 255, "no identifier of a run");
    }

    /// What stands on disks is read for ever.
    #[test]
    fn the_bytes_of_a_record_stay_as_they_are() {
        let attempt = Attempt { run: 0x0123_4567_89ab_cdef, index: 7, number: 2 };
        let end = End { status: 256, user: 1_000, system: 2_000, peak: 4_096, exact: true };
        let bytes = Record::Ended { attempt, pid: 99, end, when: 1_700_000_000_000 }.encode();
        let hex: String = bytes.iter().map(|it| format!("{it:02x}")).collect();
        let expected = "0401efcdab8967452301070000000000000002000000630000000068e5cf8b010000\
                        0001000000100000e803000000000000d00700000000000a";
        assert_eq!((&hex[..4], &hex[12..]), ("7e9a", expected));
    }
}
