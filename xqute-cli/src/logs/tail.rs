//! What is new in a file that somebody writes?

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// So much is read at a time.
const BUFFER: usize = 1 << 16;

/// A file that grows, and gives way to another of its name when the job is tried again.
#[derive(Debug)]
pub(super) struct Tail {
    path: PathBuf,
    open: Option<File>,
}

impl Tail {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, open: None }
    }

    /// Hands over what there is more.
    pub(super) fn copy(&mut self, mut to: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let mut buffer = vec![0; BUFFER];
        loop {
            match self.more(&mut buffer)? {
                0 => return Ok(()),
                read => to(&buffer[..read])?,
            }
        }
    }

    /// Reads what there is more. 0: nothing, for now.
    fn more(&mut self, buffer: &mut [u8]) -> Result<usize> {
        loop {
            let read = match &mut self.open {
                Some(file) => file.read(buffer).with_context(|| cannot_read(&self.path))?,
                None => 0,
            };
            if read > 0 {
                return Ok(read);
            }
            match self.next()? {
                Some(file) => self.open = Some(file),
                None => return Ok(0),
            }
        }
    }

    /// The file, if it is another than the one that is open. A job that never ran has none.
    fn next(&self) -> Result<Option<File>> {
        let file = match File::open(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            file => file.with_context(|| cannot_read(&self.path))?,
        };
        let id = |file: &File| file.metadata().map(|it| (it.dev(), it.ino()));
        let new = id(&file).with_context(|| cannot_read(&self.path))?;
        let old = self.open.as_ref().map(id).transpose().with_context(|| cannot_read(&self.path))?;
        Ok((old != Some(new)).then_some(file))
    }
}

pub(super) fn cannot_read(path: &Path) -> String {
    format!("cannot read {}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_file_is_followed_and_so_is_the_next_of_its_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("job.stdout");
        let (mut tail, mut seen) = (Tail::new(path.clone()), Vec::new());
        let mut copy = || {
            tail.copy(|more| {
                seen.extend_from_slice(more);
                Ok(())
            })
            .unwrap();
        };
        copy();
        fs::write(&path, "a").unwrap();
        copy();
        fs::write(&path, "ab").unwrap();
        copy();
        copy();
        fs::rename(&path, dir.path().join("kept")).unwrap();
        fs::write(&path, "c").unwrap();
        copy();
        assert_eq!(seen, b"abc");
    }
}
