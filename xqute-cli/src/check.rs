//! `xqute check`: is a work directory sound, and what of it can be mended?

use std::path::PathBuf;

use anyhow::Result;
use clap::Parser;
use xqute::{Checked, Finding};

use crate::answer::to_stdout;
use crate::exit;
use crate::plain;

#[derive(Debug, Parser)]
#[command(after_help = "\
Examples:
  xqute check                       the directory that `xqute run` takes here
  xqute check --repair results      what can be mended is mended

The journal is read from its first byte to its last: its header, the checksum of each record, and whether each makes sense after
those before it. Then the directories of the jobs, job.rc and job.status are compared with it. Each line says what was found and
what that means.

--repair cuts off a record that was only half written, leaves out what cannot be read (the journal as it was is kept beside it, as
journal.damaged-1, -2 …), and writes job.rc and job.status anew where they do not say what the journal says. What is lost is not
brought back; a job whose end is lost is run again when the same list is. No run can use the directory meanwhile, and where one
does, nothing is checked.

Exit codes: 0 it is sound, or all was mended, 1 something is wrong, 2 it is no work directory, or in use.")]
pub(crate) struct Args {
    #[command(flatten)]
    place: crate::args::Place,
    /// Mend what can be mended
    #[arg(long)]
    repair: bool,
    /// The directory, as with -w
    #[arg(value_name = "DIR", conflicts_with = "workdir")]
    dir: Option<PathBuf>,
}

/// Tells it.
pub(crate) fn show(args: &Args) -> Result<u8> {
    let dir = match &args.dir {
        Some(dir) => dir.clone(),
        None => args.place.workdir()?,
    };
    let Checked { findings, jobs, runs, records, .. } = xqute::check(dir, args.repair)?;
    to_stdout(|out| {
        for finding in &findings {
            writeln!(out, "{}", plain::whole(&line(finding)))?;
        }
        let end = match findings.iter().filter(|it| it.mended.is_none()).count() {
            0 if findings.is_empty() => "sound".to_owned(),
            0 => "all of it was mended".to_owned(),
            left => format!("{left} wrong"),
        };
        let counts = [(jobs as u64, "job"), (runs as u64, "run"), (records, "record")];
        let counts =
            counts.map(|(count, what)| format!("{count} {what}{}", if count == 1 { "" } else { "s" }));
        Ok(writeln!(out, "{end}: {}", counts.join(", "))?)
    })?;
    let is_wrong = findings.iter().any(|it| it.mended.is_none());
    Ok(if is_wrong { exit::JOBS_FAILED } else { exit::SUCCESS })
}

fn line(Finding { what, means, mended, .. }: &Finding) -> String {
    match mended {
        Some(mended) => format!("{what} ({means}): mended: {mended}"),
        None => format!("{what}: {means}"),
    }
}
