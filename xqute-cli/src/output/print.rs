//! When is a job's output printed? When it ends, or when its turn comes.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use xqute::{Job, JobFiles};

use super::order::Order;
use super::screen::{Screen, Shown, To};
use super::{Settings, Tag};

/// Prints the output of jobs.
#[derive(Debug)]
pub(super) struct Printer {
    settings: Settings,
    workdir: Arc<Path>,
    screen: Arc<Screen>,
    turn: Mutex<Turn>,
}

/// Whose turn it is, where that matters.
#[derive(Debug, Default)]
struct Turn {
    order: Order,
    /// Of those that are held, where tags are wanted.
    tags: HashMap<usize, Vec<u8>>,
    /// What went wrong where no hook can tell it.
    fault: Option<io::Error>,
}

impl Printer {
    pub(super) fn new(settings: Settings, workdir: Arc<Path>, screen: Arc<Screen>) -> Self {
        Self { settings, workdir, screen, turn: Mutex::default() }
    }

    /// Whether jobs wait for those before them.
    pub(super) fn keeps_order(&self) -> bool {
        self.settings.print && self.settings.keep_order
    }

    /// A job has ended for good: prints what can be printed now, and then tells the note.
    pub(super) fn ended(&self, job: &Job, note: Option<&str>) -> io::Result<()> {
        // What never ran may have the output of an earlier run.
        let prints = self.settings.print && job.jid().is_some();
        if !self.keeps_order() {
            let mut shown = self.screen.lock();
            let printed =
                if prints { self.print(&mut shown, job.index(), self.tag(job).as_deref()) } else { Ok(()) };
            note.inspect(|note| shown.say(format_args!("{note}")));
            return printed;
        }
        note.inspect(|note| self.screen.lock().say(format_args!("{note}")));
        let mut turn = self.turn();
        if let Some(tag) = self.tag(job).filter(|_| prints) {
            turn.tags.insert(job.index(), tag);
        }
        let due = turn.order.ended(job.index(), prints);
        self.print_all(&mut turn, due.into_iter().flatten())
    }

    /// A job will tell no more, and perhaps never told: it was done before.
    pub(super) fn is_over(&self, index: usize) {
        let mut turn = self.turn();
        let due = turn.order.ended(index, false);
        if let Err(error) = self.print_all(&mut turn, due.into_iter().flatten()) {
            turn.fault.get_or_insert(error);
        }
    }

    /// No more jobs end: prints what was held.
    pub(super) fn finish(&self) -> io::Result<()> {
        let mut turn = self.turn();
        let rest = turn.order.rest();
        let printed = self.print_all(&mut turn, rest.into_iter().flatten());
        turn.fault.take().map_or(printed, Err)
    }

    fn print_all(&self, turn: &mut Turn, jobs: impl Iterator<Item = usize>) -> io::Result<()> {
        let mut printed = Ok(());
        for index in jobs {
            let tag = turn.tags.remove(&index);
            // One that cannot be printed does not hold the next one back.
            printed = printed.and(self.print(&mut self.screen.lock(), index, tag.as_deref()));
        }
        printed
    }

    fn print(&self, shown: &mut Shown, index: usize, tag: Option<&[u8]>) -> io::Result<()> {
        let files = JobFiles::new(Arc::clone(&self.workdir), index);
        let out = shown.copy(&files.stdout(), To::Out, tag);
        out.and(shown.copy(&files.stderr(), To::Err, tag))
    }

    fn tag(&self, job: &Job) -> Option<Vec<u8>> {
        let given = || job.data::<Tag>().map(|tag| tag.0.clone());
        self.settings.tag.then(|| given().unwrap_or_else(|| job.cmd().into_bytes()))
    }

    fn turn(&self) -> std::sync::MutexGuard<'_, Turn> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
