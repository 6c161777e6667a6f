//! Is a work directory sound? And what of it can be mended, that is.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf, absolute};

use super::error::{JournalError, WorkDirError};
use super::frame::HEAD;
use super::journal::is_there;
use super::reader::{Part, Reader};
use super::rewrite::Rewriting;
use super::workdir::{journal_path, lock};

mod files;
mod order;
mod output;

use order::{Order, Wrong};

/// What a check of a work directory came to.
#[derive(Debug)]
#[non_exhaustive]
pub struct Checked {
    /// What is wrong, or was.
    pub findings: Vec<Finding>,
    /// How many jobs there are.
    pub jobs: usize,
    /// How many runs there were.
    pub runs: usize,
    /// How many records the journal has.
    pub records: u64,
}

/// Something that is wrong in a work directory.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// What was found, and where.
    pub what: String,
    /// What that means.
    pub means: &'static str,
    /// What was done about it. `None`: nothing, it is still so.
    pub mended: Option<String>,
}

impl Finding {
    fn new(what: String, means: &'static str) -> Self {
        Self { what, means, mended: None }
    }
}

/// What is to be done to the journal.
#[derive(Debug, Default)]
struct Cure {
    /// It ends here; what follows is torn.
    cut: Option<u64>,
    /// Parts of it are to be left out.
    rewrite: bool,
    /// There are records in it that this xqute cannot carry over.
    unknown: bool,
}

/// Looks at the journal of a work directory and at the files of its jobs. `repair`: and mends what can be mended.
///
/// # Errors
///
/// It is no work directory, a run uses it, or the system refuses.
pub fn check(workdir: impl AsRef<Path>, repair: bool) -> Result<Checked, WorkDirError> {
    let given = workdir.as_ref();
    let refused = |error| WorkDirError::Io { path: given.to_owned(), error };
    let (workdir, journal) = (absolute(given).map_err(refused)?, journal_path(given));
    if !workdir.is_dir() || !is_there(&journal, false)? {
        return Err(WorkDirError::NoRun { path: given.to_owned() });
    }
    let _lock = lock(&workdir)?;
    let refused = |error| JournalError::Io { path: journal.clone(), error };
    let mut reader = Reader::new(File::open(&journal).map_err(refused)?, &journal)?;
    let (mut checked, order, cure) = read(&mut reader).map_err(refused)?;
    if repair {
        mend(&journal, &cure, &mut checked.findings).map_err(refused)?;
    }
    checked.findings.extend(order.at_the_end());
    files::check(&workdir, &order, repair, &mut checked.findings)?;
    output::check(&workdir, &order, &mut checked.findings)?;
    Ok(checked)
}

fn read(reader: &mut Reader<File>) -> io::Result<(Checked, Order, Cure)> {
    let mut order = Order::new((reader.end() / HEAD as u64) as usize);
    let (mut cure, mut findings, mut records) = (Cure::default(), Vec::new(), 0);
    while let Some(Part { at, bytes, record }) = reader.next()? {
        let Some(record) = record else {
            // Only what is whole is told to end where it does.
            let is_whole = reader.sound() == at + bytes;
            findings.push(damage(at, bytes, is_whole, reader.end(), &mut cure));
            continue;
        };
        records += 1;
        if let Err(Wrong { what, no_sense }) = order.take(&record) {
            cure.rewrite |= no_sense;
            findings.push(Finding::new(format!("byte {at} of the journal: {what}"), order::means(no_sense)));
        }
    }
    Ok((Checked { findings, jobs: order.jobs(), runs: order.runs(), records }, order, cure))
}

fn damage(at: u64, bytes: u64, is_whole: bool, end: u64, cure: &mut Cure) -> Finding {
    let place = format!("{bytes} bytes of the journal from byte {at} on");
    if at == 0 || (at == HALF && bytes == HALF) {
        cure.rewrite = true;
        return Finding::new(
            format!("{place} are a damaged half of its header"),
            "the other half is sound: nothing is lost",
        );
    }
    if is_whole {
        cure.unknown = true;
        return Finding::new(
            format!("{place} are a record of a kind that is not known"),
            "a newer xqute wrote it: use that one",
        );
    }
    if at + bytes == end {
        cure.cut = Some(at);
        return Finding::new(
            format!("{place}, its last, are no whole record"),
            "the program ended while it was written; the next run cuts it off, and nobody was told of it",
        );
    }
    cure.rewrite = true;
    Finding::new(
        format!("{place} cannot be read"),
        "records are lost: a job whose end was among them counts as not ended, and is run again",
    )
}

/// The length of one half of the header.
const HALF: u64 = super::frame::HEADER as u64 / 2;

/// All findings up to here are about the journal.
fn mend(journal: &Path, cure: &Cure, findings: &mut [Finding]) -> io::Result<()> {
    if cure.unknown {
        return Ok(());
    }
    if cure.rewrite {
        let kept = rewrite(journal)?;
        let done = format!("the journal was written anew without it; the old one is {}", kept.display());
        let curable = |it: &&mut Finding| it.means != order::means(false);
        findings.iter_mut().filter(curable).for_each(|it| it.mended = Some(done.clone()));
    } else if let Some(at) = cure.cut {
        let file = File::options().write(true).open(journal)?;
        file.set_len(at)?;
        file.sync_all()?;
        if let Some(torn) = findings.iter_mut().find(|it| it.what.contains("its last, are no whole record")) {
            torn.mended = Some("it was cut off".to_owned());
        }
    }
    Ok(())
}

/// Writes the journal anew with all that can be read and makes sense. Gives what the old one is called then.
fn rewrite(journal: &Path) -> io::Result<PathBuf> {
    let mut reader = Reader::new(File::open(journal)?, journal).map_err(io::Error::other)?;
    let mut order = Order::new((reader.end() / HEAD as u64) as usize);
    let mut rewriting = Rewriting::begin(journal)?;
    while let Some(Part { record, .. }) = reader.next()? {
        let Some(record) = record else { continue };
        if !order.take(&record).is_err_and(|it| it.no_sense) {
            rewriting.push(&record)?;
        }
    }
    let kept = keep(journal)?;
    rewriting.finish()?;
    Ok(kept)
}

/// Gives the journal a second name, the first that is free.
fn keep(journal: &Path) -> io::Result<PathBuf> {
    let mut number = 1_u64;
    loop {
        let mut name = journal.as_os_str().to_owned();
        name.push(format!(".damaged-{number}"));
        match fs::hard_link(journal, &name) {
            Ok(()) => return Ok(name.into()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            // Not every file system has second names.
            Err(_) => return fs::copy(journal, &name).map(|_| name.into()),
        }
    }
}

#[cfg(test)]
mod tests;
