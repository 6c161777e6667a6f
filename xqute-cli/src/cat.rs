//! `xqute cat`: what did jobs write, byte by byte and nothing else?

use std::io;
use std::ops::RangeInclusive;

use anyhow::{Context, Result, bail};
use clap::Parser;
use xqute::{Stream, WorkDirView};

use crate::answer::to_stdout;
use crate::options;
use crate::status::meant;

#[derive(Debug, Parser)]
#[command(after_help = "\
It is what the last attempt that has ended wrote, wherever it is kept (`--output`); the jobs one after the other, in the order in
which they are named. `xqute logs` tells whose it is, of earlier attempts, and of what runs.

Exit codes: 0 it was told, 2 there is no such run or job, or nothing of it is kept.")]
pub(crate) struct Args {
    #[command(flatten)]
    place: crate::args::Place,
    /// What they wrote to standard error instead
    #[arg(long)]
    stderr: bool,
    /// The jobs, as `3` or `0-3,7`
    #[arg(value_name = "INDEX", required = true, value_delimiter = ',', value_parser = options::indices)]
    indices: Vec<RangeInclusive<usize>>,
}

/// Prints it.
pub(crate) fn show(args: &Args) -> Result<u8> {
    let view = WorkDirView::open(&args.place.workdir()?)?;
    let stream = if args.stderr { Stream::Stderr } else { Stream::Stdout };
    let wanted = meant(&view, &args.indices)?;
    to_stdout(|out| {
        for index in wanted {
            let cannot = || format!("cannot read what job {index} wrote");
            let Some(mut written) = view.files(index).output(stream).with_context(cannot)? else {
                bail!("nothing is kept of what job {index} wrote: `xqute logs {index}` tells why");
            };
            io::copy(&mut written, out).with_context(cannot)?;
        }
        Ok(())
    })
}
