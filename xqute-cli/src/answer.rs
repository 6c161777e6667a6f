//! Where do the answers of the verbs that look go? To standard output, until whoever reads has read enough.

use std::ffi::OsStr;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::{args, exit};

/// Lets `answer` write to standard output. That nobody reads any more is a quiet end.
pub(crate) fn to_stdout(answer: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<u8> {
    let mut out = BufWriter::new(io::stdout().lock());
    let answered = answer(&mut out).and_then(|()| out.flush().context("cannot write to standard output"));
    match answered {
        Err(error) if is_broken_pipe(&error) => Ok(exit::SUCCESS),
        answered => answered.map(|()| exit::SUCCESS),
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let kind = |it: &(dyn std::error::Error + 'static)| it.downcast_ref().map(io::Error::kind);
    error.chain().any(|it| kind(it) == Some(ErrorKind::BrokenPipe))
}

/// Writes a value as one line of JSON.
pub(crate) fn json(out: &mut dyn Write, value: &impl Serialize) -> Result<()> {
    serde_json::to_writer(&mut *out, value).map_err(io::Error::from)?;
    out.write_all(b"\n").context("cannot write to standard output")
}

/// A command of this program about the same work directory, to be typed.
pub(crate) fn hint(words: &[&str], workdir: &Path) -> String {
    let mut words: Vec<&OsStr> = ["xqute"].iter().chain(words).map(OsStr::new).collect();
    let default = Path::new(xqute::DEFAULT_WORKDIR);
    let is_default = workdir == default || std::path::absolute(default).is_ok_and(|it| it == workdir);
    // Where a setting names another, the default has to be typed, too.
    if !is_default || args::Place::default().workdir().map_or(true, |it| it != default) {
        words.extend([OsStr::new("-w"), workdir.as_os_str()]);
    }
    String::from_utf8_lossy(&words.into_iter().map(xqute::script::word).collect::<Vec<_>>().join(&b' '))
        .into_owned()
}
