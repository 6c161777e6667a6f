//! Has a file been written since? Told by the file itself, before and after.

use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Within this time two writings of a file may have the same time: Linux reads a clock for it that ticks a hundred times a second
/// or more often.
const TICK: Duration = Duration::from_millis(20);
/// The same where a file system keeps whole seconds, or every second one (FAT).
const COARSE: Duration = Duration::from_secs(2);

/// What a file was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    /// When the file was written, renamed or given other times: no program can set this.
    changed: (i64, i64),
}

/// What is known of an output as it was before the attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Before {
    /// It was not there.
    Missing,
    /// It was this; `recent`: it was written so shortly before that another writing may have the same time.
    There { stamp: Stamp, recent: bool },
    /// The attempt began then, and what was before it is not known.
    Since(SystemTime),
    /// Nothing is known.
    Unknown,
}

impl Before {
    /// An output as it is now.
    pub(super) fn now(path: &Path) -> Self {
        match fs::metadata(path) {
            Ok(it) => {
                let stamp = Stamp::of(&it);
                Self::There { recent: stamp.is_recent(SystemTime::now()), stamp }
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Self::Missing,
            Err(_) => Self::Unknown,
        }
    }

    /// Whether the file may have been written since, as far as can be told.
    fn may_be_older_than(&self, now: &Metadata) -> bool {
        match self {
            Self::Missing | Self::Unknown => true,
            Self::There { stamp, recent } => *recent || *stamp != Stamp::of(now),
            Self::Since(began) => Stamp::of(now).time() + COARSE >= *began,
        }
    }

    /// Whether the file was certainly written since.
    fn is_older_than(&self, now: &Metadata) -> bool {
        match self {
            Self::Missing => true,
            Self::There { stamp, .. } => *stamp != Stamp::of(now),
            Self::Since(began) => Stamp::of(now).time() >= *began,
            Self::Unknown => false,
        }
    }
}

impl Stamp {
    pub(super) fn of(it: &Metadata) -> Self {
        Self {
            device: it.dev(),
            inode: it.ino(),
            size: it.size(),
            modified: (it.mtime(), it.mtime_nsec()),
            changed: (it.ctime(), it.ctime_nsec()),
        }
    }

    fn time(&self) -> SystemTime {
        let (seconds, nanos) = self.changed;
        let since = Duration::new(seconds.try_into().unwrap_or(0), nanos.try_into().unwrap_or(0));
        UNIX_EPOCH + since
    }

    fn is_recent(&self, now: SystemTime) -> bool {
        let tick = if self.changed.1 == 0 { COARSE } else { TICK };
        now.duration_since(self.time()).map_or(true, |age| age < tick)
    }
}

/// What an output lacks; `None`: it is as it should be.
pub(super) fn wanting(path: &Path, before: &Before, allow_empty: bool) -> Option<String> {
    let now = match fs::metadata(path) {
        Ok(now) => now,
        Err(error) if error.kind() == ErrorKind::NotFound => return Some("is not there".to_owned()),
        Err(error) => return Some(format!("cannot be looked at: {error}")),
    };
    if now.is_dir() {
        let is_empty = fs::read_dir(path).is_ok_and(|mut it| it.next().is_none());
        return (is_empty && !allow_empty).then(|| "is an empty directory".to_owned());
    }
    if !now.is_file() {
        return None;
    }
    if now.len() == 0 && !allow_empty {
        return Some("is empty".to_owned());
    }
    (!before.may_be_older_than(&now))
        .then(|| "was not written: it is what it was before the attempt".to_owned())
}

/// Whether what is there is an attempt's own, and can be moved: a file that it wrote, or a directory that it made.
pub(super) fn is_partial(path: &Path, before: &Before) -> bool {
    // What a link points to is elsewhere, and a link that is moved leads there no more.
    let Ok(now) = fs::symlink_metadata(path) else { return false };
    if now.is_dir() {
        return *before == Before::Missing && path.file_name().is_some();
    }
    now.is_file() && before.is_older_than(&now)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(path: &Path) -> Stamp {
        Stamp::of(&fs::metadata(path).unwrap())
    }

    #[test]
    fn what_was_there_is_told_from_what_was_written() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out");
        assert_eq!(Before::now(&path), Before::Missing);
        assert_eq!(wanting(&path, &Before::Missing, false).as_deref(), Some("is not there"));
        fs::write(&path, "").unwrap();
        assert_eq!(wanting(&path, &Before::Missing, false).as_deref(), Some("is empty"));
        assert_eq!(wanting(&path, &Before::Missing, true), None);
        fs::write(&path, "x").unwrap();
        assert_eq!(wanting(&path, &Before::Missing, false), None);
        let before = Before::There { stamp: stamp(&path), recent: false };
        let why = wanting(&path, &before, false).unwrap();
        assert_eq!(why, "was not written: it is what it was before the attempt");
        assert!(!is_partial(&path, &before));
        let recent = Before::There { stamp: stamp(&path), recent: true };
        assert_eq!(wanting(&path, &recent, false), None, "nobody can tell");
        assert!(!is_partial(&path, &recent), "and what may be older is not moved");
        fs::write(dir.path().join("other"), "y").unwrap();
        fs::rename(dir.path().join("other"), &path).unwrap();
        assert_eq!(wanting(&path, &before, false), None, "another file has its place");
        assert!(is_partial(&path, &before));
    }

    #[test]
    fn a_time_that_was_set_back_hides_no_writing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out");
        let began = SystemTime::now() - Duration::from_secs(60);
        fs::write(&path, "x").unwrap();
        fs::File::options().append(true).open(&path).unwrap().set_modified(UNIX_EPOCH).unwrap();
        assert_eq!(wanting(&path, &Before::Since(began), false), None);
        assert!(is_partial(&path, &Before::Since(began)));
        let later = Before::Since(SystemTime::now() + Duration::from_secs(60));
        assert!(wanting(&path, &later, false).is_some() && !is_partial(&path, &later));
        assert!(wanting(&path, &Before::Unknown, false).is_none() && !is_partial(&path, &Before::Unknown));
    }

    #[test]
    fn a_whole_second_is_no_time_that_tells_two_writings_apart() {
        let at = |nanos| Stamp { device: 1, inode: 1, size: 1, modified: (0, 0), changed: (100, nanos) };
        let now = |millis| UNIX_EPOCH + Duration::from_millis(millis);
        assert!(at(0).is_recent(now(101_900)) && !at(0).is_recent(now(102_000)));
        assert!(at(1).is_recent(now(100_010)) && !at(1).is_recent(now(100_030)));
        assert!(at(1).is_recent(now(99_000)), "of a clock that is ahead");
    }

    #[test]
    fn directories_and_devices_are_there_or_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out");
        fs::create_dir(&path).unwrap();
        assert_eq!(wanting(&path, &Before::Missing, false).as_deref(), Some("is an empty directory"));
        fs::write(path.join("part"), "").unwrap();
        assert_eq!(wanting(&path, &Before::Unknown, false), None);
        assert!(is_partial(&path, &Before::Missing));
        assert!(!is_partial(&path, &Before::now(&path)), "it was there before");
        assert_eq!(wanting(Path::new("/dev/null"), &Before::Unknown, false), None);
        assert!(!is_partial(Path::new("/dev/null"), &Before::Missing));
        std::os::unix::fs::symlink(&path, dir.path().join("link")).unwrap();
        assert!(!is_partial(&dir.path().join("link"), &Before::Missing));
    }
}
