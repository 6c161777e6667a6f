//! What have jobs written whose supervisor is gone? Whoever learns how they ended puts that with the rest.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::path::Path;

use super::keeper::{Keeper, Output, Scratch, attempt, entry, own_file};
use super::log::{Fate, History, Known};
use super::record::Attempt;
use super::stranger::is_alive;
use crate::job::bundle::{supervisors, whose};
use crate::job::{LOCAL_OUTPUT, SLOTS_WHO, slot_names, slots_name};

/// Keeps what all jobs have written that run no more. The lock of the work directory is held: no process is about to become a
/// job.
pub(super) fn sweep(workdir: &Path, history: &History) -> io::Result<()> {
    let directory = workdir.join(LOCAL_OUTPUT);
    let mut seen = HashSet::new();
    // An attempt that was begun twice did not become a job the first time.
    for number in supervisors(&directory)? {
        let slots = directory.join(slots_name(number));
        let Some(who) = open_who(&slots)? else { continue };
        let is_gone = match who.try_lock() {
            Ok(()) => true,
            Err(TryLockError::WouldBlock) => false,
            Err(TryLockError::Error(error)) => return Err(error),
        };
        let mut is_over = is_gone;
        for (slot, entry) in whose(&who)? {
            let attempt = attempt(&entry);
            if seen.insert(attempt) && is_gone {
                is_over &= settle(&directory, &slots, slot, attempt, history.get(attempt))?;
            }
        }
        if is_over {
            fs::remove_dir_all(&slots)?;
        }
    }
    Ok(())
}

/// Whether nothing is left to keep of an attempt.
fn settle(
    directory: &Path,
    slots: &Path,
    slot: usize,
    attempt: Attempt,
    known: Option<&Known>,
) -> io::Result<bool> {
    let mut keeper = Keeper::open(directory)?;
    if keeper.has(attempt)? {
        return Ok(true);
    }
    if known.is_some_and(|it| it.fate.is_none() && is_alive(it.pid, it.start)) {
        return Ok(false);
    }
    let Some(scratch) = open(directory, slots, slot, attempt)? else { return Ok(true) };
    let is_empty = scratch.files.iter().all(|it| it.metadata().is_ok_and(|it| it.len() == 0));
    // One that is not in the log never became a job.
    if known.is_some() || !is_empty {
        let status = known.and_then(|it| it.fate).and_then(|it| match it {
            Fate::Ended(end) => Some(end.status),
            Fate::NotExecuted(_) | Fate::Lost(_) => None,
        });
        keeper.keep(&[Output { attempt, status, scratch: &scratch }])?;
    }
    Ok(true)
}

/// Keeps what one job has written, which has ended.
pub(super) fn collect(workdir: &Path, wanted: Attempt, status: Option<i32>) -> io::Result<()> {
    let directory = workdir.join(LOCAL_OUTPUT);
    for number in supervisors(&directory)? {
        let slots = directory.join(slots_name(number));
        let Some(who) = open_who(&slots)? else { continue };
        let slot = whose(&who)?.into_iter().find(|(_, entry)| attempt(entry) == wanted);
        let Some((slot, _)) = slot else { continue };
        let mut keeper = Keeper::open(&directory)?;
        if !keeper.has(wanted)?
            && let Some(scratch) = open(&directory, &slots, slot, wanted)?
        {
            keeper.keep(&[Output { attempt: wanted, status, scratch: &scratch }])?;
        }
        return Ok(());
    }
    Ok(())
}

fn open_who(slots: &Path) -> io::Result<Option<File>> {
    there(OpenOptions::new().read(true).write(true).open(slots.join(SLOTS_WHO)))
}

/// `None`: they are not there.
fn open(directory: &Path, slots: &Path, slot: usize, attempt: Attempt) -> io::Result<Option<Scratch>> {
    let paths = slot_names(slot).map(|it| slots.join(it));
    let file = |stream: usize| match there(File::open(&paths[stream]))? {
        // It is large, and its supervisor was about to say so.
        None => there(File::open(own_file(directory, &entry(attempt), stream == 0))),
        file => Ok(file),
    };
    let [out, err] = [file(0)?, file(1)?];
    Ok(out.zip(err).map(|(out, err)| Scratch { files: [out, err], paths }))
}

fn there(file: io::Result<File>) -> io::Result<Option<File>> {
    match file {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        file => file.map(Some),
    }
}
