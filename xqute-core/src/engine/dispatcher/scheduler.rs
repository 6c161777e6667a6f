//! What does the scheduler say, and what is that to a job?

use std::num::NonZeroU64;
use std::sync::Arc;

use super::adopt::own;
use super::{Dispatcher, stop};
use crate::backend::{Accepted, Jid, Observation, Refused, Seen};
use crate::engine::treaty::{Order, SmallFile};
use crate::job::{Failure, Usage};
use crate::lifecycle::{Event, How, Stop};
use crate::store::Record;

/// Up to how many milliseconds a job is a short one.
const BRIEF: u64 = 100;

impl Dispatcher {
    /// The scheduler took a job, or not.
    pub(in crate::engine) fn submitted(&mut self, index: usize, answer: Result<Accepted, Refused>) {
        match answer {
            Ok(accepted) => self.accepted(index, accepted),
            Err(Refused::ForGood(why)) => {
                self.step(index, Event::Rejected(Failure::SubmitRejected(why.into())));
            }
            Err(Refused::Later(why)) => {
                tracing::info!(index, "the scheduler takes no more jobs for now: {why}");
                self.step(index, Event::Postponed);
                self.stop_too(index);
            }
            Err(Refused::Withdrawn) => {
                self.step(index, Event::Withdrawn);
                self.stop_too(index);
            }
            Err(Refused::Storage(why)) => {
                self.not_submitted(index, &why);
                self.breaks(why);
                self.step(index, Event::Postponed);
            }
        }
        self.fill_slots();
    }

    /// It did not start. Where the run is being stopped, it never will.
    fn stop_too(&mut self, index: usize) {
        if let Some((_, why)) = self.stopping {
            self.step(index, Event::Stop(Stop { how: How::Ask, why: stop::reason(why) }));
        }
    }

    /// It was to be submitted, and was not, because the run's files cannot be written: nothing is left of that for another run.
    pub(in crate::engine) fn not_submitted(&mut self, index: usize, why: &str) {
        self.records.push(&Record::Unstarted { index, why, when: self.now });
    }

    fn accepted(&mut self, index: usize, Accepted { jid, running, process }: Accepted) {
        let Some(entry) = self.jobs.get_mut(index) else { return };
        let attempt = entry.tried.count();
        (entry.jid, entry.ran) = (Some(Arc::clone(&jid)), true);
        let has_files = self.settings.files && entry.may_have_files();
        let process = process.map(|it| (it.pid, it.start));
        self.records.push(&Record::Submitted { index, attempt, jid: &jid, process, when: self.now });
        self.attempts += 1;
        self.makes_live(&jid, index);
        if has_files {
            self.orders.push(Order::Write(index, SmallFile::Jid(jid)));
        }
        self.step(index, Event::Submitted);
        if running {
            self.step(index, Event::Started);
        }
        self.catch_up();
    }

    pub(super) fn makes_live(&mut self, jid: &Jid, index: usize) {
        if let Some(other) = self.live.insert(Arc::clone(jid), index) {
            let why = format!("the scheduler has given its name, {jid}, to another job");
            self.step(other, Event::Exited(Err(Failure::Lost(why.into()))));
        }
    }

    /// What was seen before the scheduler's answer was here.
    fn catch_up(&mut self) {
        if !self.early.is_empty() {
            std::mem::take(&mut self.early).into_iter().for_each(|seen| self.observed(seen));
        }
    }

    /// Something was seen of a job.
    pub(in crate::engine) fn observed(&mut self, Observation { jid, seen }: Observation) {
        let Some(&index) = self.live.get(&jid) else {
            if self.recovery.saw(&jid, &seen) {
                return;
            }
            if self.submitting > 0 {
                return self.early.push(Observation { jid, seen });
            }
            return tracing::debug!(%jid, "something was seen of a job that the run does not have");
        };
        match seen {
            Seen::Started => self.step(index, Event::Started),
            Seen::Exited { end, usage } => {
                self.live.remove(&jid);
                self.exited(index, end, usage);
                // There may be room now.
                if let Some(&index) = self.postponed.first() {
                    self.resubmit(index);
                }
            }
        }
        self.fill_slots();
    }

    pub(super) fn exited(&mut self, index: usize, end: Result<(), Failure>, usage: Option<Usage>) {
        let Some(entry) = self.jobs.get_mut(index) else { return };
        entry.usage = usage;
        entry.times.1 = NonZeroU64::new(self.now);
        let begun = entry.times.0.map_or(self.now, NonZeroU64::get);
        self.is_brief = self.now.saturating_sub(begun) < BRIEF;
        entry.rc = end.as_ref().map_or_else(Failure::rc, |()| Some(0));
        self.cpu = self.cpu.saturating_add(usage.map(|it| it.cpu()).unwrap_or_default());
        let end = end.map_err(|failure| own(entry, failure));
        self.step(index, Event::Exited(end));
    }
}
