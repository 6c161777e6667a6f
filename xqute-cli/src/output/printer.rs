//! When is a job's output printed? When it ends, or when its turn comes.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use xqute::{Job, JobFiles, Stream, Summary};

use super::order::Order;
use super::reporter::Reporter;
use super::screen::{self, Shown, To};
use super::{Print, Tag, json};

/// Prints the output of jobs.
#[derive(Debug)]
pub(super) struct Printer {
    settings: Print,
    workdir: Arc<Path>,
    turn: tokio::sync::Mutex<Turn>,
    /// The first thing that could not be printed.
    fault: Mutex<Option<io::Error>>,
}

/// Whose turn it is, where that matters.
#[derive(Debug, Default)]
struct Turn {
    order: Order,
    /// Of those that are held, where tags are wanted.
    tags: HashMap<usize, Vec<u8>>,
}

impl Printer {
    pub(super) fn new(settings: Print, workdir: &Path) -> Self {
        Self {
            settings,
            workdir: workdir.into(),
            turn: tokio::sync::Mutex::default(),
            fault: Mutex::default(),
        }
    }

    /// Whether jobs wait for those before them.
    pub(super) fn keeps_order(&self) -> bool {
        self.settings.keep_order
    }

    /// What could not be printed, told once.
    pub(super) fn take_fault(&self) -> Option<io::Error> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// A job has ended for good: prints what can be printed now; behind its own output, before anybody else writes, the `reporter`
    /// tells of it. Of one whose turn has not come it tells at once.
    pub(super) async fn ended(&self, job: &Job, reporter: Option<&Reporter>) {
        // What never ran may have the output of an earlier run.
        let prints = job.jid().is_some();
        let follow = |shown: &mut Shown| reporter.into_iter().for_each(|it| it.follows(job, shown));
        if self.keeps_order() && !self.settings.json {
            let mut turn = self.turn.lock().await;
            // Before the order is told: whoever gives up waiting for it has had no turn.
            let mut shown = screen::lock().await;
            if let Some(tag) = self.tag(job).filter(|_| prints) {
                turn.tags.insert(job.index(), tag);
            }
            let mut due = turn.order.ended(job.index(), prints).into_iter().flatten().peekable();
            let own = due.next_if_eq(&job.index());
            self.print_all(&mut shown, &mut turn, own);
            follow(&mut shown);
            return self.print_all(&mut shown, &mut turn, due);
        }
        let mut shown = screen::lock().await;
        if self.settings.json {
            self.note(shown.write(To::Out, json::job(job).as_bytes()));
        } else if prints {
            self.print(&mut shown, job.index(), self.tag(job).as_deref());
        }
        follow(&mut shown);
    }

    /// A job will tell no more, and perhaps never told: it was done before.
    pub(super) async fn is_over(&self, index: usize) {
        let mut turn = self.turn.lock().await;
        let due = turn.order.ended(index, false);
        if !due.is_empty() {
            self.print_all(&mut *screen::lock().await, &mut turn, due.into_iter().flatten());
        }
    }

    /// No more jobs end: prints what was held.
    pub(super) async fn finish(&self) {
        let mut turn = self.turn.lock().await;
        // First, as in `ended`.
        let mut shown = screen::lock().await;
        let rest = turn.order.rest();
        self.print_all(&mut shown, &mut turn, rest.into_iter().flatten());
    }

    /// How the run went, where that is told to a program.
    pub(super) async fn tell_end(&self, summary: &Summary, code: u8) {
        if self.settings.json {
            self.note(screen::lock().await.write(To::Out, json::run(summary, code).as_bytes()));
        }
    }

    fn print_all(&self, shown: &mut Shown, turn: &mut Turn, jobs: impl IntoIterator<Item = usize>) {
        for index in jobs {
            let tag = turn.tags.remove(&index);
            self.print(shown, index, tag.as_deref());
        }
    }

    /// One that cannot be printed does not hold the next one back.
    fn print(&self, shown: &mut Shown, index: usize, tag: Option<&[u8]>) {
        let files = JobFiles::new(Arc::clone(&self.workdir), index);
        for (stream, to) in [(Stream::Stdout, To::Out), (Stream::Stderr, To::Err)] {
            self.note(files.output(stream).and_then(|it| shown.copy(it, to, tag)));
        }
    }

    fn note(&self, printed: io::Result<()>) {
        if let Err(error) = printed {
            self.fault.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        }
    }

    fn tag(&self, job: &Job) -> Option<Vec<u8>> {
        let given = || job.data::<Tag>().map(|tag| tag.0.clone());
        self.settings.tag.then(|| given().unwrap_or_else(|| job.cmd().into_bytes()))
    }
}
