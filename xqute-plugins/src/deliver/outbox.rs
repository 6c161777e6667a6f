//! Where does a message wait, so that no death of the program loses it?
//!
//! A file a message, 0600, there before the first attempt and gone after the delivery. Those that were refused for good are in
//! `refused`, each with its reason: who has mended what was wrong moves them back.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::message::Message;

const SUFFIX: &str = ".json";
const UNFINISHED: &str = ".new";

#[derive(Debug)]
pub(super) struct Outbox {
    dir: PathBuf,
}

impl Outbox {
    /// The one in this directory, which is made.
    pub(super) fn open(dir: PathBuf) -> io::Result<Self> {
        make(&dir)?;
        let unfinished =
            |it: &Path| it.extension().is_some_and(|it| it.as_encoded_bytes() == &UNFINISHED.as_bytes()[1..]);
        for entry in fs::read_dir(&dir)? {
            let path = entry?.path();
            if unfinished(&path) {
                fs::remove_file(path)?;
            }
        }
        Ok(Self { dir })
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn refused_dir(&self) -> PathBuf {
        self.dir.join("refused")
    }

    fn path(&self, id: &str) -> PathBuf {
        self.dir.join(format!("{id}{SUFFIX}"))
    }

    /// The messages that wait, the oldest first.
    pub(super) fn ids(&self) -> io::Result<Vec<String>> {
        let mut ids = Vec::new();
        let entries = match fs::read_dir(&self.dir) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(ids),
            entries => entries?,
        };
        for entry in entries {
            let name = entry?.file_name();
            ids.extend(name.to_str().and_then(|it| it.strip_suffix(SUFFIX)).map(str::to_owned));
        }
        ids.sort_unstable();
        Ok(ids)
    }

    /// Keeps a message; when this returns it is on the disk.
    pub(super) fn keep(&self, message: &Message) -> io::Result<()> {
        let text = serde_json::to_vec(message)?;
        put(&self.path(&message.id), &text)?;
        File::open(&self.dir)?.sync_all()
    }

    /// A message that waits; `None`: it waits no longer.
    pub(super) fn read(&self, id: &str) -> io::Result<Option<Message>> {
        match fs::read(self.path(id)) {
            Ok(text) => Ok(Some(serde_json::from_slice(&text)?)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A message was delivered.
    pub(super) fn remove(&self, id: &str) -> io::Result<()> {
        match fs::remove_file(self.path(id)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// A message will not be delivered, for this reason.
    pub(super) fn refuse(&self, id: &str, why: &str) -> io::Result<()> {
        let refused = self.refused_dir();
        make(&refused)?;
        put(&refused.join(format!("{id}.why")), format!("{why}\n").as_bytes())?;
        fs::rename(self.path(id), refused.join(format!("{id}{SUFFIX}")))
    }

    /// Nothing more is kept: where nothing waits, no directory is left for it.
    pub(super) fn close(&self) {
        // One that is not empty stays.
        let _ = fs::remove_dir(&self.dir);
    }
}

fn make(dir: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

/// Writes a file that is there as a whole or not at all.
fn put(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(UNFINISHED);
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    file.write_all(text).and_then(|()| file.sync_all())?;
    fs::rename(&unfinished, path)
}
