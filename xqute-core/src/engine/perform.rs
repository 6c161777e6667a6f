//! How is an order performed? First what the dispatcher wrote down goes into the journal; then the order.

use std::collections::HashSet;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::broadcast;
use tokio::time::Instant;

use super::calls::Caller;
use super::dispatcher::Dispatcher;
use super::feeder::Feeder;
use super::questions::Questions;
use super::timers::Timers;
use super::treaty::{Notice, Order, SmallFile};
use crate::backend::{Refused, Submission};
use crate::hook::Progress;
use crate::hook::record::Recorder;
use crate::job::{Job, JobFiles, Moment, Output};
use crate::script::{Fragments, Script, render};
use crate::store::{self, Journal, Record};

/// Performs what the dispatcher orders.
pub(super) struct Performer {
    pub(super) caller: Caller,
    pub(super) feeder: Arc<Feeder>,
    pub(super) journal: Journal,
    pub(super) events: broadcast::Sender<(Moment, Job)>,
    pub(super) recorder: Recorder,
    pub(super) wrapping: Wrapping,
    pub(super) timers: Timers,
    /// Ordered, and not performed, because the journal cannot be written.
    pub(super) held: Vec<Order>,
}

/// What goes around every job's command, and where its output goes.
#[derive(Debug, Clone, Default)]
pub(super) struct Wrapping {
    pub(super) prescript: Option<String>,
    pub(super) postscript: Option<String>,
    /// Where the output of a job goes that has no script.
    pub(super) output: Output,
}

impl Performer {
    /// Whether somebody reads events.
    pub(super) fn publishes(&self) -> bool {
        self.events.receiver_count() > 0 || self.recorder.is_on()
    }

    /// When the next timer is due.
    pub(super) fn next_timer(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// Whether orders wait for a journal that cannot be written.
    pub(super) fn is_stuck(&self) -> bool {
        !self.held.is_empty()
    }

    /// Tells the dispatcher of the timers that are due.
    pub(super) fn due(&mut self, dispatcher: &mut Dispatcher) {
        let now = Instant::now();
        while let Some((index, timer)) = self.timers.pop(now) {
            dispatcher.timer(index, timer);
        }
    }

    /// Nobody wants the run any more: what waits for a journal that cannot be written is never done.
    pub(super) fn abandon(&mut self) {
        self.held.retain(tells_nothing);
    }

    /// Does what the dispatcher ordered, and what it orders upon that.
    pub(super) fn perform(&mut self, dispatcher: &mut Dispatcher, questions: &mut Questions) {
        loop {
            let orders = dispatcher.take_orders();
            let written = self.write(dispatcher);
            if !written {
                let (now, held): (Vec<_>, Vec<_>) = orders.into_iter().partition(tells_nothing);
                self.held.extend(held);
                if now.is_empty() && dispatcher.broken().is_some() {
                    return;
                }
                now.into_iter().for_each(|order| self.obey(order, dispatcher, questions));
                continue;
            }
            // Before gates are asked, which may ask in turn how far the run is.
            self.tell_progress(dispatcher);
            if orders.is_empty() && self.held.is_empty() {
                return;
            }
            let held = std::mem::take(&mut self.held);
            held.into_iter().for_each(|order| self.obey(order, dispatcher, questions));
            let (first, then): (Vec<_>, Vec<_>) = starts_first(orders);
            if !first.is_empty() {
                first.into_iter().for_each(|order| self.obey(order, dispatcher, questions));
                questions.submit_now();
            }
            then.into_iter().for_each(|order| self.obey(order, dispatcher, questions));
            self.caller.start();
        }
    }

    /// What is written down is what is told.
    fn tell_progress(&self, it: &Dispatcher) {
        let (live, held, (_, cpu)) = (it.live_count(), it.held_count(), it.cost());
        self.feeder.reached(Progress { live, held, counts: it.counts(), cpu, ..Progress::default() });
    }

    /// Whether everything is written down that the orders tell of.
    fn write(&mut self, dispatcher: &mut Dispatcher) -> bool {
        if dispatcher.records().is_empty() {
            return true;
        }
        match self.journal.write(dispatcher.records()) {
            Ok(()) => true,
            Err(error) => {
                dispatcher.breaks(cannot_write(&error));
                false
            }
        }
    }

    /// The last record: the run has ended in order. An error, if it has not, or that cannot be written.
    pub(super) fn write_end(&mut self, dispatcher: &mut Dispatcher, now: u64) -> Result<(), String> {
        if let Some(why) = dispatcher.broken() {
            return Err(why.to_owned());
        }
        dispatcher.records().push(&Record::Done { when: now });
        self.journal.write(dispatcher.records()).map_err(|error| cannot_write(&error))
    }

    /// Nothing more is written: waits until all that was is safe from a power cut. Who reads events has read the last.
    pub(super) fn close(self) -> Result<(), String> {
        drop(self.events);
        self.journal.close().map_err(|error| cannot_write(&error))
    }

    fn obey(&mut self, order: Order, dispatcher: &mut Dispatcher, questions: &mut Questions) {
        match order {
            // It was ordered before it was known that the journal cannot be written.
            Order::Submit(index) if dispatcher.broken().is_some() => {
                dispatcher.not_submitted(index, "the run's files cannot be written");
            }
            Order::Submit(index) => self.submit(index, dispatcher, questions),
            Order::Call(index, notices) => self.caller.call(index, notices),
            Order::Publish(notice) => {
                let Notice { moment, job } = *notice;
                self.recorder.reached(moment, &job);
                // Nobody reads any more, if it fails.
                let _ = self.events.send((moment, job));
            }
            Order::AskShutdown(signal) => self.caller.shutdown(signal),
            Order::Write(index, file) => {
                let files = dispatcher.files(index);
                // One that an earlier run has started may have none.
                let is_there = || dispatcher.made_files(index) || files.metadir().exists();
                if let Err(error) = if is_there() { write_file(&files, &file) } else { Ok(()) } {
                    dispatcher.breaks(error.to_string());
                }
            }
            Order::Discard(asked) => self.caller.discard(asked),
            Order::Withdraw => questions.withdraw(),
            Order::Kill(jid, how) => questions.kill(jid, how),
            Order::Timer(index, timer, after) => self.timers.set(index, timer, after, Instant::now()),
            Order::CloseFeed => self.feeder.close(true),
        }
    }

    /// Makes a job's directory and its script, and puts it with those that are submitted next.
    fn submit(&mut self, index: usize, dispatcher: &mut Dispatcher, questions: &mut Questions) {
        let again = dispatcher.prepares(index);
        let Some((mut job, fragments)) = dispatcher.submission(index) else { return };
        self.caller.desk.scene.run.withhold(&mut job.env.0);
        let backend = questions.backend();
        if backend.uses_files() {
            let needs = Needs { script: backend.needs_script(), again };
            match self.wrapping.prepare(&job, fragments, backend.name(), needs) {
                Ok((script, output)) => (job.script, job.output) = (script, output),
                Err(error) => {
                    return dispatcher.submitted(index, Err(Refused::Storage(error.to_string())));
                }
            }
            dispatcher.has_files(index, job.output == Output::Files);
        }
        questions.submit(job);
    }
}

/// What a job needs besides its command.
#[derive(Debug, Clone, Copy)]
struct Needs {
    /// The backend wants a script in any case.
    script: bool,
    /// The same attempt was prepared before.
    again: bool,
}

impl Wrapping {
    /// The job's directory is made, if it has one, and its script. A script writes files, wherever other output goes.
    fn prepare(
        &self,
        job: &Submission,
        fragments: &Fragments,
        scheduler: &str,
        needs: Needs,
    ) -> io::Result<(Option<PathBuf>, Output)> {
        let wrapped = needs.script || self.prescript.is_some() || self.postscript.is_some();
        let is_direct = fragments.is_empty() && !wrapped;
        // An attempt that the scheduler did not take for now has its directory.
        if !needs.again {
            match self.output {
                Output::Bundle | Output::None if is_direct => store::set_aside(&job.files)?,
                _ => store::make_metadir(&job.files)?,
            }
        }
        if is_direct {
            return Ok((None, self.output));
        }
        let path = job.files.script(scheduler);
        let text = render(&Script {
            index: job.index,
            argv: &job.argv,
            files: &job.files,
            fragments,
            prescript: self.prescript.as_deref(),
            postscript: self.postscript.as_deref(),
        });
        store::write_script(&path, &text)?;
        Ok((Some(path), Output::Files))
    }
}

/// What starts jobs, and the rest: a processor that waits for its next job waits for no file of the last one. An attempt's own
/// files are written before the next attempt of the job moves them away.
fn starts_first(orders: Vec<Order>) -> (Vec<Order>, Vec<Order>) {
    let mut written = HashSet::new();
    orders.into_iter().partition(|order| match order {
        Order::Submit(index) => !written.contains(index),
        Order::Write(index, _) => {
            written.insert(*index);
            false
        }
        _ => false,
    })
}

/// Whether an order shows no fact to anybody, so that it need not wait for the journal.
fn tells_nothing(order: &Order) -> bool {
    matches!(
        order,
        Order::Withdraw | Order::Kill(..) | Order::Timer(..) | Order::CloseFeed | Order::Discard(_)
    )
}

fn write_file(files: &JobFiles, file: &SmallFile) -> io::Result<()> {
    match file {
        SmallFile::Jid(jid) => store::write_line(&files.jid(), jid),
        SmallFile::End { rc, status } => {
            if let Some(rc) = rc {
                store::write_line(&files.rc(), rc)?;
            }
            store::write_line(&files.status(), status.code())
        }
        SmallFile::Status(status) if files.metadir().exists() => {
            store::write_line(&files.status(), status.code())
        }
        SmallFile::Status(_) => Ok(()),
    }
}

fn cannot_write(error: &io::Error) -> String {
    format!("the journal cannot be written: {error}")
}
