//! Where is what commands print? In `DIR/plugins/exec/exec.log`, which does not grow without end.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use super::child::{End, Kept, Order, Ran};

/// From this size on it is renamed to `exec.log.1`, in the place of the last one of that name, and another begins.
const LARGEST: u64 = 8 << 20;

#[derive(Debug)]
pub(super) struct Log {
    path: PathBuf,
    file: Mutex<File>,
}

impl Log {
    /// Goes on with the log of this directory.
    pub(super) fn open(directory: &Path) -> io::Result<Self> {
        let path = directory.join("exec.log");
        let file = Mutex::new(append(&path)?);
        Ok(Self { path, file })
    }

    /// Writes down what a command has printed, and how it ended; nothing of one that ended with 0 and printed nothing.
    pub(super) fn add(&self, order: &Order, ran: &Ran) -> io::Result<()> {
        let is_well = matches!(&ran.end, End::Exited(status) if status.success());
        if is_well && ran.answer.is_empty() && ran.told.is_empty() {
            return Ok(());
        }
        let ((command, what), now) = (&order.told, SystemTime::now().duration_since(UNIX_EPOCH));
        let now = xqute::utc(now.map_or(0, |it| u64::try_from(it.as_millis()).unwrap_or(u64::MAX)));
        let mut entry = format!("{now} {what}: {command}: {}\n", ran.end).into_bytes();
        lines(&mut entry, "> ", &ran.answer);
        lines(&mut entry, "| ", &ran.told);
        self.write(&entry)
    }

    fn write(&self, entry: &[u8]) -> io::Result<()> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if file.metadata()?.len() + entry.len() as u64 > LARGEST {
            fs::rename(&self.path, self.path.with_extension("log.1"))?;
            *file = append(&self.path)?;
        }
        file.write_all(entry)
    }
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).mode(0o600).open(path)
}

/// Each line behind a mark, so that none is taken for the beginning of an entry.
fn lines(entry: &mut Vec<u8>, mark: &str, kept: &Kept) {
    let text = kept.bytes.strip_suffix(b"\n").unwrap_or(&kept.bytes);
    if !kept.bytes.is_empty() {
        for line in text.split(|it| *it == b'\n') {
            entry.extend_from_slice(mark.as_bytes());
            entry.extend_from_slice(line);
            entry.push(b'\n');
        }
    }
    if kept.lost > 0 {
        entry.extend_from_slice(format!("{mark}… and {} bytes more\n", kept.lost).as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn it_is_for_its_owner_and_does_not_grow_without_end() {
        let directory = tempfile::tempdir().unwrap();
        let log = Log::open(directory.path()).unwrap();
        let entry = vec![b'x'; 1 << 20];
        for _ in 0..20 {
            log.write(&entry).unwrap();
        }
        let sizes = ["exec.log", "exec.log.1"].map(|it| {
            let about = fs::metadata(directory.path().join(it)).unwrap();
            assert_eq!(about.permissions().mode() & 0o777, 0o600);
            about.len()
        });
        assert!(sizes.iter().all(|it| (1..=LARGEST).contains(it)), "{sizes:?}");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
    }

    #[test]
    fn each_line_has_its_mark() {
        let mut entry = Vec::new();
        lines(&mut entry, "| ", &Kept { bytes: b"a\n\nb".to_vec(), lost: 5 });
        lines(&mut entry, "> ", &Kept::default());
        assert_eq!(String::from_utf8(entry).unwrap(), "| a\n| \n| b\n| … and 5 bytes more\n");
    }
}
