//! Where do jobs write that run, and have no files of their own? Each to a pair of files that it has alone, and that the next one
//! gets when it has ended: to make files costs more than to start a process.

use std::ffi::{CStr, CString};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process_group};

use super::keeper::{Keeper, Output, Scratch, entry};
use super::record::Attempt;
use super::system;
use crate::job::bundle::{SIZE, supervisors};
use crate::job::{SLOTS_WHO, slot_names, slots_name};

/// The pairs of one supervisor.
#[derive(Debug)]
pub(super) struct Slots {
    directory: PathBuf,
    /// Which attempt has which slot. Locked: whoever can lock it knows that this supervisor is gone.
    who: File,
    keeper: Keeper,
    all: Vec<Slot>,
    /// Those that no job has.
    free: Vec<usize>,
}

#[derive(Debug)]
struct Slot {
    scratch: Scratch,
    names: [CString; 2],
    /// How much is kept of what its job has written.
    sizes: [u64; 2],
    /// The next job gets other files: these are somebody else's.
    is_spent: bool,
}

/// A job that has ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ended {
    pub(super) slot: usize,
    pub(super) attempt: Attempt,
    pub(super) status: Option<i32>,
}

impl Slots {
    /// `directory`: where the output of all jobs is.
    pub(super) fn new(directory: &Path) -> io::Result<Self> {
        let keeper = Keeper::open(directory)?;
        // Nobody else makes one: who makes a supervisor holds the lock of the work directory.
        let number = supervisors(directory)?.first().map_or(0, |it| it + 1);
        let directory = directory.join(slots_name(number));
        DirBuilder::new().mode(0o700).create(&directory)?;
        let mut options = OpenOptions::new();
        let who = options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let who = who.open(directory.join(SLOTS_WHO))?;
        who.lock()?;
        Ok(Self { directory, who, keeper, all: Vec::new(), free: Vec::new() })
    }

    #[cfg(test)]
    pub(super) fn keeper(&mut self) -> &mut Keeper {
        &mut self.keeper
    }

    /// Gives an attempt a slot that is empty.
    pub(super) fn take(&mut self, attempt: Attempt) -> io::Result<usize> {
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => {
                self.all.push(Slot::new(&self.directory, self.all.len())?);
                self.all.len() - 1
            }
        };
        let taken = self.prepare(slot).and_then(|()| self.write_down(slot, &entry(attempt).encode()));
        match taken {
            Ok(()) => Ok(slot),
            Err(error) => {
                self.free.push(slot);
                Err(error)
            }
        }
    }

    fn prepare(&mut self, at: usize) -> io::Result<()> {
        if self.all[at].is_spent {
            self.all[at] = Slot::new(&self.directory, at)?;
        }
        Ok(())
    }

    fn write_down(&self, slot: usize, whose: &[u8; SIZE]) -> io::Result<()> {
        self.who.write_all_at(whose, (slot * SIZE) as u64)
    }

    /// Where its job writes to.
    pub(super) fn files(&self, slot: usize) -> [&CStr; 2] {
        let [out, err] = &self.all[slot].names;
        [out, err]
    }

    /// Its attempt was not started.
    pub(super) fn give_back(&mut self, slot: usize) {
        // If it cannot be written, its next job is written there.
        let _ = self.write_down(slot, &[0; SIZE]);
        self.free.push(slot);
    }

    /// Keeps what jobs have written that have ended.
    pub(super) fn keep(&mut self, ended: &[Ended]) -> io::Result<()> {
        if ended.is_empty() {
            return Ok(());
        }
        let output = |it: &Ended| {
            let scratch = &self.all[it.slot].scratch;
            Output { attempt: it.attempt, status: it.status, scratch }
        };
        let outputs: Vec<Output<'_>> = ended.iter().map(output).collect();
        for (it, entry) in ended.iter().zip(self.keeper.keep(&outputs)?) {
            let slot = &mut self.all[it.slot];
            (slot.sizes, slot.is_spent) = (entry.sizes, entry.large.contains(&true));
        }
        Ok(())
    }

    /// Whether more was written since that was kept.
    pub(super) fn has_more(&self, at: usize) -> bool {
        let Slot { scratch, sizes, .. } = &self.all[at];
        scratch.files.iter().zip(sizes).any(|(file, size)| file.metadata().is_ok_and(|it| it.len() != *size))
    }

    /// The end of its job is written down, and the job is reaped: another may have its slot.
    pub(super) fn free(&mut self, at: usize, group: Pid) {
        let slot = &mut self.all[at];
        // What is large is kept where it is.
        slot.is_spent = slot.is_spent || !slot.empty(group);
        self.free.push(at);
    }

    /// Removes them, if no job has any.
    pub(super) fn remove(&self) -> bool {
        let is_free = self.free.len() == self.all.len();
        if is_free {
            // What is left is removed by the next supervisor.
            let _ = fs::remove_dir_all(&self.directory);
        }
        is_free
    }
}

/// To close the file is not enough: until it runs its program, a process that another thread starts at that time has it too.
impl Drop for Slots {
    fn drop(&mut self) {
        // At the latest it is unlocked when this process ends.
        let _ = self.who.unlock();
    }
}

impl Slot {
    fn new(directory: &Path, number: usize) -> io::Result<Self> {
        let paths = slot_names(number).map(|it| directory.join(it));
        let names = paths.clone().map(|it| CString::new(it.as_os_str().as_bytes()));
        let [out, err] = [open_new(&paths[0])?, open_new(&paths[1])?];
        let [Ok(out_name), Ok(err_name)] = names else { return Err(io::ErrorKind::InvalidInput.into()) };
        let scratch = Scratch { files: [out, err], paths };
        Ok(Self { scratch, names: [out_name, err_name], sizes: [0; 2], is_spent: false })
    }

    /// Empties the files. Not where they cannot be, or something still writes there: what its job left behind.
    fn empty(&mut self, group: Pid) -> bool {
        // What it left behind may have written more since that was kept, and be gone by now.
        let is_empty = |file: &File| file.metadata().is_ok_and(|it| it.len() == 0);
        self.scratch.files.iter().all(|file| {
            let is_alone = system::is_only_one(file.as_fd());
            is_alone.unwrap_or_else(|| test_kill_process_group(group) == Err(Errno::SRCH))
                && (is_empty(file) || (file.set_len(0).is_ok() && is_empty(file)))
        })
    }
}

/// What has the name is somebody else's by now.
fn open_new(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new().read(true).append(true).create_new(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests;
