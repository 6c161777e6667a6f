//! Is what a job would write there already? Its signature tells: what it was made of, and what was made.
//!
//! A signature is the command, and of each input and output its size and the time of its last change, compared for being the same. Not
//! the content: an input may be larger than a job takes time, and who touches a file wants what depends on it made again, as with make.
//!
//! It is two small files, one written before a job runs, the other when its outputs have been verified. A torn one equals nothing.

use std::fmt::Write as _;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use xqute::Job;

/// The signatures of a pipeline.
#[derive(Debug)]
pub(crate) struct Cache {
    dir: PathBuf,
}

impl Cache {
    /// In this directory, which is for its owner alone: there are commands in the files.
    pub(crate) fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    /// Whether the job, which is made of this, need not run.
    pub(crate) fn has(&self, job: &Job, made_of: &str) -> bool {
        let kept = fs::read_to_string(self.file(job, "done"));
        kept.is_ok_and(|kept| made(job).is_ok_and(|made| kept == made_of.to_owned() + &made))
    }

    /// The job is about to run: nothing is left of what was made before, so that what is there afterwards is its own. No signature is
    /// of that: it says other times.
    pub(crate) fn begin(&self, job: &Job, made_of: &str) -> io::Result<()> {
        job.outputs().try_for_each(remove)?;
        self.write(&self.file(job, "begun"), made_of)
    }

    /// The job has run. Its inputs count as they were before.
    ///
    /// # Errors
    ///
    /// An output is missing: which.
    pub(crate) fn finish(&self, job: &Job) -> io::Result<()> {
        let (made, begun) = (made(job)?, self.file(job, "begun"));
        let made_of = fs::read_to_string(&begun).map_err(|error| naming("signature", &begun, &error))?;
        self.write(&self.file(job, "done"), &(made_of + &made))
    }

    /// Jobs have names that tell them apart: `PROCESS/STEM`.
    fn file(&self, job: &Job, kind: &str) -> PathBuf {
        self.dir.join(format!("{}.{kind}", job.name().unwrap_or_default()))
    }

    fn write(&self, path: &Path, text: &str) -> io::Result<()> {
        let folder = path.parent().unwrap_or(&self.dir);
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let mut file = OpenOptions::new();
        file.write(true).create(true).truncate(true).mode(0o600);
        let written = file.open(path).and_then(|mut file| file.write_all(text.as_bytes()));
        written.map_err(|error| naming("signature", path, &error))
    }
}

/// What a job is made of, now.
///
/// # Errors
///
/// An input cannot be found: which.
pub(crate) fn made_of(job: &Job) -> io::Result<String> {
    let mut text = format!("command {:?}\n", job.argv());
    job.inputs().try_for_each(|path| stamp(&mut text, "input", path))?;
    Ok(text)
}

fn made(job: &Job) -> io::Result<String> {
    let mut text = String::new();
    job.outputs().try_for_each(|path| stamp(&mut text, "output", path))?;
    Ok(text)
}

fn stamp(text: &mut String, what: &str, path: &Path) -> io::Result<()> {
    let seen = fs::metadata(path).map_err(|error| naming(what, path, &error))?;
    let (size, seconds, nanos) = (seen.size(), seen.mtime(), seen.mtime_nsec());
    // A text takes whatever is written to it.
    let _ = writeln!(text, "{what} {path:?} {size} {seconds}.{nanos:09}");
    Ok(())
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(naming("earlier result", path, &error)),
        _ => Ok(()),
    }
}

fn naming(what: &str, path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("the {what} {}: {error}", path.display()))
}
