//! `xqute logs`: what did a job write?

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;
use serde::Serialize;
use xqute::WorkDirView;

use crate::answer::{json, to_stdout};
use crate::status::known;

/// How often is looked whether there is more.
const PAUSE: Duration = Duration::from_millis(200);

#[derive(Debug, Parser)]
#[command(after_help = "\
What the job wrote to standard output goes to standard output, then what it wrote to standard error to standard error.

The JSON is one object a job and line: `index`, `state`, `stdout`, `stderr` (null: it was not asked for, or the job has
none yet), `lossy` (whether bytes that are no text were replaced).

Exit codes: 0 it was told, 2 there is no such run or job.")]
pub(crate) struct Args {
    #[command(flatten)]
    place: crate::args::Place,
    /// Only what it wrote to standard output
    #[arg(long, conflicts_with = "stderr")]
    stdout: bool,
    /// Only what it wrote to standard error
    #[arg(long)]
    stderr: bool,
    /// Go on until the job has ended, or its run
    #[arg(short, long, conflicts_with = "json")]
    follow: bool,
    /// Tell it as JSON
    #[arg(long)]
    json: bool,
    /// The jobs, one after the other
    #[arg(value_name = "INDEX", required = true)]
    indices: Vec<usize>,
}

/// A job's output, as JSON tells of it.
#[derive(Debug, Serialize)]
struct Told {
    index: usize,
    state: &'static str,
    stdout: Option<String>,
    stderr: Option<String>,
    lossy: bool,
}

/// Prints it.
pub(crate) fn show(args: &Args) -> Result<u8> {
    let mut view = WorkDirView::open(&args.place.workdir()?)?;
    known(&view, &args.indices)?;
    to_stdout(|out| {
        for index in &args.indices {
            match args.json {
                true => json(out, &read(&view, *index, args)?)?,
                false => print(&mut view, *index, args, out)?,
            }
        }
        Ok(())
    })
}

fn print(view: &mut WorkDirView, index: usize, args: &Args, out: &mut dyn Write) -> Result<()> {
    let files = view.files(index);
    let mut stdout = (!args.stderr).then(|| Tail::new(files.stdout()));
    let mut stderr = (!args.stdout).then(|| Tail::new(files.stderr()));
    loop {
        // First whether it is over, then the rest: so nothing is missed that was written in between.
        if args.follow {
            view.refresh()?;
        }
        let over = !args.follow || view.state(index).is_none_or(xqute::JobState::is_over);
        if let Some(tail) = &mut stdout {
            tail.copy(out)?;
            out.flush()?;
        }
        if let Some(tail) = &mut stderr {
            tail.copy(&mut io::stderr().lock())?;
        }
        if over {
            return Ok(());
        }
        std::thread::sleep(PAUSE);
    }
}

fn read(view: &WorkDirView, index: usize, args: &Args) -> Result<Told> {
    let files = view.files(index);
    let mut lossy = false;
    let mut text = |wanted: bool, path: PathBuf| -> Result<Option<String>> {
        let bytes = match fs::read(&path) {
            _ if !wanted => return Ok(None),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            bytes => bytes.with_context(|| format!("cannot read {}", path.display()))?,
        };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        lossy |= text.as_bytes() != bytes;
        Ok(Some(text))
    };
    let (stdout, stderr) = (text(!args.stderr, files.stdout())?, text(!args.stdout, files.stderr())?);
    let state = view.state(index).map_or("", xqute::JobState::name);
    Ok(Told { index, state, stdout, stderr, lossy })
}

/// A file that grows, and gives way to another of its name when the job is tried again.
struct Tail {
    path: PathBuf,
    open: Option<File>,
}

impl Tail {
    fn new(path: PathBuf) -> Self {
        Self { path, open: None }
    }

    /// Copies what there is more.
    fn copy(&mut self, to: &mut dyn Write) -> Result<()> {
        loop {
            if let Some(file) = &mut self.open {
                io::copy(file, to).with_context(|| format!("cannot print {}", self.path.display()))?;
            }
            match self.next()? {
                Some(file) => self.open = Some(file),
                None => return Ok(()),
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

fn cannot_read(path: &Path) -> String {
    format!("cannot read {}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_followed_and_so_is_the_next_of_its_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("job.stdout");
        let (mut tail, mut seen) = (Tail::new(path.clone()), Vec::new());
        tail.copy(&mut seen).unwrap();
        fs::write(&path, "a").unwrap();
        tail.copy(&mut seen).unwrap();
        fs::write(&path, "ab").unwrap();
        tail.copy(&mut seen).unwrap();
        tail.copy(&mut seen).unwrap();
        fs::rename(&path, dir.path().join("kept")).unwrap();
        fs::write(&path, "c").unwrap();
        tail.copy(&mut seen).unwrap();
        assert_eq!(seen, b"abc");
    }
}
