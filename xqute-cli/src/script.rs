//! `xqute script`: what ran, and how is it run by hand?

use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::ops::RangeInclusive;

use anyhow::{Context, Result, bail};
use clap::Parser;
use xqute::{Argv, JobFiles, JobView, WorkDirView, script};

use crate::answer::to_stdout;
use crate::status::meant;
use crate::{options, plain};

#[derive(Debug, Parser)]
#[command(after_help = "\
It is a script for a shell: `xqute script 2 | sh` does what the job did, in its directory, prints what the job printed, and
leaves the job's files as they are. Where something stood around the command (--prescript, --postscript, a plugin's text),
that is in it; what it prints goes to standard error.

The values of variables that a job is given (-e) are not kept: their names stand in a comment, to be set first.

Exit codes: 0 it was told, 2 there is no such run or job.")]
pub(crate) struct Args {
    #[command(flatten)]
    place: crate::args::Place,
    /// The jobs, as `3` or `0-3,7`
    #[arg(value_name = "INDEX", required = true, value_delimiter = ',', value_parser = options::indices)]
    indices: Vec<RangeInclusive<usize>>,
}

/// Prints it.
pub(crate) fn show(args: &Args) -> Result<u8> {
    let mut view = WorkDirView::open(&args.place.workdir()?)?;
    let mut text = Vec::new();
    for index in meant(&view, &args.indices)? {
        text.extend(one(&mut view, index)?);
    }
    to_stdout(|out| out.write_all(&text).context("cannot write to standard output"))
}

fn one(view: &mut WorkDirView, index: usize) -> Result<Vec<u8>> {
    let Some(job) = view.job(index)? else { bail!("there is no job {index}") };
    let files = view.files(index);
    Ok(match wrapped(view, &files)? {
        Some(script) => match script::by_hand(&script) {
            Some(by_hand) => around(&job, &files, &heredoc(job.index, &by_hand)),
            None => warned(&script),
        },
        None => match Argv::new(&job.argv) {
            Ok(argv) => around(&job, &files, &[&script::line(&argv)[..], b" </dev/null\n"].concat()),
            Err(_) => bail!("the command of job {index} cannot be read: the journal is damaged"),
        },
    })
}

/// The directory and the variables that the job had, before what it ran.
fn around(job: &JobView, files: &JobFiles, ran: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    if !job.env.is_empty() {
        let names: Vec<_> = job.env.iter().map(|it| plain::whole(&it.to_string_lossy())).collect();
        let names = names.join(" ");
        text.extend(
            format!("# The job was given variables whose values are not kept; set them first: {names}\n")
                .bytes(),
        );
    }
    if let Some(cwd) = &job.cwd {
        text.extend([b"cd -- ", &script::word(cwd.as_os_str())[..], b" &&\n"].concat());
    }
    // A job's program is never what a shell has of the same name, as `echo` often is. But to `env`, `A=b` is no program.
    if !job.argv.first().is_some_and(|program| program.as_encoded_bytes().contains(&b'=')) {
        text.extend_from_slice(b"env ");
    }
    let index = job.index.to_string();
    let (workdir, metadir) = (files.workdir().as_os_str(), files.metadir());
    for (name, value) in [
        ("XQUTE_JOB_INDEX=", OsStr::new(&index)),
        ("XQUTE_METADIR=", workdir),
        ("XQUTE_JOB_METADIR=", metadir.as_os_str()),
    ] {
        text.extend([name.as_bytes(), &script::word(value), b" "].concat());
    }
    text.extend_from_slice(b"\\\n");
    text.extend_from_slice(ran);
    text
}

/// So that any shell has bash read it, and nothing of it from standard input.
fn heredoc(index: usize, script: &[u8]) -> Vec<u8> {
    let mut end = format!("END_OF_JOB_{index}");
    while script.split(|it| *it == b'\n').any(|line| line == end.as_bytes()) {
        end.push('_');
    }
    let begin = format!("bash /dev/fd/3 3<<'{end}' </dev/null\n");
    [begin.as_bytes(), script, end.as_bytes(), b"\n"].concat()
}

/// Behind its first line, what becomes of the job's files if somebody runs it. It is another version's script.
fn warned(script: &[u8]) -> Vec<u8> {
    const WARNING: &[u8] =
        b"# As it ran. If you run it again, it replaces this job's output and exit code.\n";
    let first = script.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let (head, rest) = script.split_at(first);
    [head, WARNING, rest].concat()
}

/// The script that the job ran in, if it did; that of the last backend, if there were several.
fn wrapped(view: &WorkDirView, files: &JobFiles) -> Result<Option<Vec<u8>>> {
    let runs: Vec<&str> = view.runs().map(|it| &*it.scheduler).collect();
    for scheduler in runs.into_iter().rev() {
        let path = files.script(scheduler);
        match fs::read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            read => return read.map(Some).with_context(|| format!("cannot read {}", path.display())),
        }
    }
    Ok(None)
}
