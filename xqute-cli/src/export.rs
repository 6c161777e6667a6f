//! `xqute export`: how does what jobs wrote come into files of their own?

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::ops::RangeInclusive;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use clap::Parser;
use xqute::{JobFiles, Stream, WorkDirView};

use crate::options;
use crate::status::meant;
use crate::{exit, say};

#[derive(Debug, Parser)]
#[command(after_help = "\
Each job that something is kept of gets the directory TO/<index> with job.stdout, job.stderr and, where it has an exit code, job.rc:
what it has in a work directory without `--output`. What is there already is not overwritten.

Exit codes: 0 it was done, 2 there is no such run or job, or a file is there already or cannot be written.")]
pub(crate) struct Args {
    #[command(flatten)]
    place: crate::args::Place,
    /// Where to: a directory, which is made
    #[arg(long, value_name = "TO", default_value = "xqute-export")]
    to: PathBuf,
    /// The jobs, as `3` or `0-3,7` [default: all]
    #[arg(value_name = "INDEX", value_delimiter = ',', value_parser = options::indices)]
    indices: Vec<RangeInclusive<usize>>,
}

/// Writes the files.
pub(crate) fn export(args: &Args) -> Result<u8> {
    let workdir = args.place.workdir()?;
    let mut view = WorkDirView::open(&workdir)?;
    let wanted = match args.indices.is_empty() {
        true => (0..view.len()).collect(),
        false => meant(&view, &args.indices)?,
    };
    make(&args.to, true)?;
    if same(&args.to, &workdir)? {
        bail!("`--to {}` is the work directory itself: name another one", args.to.display());
    }
    let (to, mut count): (Arc<Path>, usize) = (args.to.as_path().into(), 0);
    for index in wanted {
        count += usize::from(one(&mut view, index, &JobFiles::new(Arc::clone(&to), index))?);
    }
    let jobs = if count == 1 { "1 job".to_owned() } else { format!("{count} jobs") };
    say(format_args!("what {jobs} wrote is in {}", args.to.display()));
    Ok(exit::SUCCESS)
}

/// Whether something is kept of a job.
fn one(view: &mut WorkDirView, index: usize, to: &JobFiles) -> Result<bool> {
    let files = view.files(index);
    let read = |stream| files.output(stream).with_context(|| format!("cannot read what job {index} wrote"));
    let (Some(stdout), Some(stderr)) = (read(Stream::Stdout)?, read(Stream::Stderr)?) else {
        return Ok(false);
    };
    make(&to.metadir(), false)?;
    write(&to.stdout(), stdout)?;
    write(&to.stderr(), stderr)?;
    if let Some(rc) = view.job(index)?.and_then(|it| it.rc) {
        write(&to.rc(), format!("{rc}\n").as_bytes())?;
    }
    Ok(true)
}

fn make(path: &Path, all: bool) -> Result<()> {
    match DirBuilder::new().mode(0o700).recursive(all).create(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            bail!(
                "{} is there already: nothing in it was changed; name another directory (`--to`)",
                path.display()
            )
        }
        made => made.with_context(|| format!("cannot make {}", path.display())),
    }
}

fn write(path: &Path, mut from: impl Read) -> Result<()> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    file.and_then(|mut file| io::copy(&mut from, &mut file))
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(())
}

fn same(one: &Path, other: &Path) -> Result<bool> {
    let real = |it: &Path| it.canonicalize().with_context(|| format!("cannot find {}", it.display()));
    Ok(real(one)? == real(other)?)
}
