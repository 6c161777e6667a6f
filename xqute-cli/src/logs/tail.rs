//! What is new in that which a job writes?

use std::fs::File;
use std::io::{ErrorKind, Read};

use anyhow::{Context, Result, bail};
use xqute::{JobFiles, Stream, Written};

/// So much is read at a time.
const BUFFER: usize = 1 << 16;

/// What a job writes, which grows, and gives way to what the next attempt writes when the job is tried again.
#[derive(Debug)]
pub(super) struct Tail {
    files: JobFiles,
    stream: Stream,
    open: Option<Open>,
    /// Only what is open.
    is_alone: bool,
}

#[derive(Debug)]
enum Open {
    Written(Written),
    /// Of an attempt that is over.
    File(File),
}

impl Tail {
    /// `attempt`: which one, from 1, instead of the last.
    pub(super) fn new(files: &JobFiles, stream: Stream, attempt: Option<usize>) -> Result<Self> {
        let of = |open, is_alone| Self { files: files.clone(), stream, open, is_alone };
        let Some(attempt) = attempt else { return Ok(of(None, false)) };
        let open = earlier(files, stream, attempt)?;
        Ok(open.map_or_else(|| of(None, false), |it| of(it, true)))
    }

    /// Whether there is something, be it empty.
    pub(super) fn is_there(&self) -> bool {
        self.open.is_some()
    }

    /// Hands over what there is more.
    pub(super) fn copy(&mut self, mut to: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let mut buffer = vec![0; BUFFER];
        loop {
            match self.more(&mut buffer).with_context(|| cannot_read(&self.files, self.stream))? {
                0 => return Ok(()),
                read => to(&buffer[..read])?,
            }
        }
    }

    /// Reads what there is more. 0: nothing, for now.
    fn more(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        loop {
            let (read, written) = match &mut self.open {
                Some(Open::Written(written)) => (written.read(buffer)?, Some(&*written)),
                Some(Open::File(file)) => (file.read(buffer)?, None),
                None => (0, None),
            };
            if read > 0 || self.is_alone {
                return Ok(read);
            }
            match self.files.follow(self.stream, written)? {
                Some(next) => self.open = Some(Open::Written(next)),
                None => return Ok(0),
            }
        }
    }
}

/// What an attempt before the last has written, or nothing of it; `None`: it is the last. Those that have files come first, then
/// those that have none.
fn earlier(files: &JobFiles, stream: Stream, number: usize) -> Result<Option<Option<Open>>> {
    let folder = |number: usize| files.retries().join(number.to_string());
    let folders = (0..).take_while(|number| folder(*number).is_dir()).count();
    let mut others = files.earlier_output(stream).with_context(|| cannot_read(files, stream))?;
    let earlier = folders + others.len();
    let index = files.index();
    match number {
        number if number == earlier + 1 => Ok(None),
        number if (1..=folders).contains(&number) => {
            let name = match stream {
                Stream::Stdout => files.stdout(),
                Stream::Stderr => files.stderr(),
                Stream::Script => files.script_log(),
            };
            let path = folder(number - 1).join(name.file_name().unwrap_or_default());
            match File::open(&path) {
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(Some(None)),
                file => {
                    let file = file.with_context(|| format!("cannot read {}", path.display()))?;
                    Ok(Some(Some(Open::File(file))))
                }
            }
        }
        number if (1..=earlier).contains(&number) => {
            Ok(Some(others.swap_remove(number - folders - 1).map(Open::Written)))
        }
        _ if earlier == 0 => bail!("there is no attempt {number} of job {index}: the only one is 1"),
        _ => bail!(
            "there is no attempt {number} of job {index}: they are numbered from 1 to {}, which is the last",
            earlier + 1
        ),
    }
}

pub(crate) fn cannot_read(files: &JobFiles, stream: Stream) -> String {
    let what = match stream {
        Stream::Stdout => "to standard output",
        Stream::Stderr => "to standard error",
        Stream::Script => "around its command",
    };
    format!(
        "cannot read what job {} wrote {what} (work directory {})",
        files.index(),
        files.workdir().display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_file_is_followed_and_so_is_the_next_of_its_name() {
        let dir = tempfile::tempdir().unwrap();
        let files = JobFiles::new(dir.path().into(), 0);
        fs::create_dir(files.metadir()).unwrap();
        let (mut tail, mut seen) = (Tail::new(&files, Stream::Stdout, None).unwrap(), Vec::new());
        let mut copy = || {
            tail.copy(|more| {
                seen.extend_from_slice(more);
                Ok(())
            })
            .unwrap();
        };
        copy();
        fs::write(files.stdout(), "a").unwrap();
        copy();
        fs::write(files.stdout(), "ab").unwrap();
        copy();
        copy();
        fs::rename(files.stdout(), dir.path().join("kept")).unwrap();
        fs::write(files.stdout(), "c").unwrap();
        copy();
        assert_eq!(seen, b"abc");
    }
}
