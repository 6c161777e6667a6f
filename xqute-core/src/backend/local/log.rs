//! What does the log of this machine's jobs tell of an earlier run, or of a supervisor that is gone?

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::record::{Attempt, End, Place, Record, read};
use super::system;
use crate::job::LOCAL_LOG;

/// The log, to add to.
#[derive(Debug)]
pub(super) struct Log(File);

impl Log {
    /// Makes it where there is none.
    pub(super) fn open(workdir: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path(workdir))?;
        Ok(Self(system::apart(file.into())?.into()))
    }

    pub(super) fn of(file: File) -> Self {
        Self(file)
    }

    pub(super) fn into_file(self) -> File {
        self.0
    }

    /// Adds records, in one call. What a full disk took of them is passed over by who reads.
    pub(super) fn append(&self, records: &[u8]) -> io::Result<()> {
        match (&self.0).write(records)? {
            size if size == records.len() => Ok(()),
            _ => Err(io::ErrorKind::StorageFull.into()),
        }
    }

    /// Nothing in it is wanted any more.
    pub(super) fn clear(&self) -> io::Result<()> {
        self.0.set_len(0)
    }
}

impl AsFd for Log {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

pub(super) fn path(workdir: &Path) -> PathBuf {
    workdir.join(LOCAL_LOG)
}

/// What became of an attempt that was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    /// Where it was, if that is told.
    pub(super) place: Option<Place>,
    pub(super) pid: i32,
    /// It began no later, in ticks since boot.
    pub(super) start: u64,
    pub(super) fate: Option<Fate>,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It did not become its program: the system's error.
    NotExecuted(i32),
    /// Nobody could tell: the system's error.
    Lost(i32),
    Ended(End),
}

/// The attempts that a log tells of.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct History(HashMap<Attempt, Known>);

impl History {
    /// Empty, where there is no log.
    pub(super) fn read(workdir: &Path) -> io::Result<Self> {
        match fs::read(path(workdir)) {
            Ok(bytes) => Ok(Self::of(read(&bytes))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error),
        }
    }

    /// Of a log that is open to be added to alone.
    pub(super) fn of_log(log: BorrowedFd<'_>) -> io::Result<Self> {
        let bytes = fs::read(format!("/proc/self/fd/{}", log.as_raw_fd()))?;
        Ok(Self::of(read(&bytes)))
    }

    fn of(records: impl Iterator<Item = Record>) -> Self {
        let (mut known, mut here): (HashMap<Attempt, Known>, _) = (HashMap::new(), None);
        for record in records {
            match record {
                Record::Supervisor { place, .. } => here = Some(place),
                Record::Started { attempt, pid, start, .. } => {
                    // Again, if the first did not become its program.
                    known.insert(attempt, Known { place: here, pid, start, fate: None });
                }
                Record::NotExecuted { attempt, pid, errno, .. } => {
                    ends(&mut known, attempt, pid, Fate::NotExecuted(errno));
                }
                Record::Lost { attempt, pid, errno, .. } => {
                    ends(&mut known, attempt, pid, Fate::Lost(errno));
                }
                Record::Ended { attempt, pid, end, .. } => ends(&mut known, attempt, pid, Fate::Ended(end)),
            }
        }
        Self(known)
    }

    pub(super) fn get(&self, attempt: Attempt) -> Option<&Known> {
        self.0.get(&attempt)
    }

    /// Whether an attempt's process is known here by its number. Of one that the log does not tell, nobody says otherwise.
    pub(super) fn is_here(&self, attempt: Attempt, here: Place) -> bool {
        self.get(attempt).and_then(|it| it.place).is_none_or(|it| it == here)
    }

    /// Those whose end is not told.
    pub(super) fn open(&self) -> impl Iterator<Item = (&Attempt, &Known)> {
        self.0.iter().filter(|(_, it)| it.fate.is_none())
    }
}

/// An end whose start is damaged is an end all the same.
fn ends(known: &mut HashMap<Attempt, Known>, attempt: Attempt, pid: i32, fate: Fate) {
    let it = known.entry(attempt).or_insert(Known { place: None, pid, start: 0, fate: None });
    it.fate = Some(fate);
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place = Place { boot: 1, namespace: 2 };
    const END: End = End { status: 0, user: 1, system: 2, peak: 3, exact: true };

    fn attempt(index: u64) -> Attempt {
        Attempt { run: 9, index, number: 0 }
    }

    fn started(index: u64, pid: i32) -> Record {
        Record::Started { attempt: attempt(index), pid, start: 5, when: 0 }
    }

    #[test]
    fn the_last_that_is_told_of_an_attempt_counts() {
        let history = History::of(
            [
                Record::Supervisor { place: PLACE, pid: 1, start: 1, when: 0 },
                started(0, 10),
                started(1, 11),
                Record::Ended { attempt: attempt(0), pid: 10, end: END, when: 0 },
                Record::NotExecuted { attempt: attempt(1), pid: 11, errno: 11, when: 0 },
                started(1, 12),
                Record::Ended { attempt: attempt(2), pid: 13, end: END, when: 0 },
            ]
            .into_iter(),
        );
        let known = |pid, fate| Known { place: Some(PLACE), pid, start: 5, fate };
        assert_eq!(history.get(attempt(0)), Some(&known(10, Some(Fate::Ended(END)))));
        assert_eq!(history.get(attempt(1)), Some(&known(12, None)));
        assert_eq!(history.get(attempt(2)).unwrap().fate, Some(Fate::Ended(END)), "its start is damaged");
        assert_eq!(history.get(attempt(3)), None);
        assert_eq!(history.open().collect::<Vec<_>>(), [(&attempt(1), &known(12, None))]);
    }

    #[test]
    fn a_log_is_for_its_owner_alone_and_is_added_to() {
        use std::os::unix::fs::MetadataExt;
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(History::read(dir.path()).unwrap(), History::default());
        for record in [started(0, 1), started(1, 2)] {
            Log::open(dir.path()).unwrap().append(&record.encode()).unwrap();
        }
        assert_eq!(fs::metadata(path(dir.path())).unwrap().mode() & 0o777, 0o600);
        assert_eq!(History::read(dir.path()).unwrap().open().count(), 2);
    }
}
