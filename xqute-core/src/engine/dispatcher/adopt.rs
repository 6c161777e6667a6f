//! What becomes of a job that an earlier run had begun? It goes on where it is, has ended, or is run again.

use std::num::NonZeroU64;

use super::Dispatcher;
use crate::backend::{Accepted, Found};
use crate::engine::jobs::Entry;
use crate::engine::recovery::Told;
use crate::engine::treaty::{Order, SmallFile};
use crate::job::{Failure, KillReason, Usage};
use crate::lifecycle::{Event, How, State, Stop, Why};
use crate::store::{By, PastLeft, Record};

/// What a run has of earlier ones, for its summary.
#[derive(Debug, Clone, Default)]
pub(in crate::engine) struct Adopted {
    /// Jobs whose attempt went on, or had ended.
    pub(in crate::engine) jobs: usize,
    /// Attempts whose end is not known, each followed by another.
    pub(in crate::engine) unknown: usize,
    /// The first of these, for people.
    pub(in crate::engine) first_unknown: Option<String>,
    /// Jobs that still run, and are not of this run.
    pub(in crate::engine) still_running: usize,
}

impl Dispatcher {
    /// The scheduler says what became of what earlier runs left.
    pub(in crate::engine) fn recovered(&mut self, found: Vec<Found>) {
        self.recovery.answered(found);
        if self.broken.is_some() || self.abandoned {
            return;
        }
        for index in self.recovery.below(self.jobs.len()) {
            // One that was cancelled meanwhile is left for another run.
            if self.jobs.get(index).is_some_and(|entry| entry.state == State::Init) {
                self.take_up(index);
            }
        }
        self.fill_slots();
    }

    /// A job comes in of which something is left. Where it is not told yet what became of that, it waits.
    pub(super) fn take_up(&mut self, index: usize) {
        let Some(Told { left, found, after }) = self.recovery.take(index) else { return };
        let Some(entry) = self.jobs.get_mut(index) else { return };
        entry.tried = left.tried;
        match found {
            Found::Live(accepted) => {
                self.adopt(index, &left, accepted);
                self.dooms(index);
            }
            Found::Ended { end, usage } => {
                self.take_over(index, &left, end, usage);
                // Whoever wants it killed wants no other attempt.
                self.dooms(index);
            }
            Found::NotStarted => self.comes_in(index, &after),
            Found::Unknown(_) if self.doomed.contains(&index) => self.comes_in(index, &after),
            // Who was killed by a user stays killed, and who has failed for a broken hook stays failed.
            Found::Unknown(why) if matches!(left.told, Some(By::User | By::Fault)) => {
                self.take_over(index, &left, Err(Failure::Unknown(why.into())), None);
            }
            Found::Unknown(why) => {
                entry.jid = left.jid.as_deref().map(Into::into);
                entry.times.0 = left.started.and_then(NonZeroU64::new);
                self.step(index, Event::Unknown(why.into()));
            }
        }
    }

    /// It came in, and somebody had wanted it killed by then.
    fn dooms(&mut self, index: usize) {
        if self.doomed.remove(&index) {
            let why = self.settings.dooms;
            self.step(index, Event::Stop(Stop { how: How::Ask, why }));
        }
    }

    /// It lives: it holds its slot at once, were it one more than there are.
    fn adopt(&mut self, index: usize, left: &PastLeft, Accepted { jid, running, process }: Accepted) {
        let (attempt, when) = (left.tried.count(), self.now);
        let process = process.map(|it| (it.pid, it.start));
        self.records.push(&Record::Adopted { index, attempt, run: &left.run, jid: &jid, process, when });
        if running && left.started.is_none() {
            self.records.push(&Record::Started { index, attempt, when });
        }
        self.makes_live(&jid, index);
        if self.settings.files && left.jid.as_deref() != Some(&*jid) {
            self.orders.push(Order::Write(index, SmallFile::Jid(jid.clone())));
        }
        if let Some(entry) = self.jobs.get_mut(index) {
            entry.jid = Some(jid);
        }
        self.rejoin(index, left, running);
    }

    /// It has ended since: as if it did now.
    fn take_over(&mut self, index: usize, left: &PastLeft, end: Result<(), Failure>, usage: Option<Usage>) {
        let ran = !matches!(end, Err(Failure::LostBeforeStart(_) | Failure::SubmitRejected(_)));
        // Without a name of the scheduler: there is nothing left to be killed.
        self.rejoin(index, left, ran);
        if let Some(entry) = self.jobs.get_mut(index) {
            entry.jid = left.jid.as_deref().map(Into::into);
        }
        self.exited(index, end, usage);
    }

    fn rejoin(&mut self, index: usize, left: &PastLeft, started: bool) {
        let (now, timeout) = (self.now, self.settings.timeout);
        let Some(entry) = self.jobs.get_mut(index) else { return };
        let kill = match left.told {
            Some(By::User) => Some(Why::Reason(KillReason::User)),
            Some(By::Fault) => {
                entry.fault =
                    Some("a hook was broken in an earlier run, which had told the job to end for it".into());
                Some(Why::Fault)
            }
            Some(By::Timeout) if entry.spec().given_timeout().or(timeout).is_some() => Some(Why::TimedOut),
            // Who stopped that run did not judge the job; what its limit was, this one does not know.
            Some(By::Stop | By::Timeout | By::Memory) | None => None,
        };
        (entry.ran, entry.prepared, entry.adopted) = (true, true, true);
        entry.was_told = left.told.is_some() && kill.is_none();
        entry.times.0 = left.started.or(started.then_some(now)).and_then(NonZeroU64::new);
        self.adopted.jobs += 1;
        self.step(index, Event::Adopted { started, kill });
    }

    pub(in crate::engine) fn adopted(&self) -> Adopted {
        Adopted { still_running: self.recovery.live().len(), ..self.adopted.clone() }
    }

    /// An attempt is followed by another.
    pub(super) fn note_unknown(&mut self, index: usize, failure: &Failure) {
        if let Failure::Unknown(why) = failure {
            self.adopted.unknown += 1;
            self.adopted.first_unknown.get_or_insert_with(|| format!("job {index}: {why}"));
        }
    }
}

/// What an attempt's failure is worth: an adopted one may have failed for what an earlier run did, or unseen.
pub(super) fn own(entry: &Entry, failure: Failure) -> Failure {
    match failure {
        failure if entry.was_told => Failure::Unknown(
            format!("the run that had started it had told it to end, for no fault of its own: {failure}")
                .into(),
        ),
        Failure::Lost(why) if entry.adopted => Failure::Unknown(why),
        failure => failure,
    }
}
