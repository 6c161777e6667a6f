//! How is a journal of a million jobs looked at in a moment? A run that writes a long one keeps an index beside it.
//!
//! The index is the state of the jobs after so much of the journal, in blocks that are appended: of each job that the records
//! of a block's part are about, what is held of it then. It is no record of anything: where it is missing, torn or of another
//! journal, more of the journal is read. The next run removes it.
//!
//! ```text
//! file   magic (8 bytes), salt of the journal (u64), blocks
//! block  length (u32), CRC-32 (u32) of: where its part of the journal begins and ends (u64, u64), how many records of no
//!        job (u32), where they are (u64 each), jobs (index u64, state u8, attempts u32, six places of 5 bytes)
//! ```

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Sender};
use std::thread::{self, JoinHandle};

use crate::store::frame::{HEAD, HEADER};

use super::marks::Marks;
use super::{JobState, WorkDirView, take};

/// A journal that is smaller has no index, and of a longer one so much is read beside it at most, and what is written while
/// that is done.
const STEP: u64 = 8 << 20;
const MAGIC: [u8; 8] = *b"xqindex3";
/// What a job takes.
const ENTRY: usize = 8 + 1 + 4 + 6 * PLACE;
const PLACE: usize = 5;
/// Places behind this do not fit, and are not told.
const FARTHEST: u64 = 1 << (8 * PLACE);
/// A longer block is none.
const LONGEST: usize = 1 << 30;
const STATES: [JobState; 9] = [
    JobState::Queued,
    JobState::Submitted,
    JobState::Running,
    JobState::Retrying,
    JobState::Succeeded,
    JobState::Failed,
    JobState::Killed,
    JobState::Cancelled,
    JobState::Held,
];
const STOPPED: u8 = 0x80;

/// The thread of a run that keeps the index.
#[derive(Debug)]
pub(in crate::store) struct Indexer {
    path: PathBuf,
    /// When there is more to be taken in.
    due: u64,
    thread: Option<(Sender<()>, JoinHandle<()>)>,
    over: Arc<AtomicBool>,
}

impl Indexer {
    /// For the journal of a run that begins. What an earlier one left may be about records that a power cut took.
    pub(in crate::store) fn new(journal: &Path) -> Self {
        // That there is none is the usual case.
        let _ = fs::remove_file(path(journal));
        Self { path: journal.to_owned(), due: STEP, thread: None, over: Arc::default() }
    }

    /// The journal has become so long.
    pub(in crate::store) fn grown(&mut self, end: u64) {
        if end < self.due {
            return;
        }
        self.due = end + STEP;
        if self.thread.is_none() {
            self.thread = start(&self.path, &self.over);
        }
        if let Some((sender, _)) = &self.thread {
            // It has given up, if nobody receives.
            let _ = sender.send(());
        }
    }
}

impl Drop for Indexer {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some((sender, thread)) = self.thread.take() {
            drop(sender);
            // It has told why, if it panicked.
            let _ = thread.join();
        }
    }
}

fn start(journal: &Path, over: &Arc<AtomicBool>) -> Option<(Sender<()>, JoinHandle<()>)> {
    let (sender, due) = mpsc::channel();
    let (journal, over) = (journal.to_owned(), Arc::clone(over));
    let body = move || {
        let mut writer = None;
        while due.recv().is_ok() && !over.load(Ordering::Relaxed) {
            if let Err(error) = extend(&mut writer, &journal, &over) {
                tracing::debug!("no index is kept of the journal {}: {error}", journal.display());
                return;
            }
        }
    };
    let thread = thread::Builder::new().name("xqute-index".to_owned()).spawn(body);
    thread.map(|it| (sender, it)).ok()
}

/// Takes in what was written since, and appends a block.
fn extend(writer: &mut Option<Writer>, journal: &Path, over: &AtomicBool) -> io::Result<()> {
    let mut it = match writer.take() {
        Some(it) => it,
        None => Writer::begin(journal)?,
    };
    it.extend(|| !over.load(Ordering::Relaxed))?;
    *writer = Some(it);
    Ok(())
}

/// What keeps the index.
#[derive(Debug)]
struct Writer {
    view: WorkDirView,
    file: File,
}

impl Writer {
    fn begin(journal: &Path) -> io::Result<Self> {
        let (workdir, path) = (journal.parent().unwrap_or(journal), path(journal));
        let view = WorkDirView::unread(workdir).map_err(io::Error::other)?;
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
        file.write_all(&[&MAGIC[..], &view.reader.salt().to_le_bytes()].concat())?;
        Ok(Self { view, file })
    }

    fn extend(&mut self, goes_on: impl Fn() -> bool) -> io::Result<()> {
        let (mut touched, mut runs) = (Vec::new(), Vec::new());
        let from = self.view.next.max(HEADER as u64);
        let reader = WorkDirView::reader(&self.view.workdir, &self.view.journal).map_err(io::Error::other)?;
        self.view.reader = reader;
        self.view.reader.go_on_at(from);
        let taken = self.view.read(|index, at| {
            match index {
                Some(index) if runs.is_empty() => touched.push(index),
                Some(_) => {}
                None => runs.push(at),
            }
            goes_on()
        });
        taken.map_err(io::Error::other)?;
        if runs.is_empty() {
            touched.sort_unstable();
            touched.dedup();
        } else {
            // The beginning of a run is about all jobs that are left.
            touched = (0..self.view.jobs.len()).collect();
        }
        if goes_on() { self.append(from, &runs, &touched) } else { Ok(()) }
    }

    fn append(&mut self, from: u64, runs: &[u64], touched: &[usize]) -> io::Result<()> {
        let to = self.view.next;
        if to >= FARTHEST {
            return Err(io::Error::other("it is too long"));
        }
        let mut block = vec![0; 8];
        block.extend([from.to_le_bytes(), to.to_le_bytes()].concat());
        block.extend((runs.len() as u32).to_le_bytes());
        runs.iter().for_each(|at| block.extend(at.to_le_bytes()));
        for index in touched {
            if let Some(marks) = self.view.jobs.get(*index) {
                entry(*index, marks, &mut block);
            }
        }
        let (length, sum) = (block.len() - 8, crc32fast::hash(&block[8..]));
        block[..4].copy_from_slice(&(length as u32).to_le_bytes());
        block[4..8].copy_from_slice(&sum.to_le_bytes());
        self.file.write_all(&block)
    }
}

fn path(journal: &Path) -> PathBuf {
    journal.with_extension("index")
}

fn entry(index: usize, marks: &Marks, block: &mut Vec<u8>) {
    let Marks { state, stopped, attempts, fed, environment, submitted, adopted, started, told } = marks;
    let state = STATES.iter().position(|it| it == state).unwrap_or_default() as u8;
    block.extend((index as u64).to_le_bytes());
    block.push(if *stopped { state | STOPPED } else { state });
    block.extend(attempts.to_le_bytes());
    for place in [fed, environment, submitted, adopted, started, told] {
        block.extend(&place.to_le_bytes()[..PLACE]);
    }
}

fn read_entry(bytes: &[u8]) -> Option<(usize, Marks)> {
    let (index, rest) = bytes.split_first_chunk::<8>()?;
    let (state, rest) = rest.split_first()?;
    let (attempts, rest) = rest.split_first_chunk::<4>()?;
    let mut places = rest.chunks_exact(PLACE).map(|bytes| {
        let mut place = [0; 8];
        place[..PLACE].copy_from_slice(bytes);
        u64::from_le_bytes(place)
    });
    let mut place = || places.next();
    let marks = Marks {
        state: *STATES.get(usize::from(state & !STOPPED))?,
        stopped: state & STOPPED != 0,
        attempts: u32::from_le_bytes(*attempts),
        fed: place()?,
        environment: place()?,
        submitted: place()?,
        adopted: place()?,
        started: place()?,
        told: place()?,
    };
    Some((u64::from_le_bytes(*index) as usize, marks))
}

/// Takes in what the index has, if there is one of this journal.
pub(super) fn recall(view: &mut WorkDirView) {
    let Ok(file) = File::open(path(&view.journal)) else { return };
    let mut input = BufReader::with_capacity(1 << 16, file);
    let mut head = [0; 16];
    let salt = view.reader.salt().to_le_bytes();
    if input.read_exact(&mut head).is_err() || head[..8] != MAGIC || head[8..] != salt {
        return;
    }
    let mut block = Vec::new();
    view.next = HEADER as u64;
    // A block that is torn, or written just now, is the end.
    while read_block(&mut input, &mut block).is_some() {
        match take_block(view, &block) {
            Some(true) => {}
            Some(false) => break,
            None => {
                (view.jobs, view.runs, view.next) = (Vec::new(), Vec::new(), HEADER as u64);
                break;
            }
        }
    }
    view.reader.go_on_at(view.next);
}

fn read_block(input: &mut impl Read, block: &mut Vec<u8>) -> Option<()> {
    let mut head = [0; 8];
    input.read_exact(&mut head).ok()?;
    let (length, sum) = head.split_first_chunk::<4>()?;
    let length = u32::from_le_bytes(*length) as usize;
    if length > LONGEST {
        return None;
    }
    block.resize(length, 0);
    input.read_exact(block).ok()?;
    (crc32fast::hash(block).to_le_bytes() == sum).then_some(())
}

/// `Some(false)`: it is of another part of the journal than comes next. `None`: it is none, and may be taken in by half.
fn take_block(view: &mut WorkDirView, block: &[u8]) -> Option<bool> {
    let (from, rest) = block.split_first_chunk::<8>()?;
    let (to, rest) = rest.split_first_chunk::<8>()?;
    let (runs, rest) = rest.split_first_chunk::<4>()?;
    let (runs, jobs) = rest.split_at_checked(u32::from_le_bytes(*runs) as usize * 8)?;
    let (from, to) = (u64::from_le_bytes(*from), u64::from_le_bytes(*to));
    if from != view.next || to > view.reader.end() {
        return Some(false);
    }
    let most = (to / HEAD as u64) as usize;
    for at in runs.as_chunks::<8>().0 {
        let at = u64::from_le_bytes(*at);
        view.reader.go_on_at(at);
        let part = view.reader.next().ok()??;
        // What it makes of the jobs is in their entries.
        take(&mut Vec::new(), &mut view.runs, &part.record?, at, 0);
    }
    for (index, marks) in jobs.chunks_exact(ENTRY).filter_map(read_entry) {
        if index >= most {
            return None;
        }
        if index >= view.jobs.len() {
            view.jobs.resize_with(index + 1, Marks::default);
        }
        view.jobs[index] = marks;
    }
    view.next = to;
    Some(true)
}

#[cfg(test)]
mod tests;
