//! How does a job move, and what follows? The one place where a job's state changes.

use std::num::NonZeroU64;
use std::time::Duration;

use super::Dispatcher;
use crate::backend::Kill;
use crate::engine::treaty::{Notice, Order, SmallFile, Timer};
use crate::job::{Cancelled, Failure, KillReason, Moment, Outcome, Status};
use crate::lifecycle::{Effect, Ends, Event, Rules, State, step};
use crate::store::{self, Record, Used};

/// How long a job may take to go after SIGKILL, before the run goes on without it.
pub(super) const UNKILLABLE: Duration = Duration::from_secs(30);
/// After which time a scheduler that takes no more jobs is asked again, if no job ends before.
const RESUBMIT: Duration = Duration::from_secs(1);

impl Dispatcher {
    pub(super) fn step(&mut self, index: usize, event: Event) {
        let dice = self.roll();
        let stopping = self.is_stopping();
        let Some(entry) = self.jobs.get_mut(index) else { return };
        let before = entry.state;
        let started = event == Event::Started;
        let spec = entry.spec();
        let rules = Rules {
            retry: (!stopping).then(|| spec.given_retry().unwrap_or(&self.settings.retry)),
            tried: entry.tried,
            timeout: spec.given_timeout().or(self.settings.timeout),
            dice,
            fault: entry.fault.as_ref(),
        };
        let timeout = rules.timeout;
        let step = match step(before, event, &rules) {
            Ok(step) => step,
            Err(illegal) => return tracing::warn!(index, "ignored: {illegal}"),
        };
        entry.state = step.state;
        if started {
            let attempt = entry.tried.count();
            entry.times = (NonZeroU64::new(self.now), None);
            self.records.push(&Record::Started { index, attempt, when: self.now });
        }
        self.account(index, before, step.state);
        self.end(index, step.ends);
        for effect in step.effects {
            self.perform(index, *effect, timeout);
        }
        if matches!(step.state, State::Ended(_)) {
            self.settle(index);
            self.check_halt(index);
        }
    }

    /// A random number, for the jitter of waits (xorshift).
    fn roll(&mut self) -> u32 {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        (self.dice >> 32) as u32
    }

    /// Slots, queue and timers, as a job's state says.
    fn account(&mut self, index: usize, before: State, after: State) {
        if before == after {
            return;
        }
        let is_submitting = |state| usize::from(matches!(state, State::Submitting { .. }));
        self.submitting = self.submitting + is_submitting(after) - is_submitting(before);
        self.held_jobs =
            self.held_jobs + usize::from(after == State::Held) - usize::from(before == State::Held);
        self.busy += usize::from(after.holds_slot());
        self.busy -= usize::from(before.holds_slot());
        if after == State::Queued {
            self.queues(index, before);
        }
        self.note_kill(index, before, after);
        if after == State::Postponed {
            self.postponed.insert(index);
        }
        if before.is_live() && !after.is_live() {
            self.unlive(index);
            self.orders.push(Order::Timer(index, Timer::Timeout, None));
            self.orders.push(Order::Timer(index, Timer::Grace, None));
        }
        if before == State::Waiting {
            self.forget_attempt(index);
            self.orders.push(Order::Timer(index, Timer::Backoff, None));
        }
        if before == State::Held {
            self.orders.push(Order::Timer(index, Timer::Later, None));
        }
        if before == State::Postponed {
            self.postponed.remove(&index);
            self.orders.push(Order::Timer(index, Timer::Resubmit, None));
        }
    }

    /// What was taken back goes before what comes after it.
    fn queues(&mut self, index: usize, before: State) {
        if before == State::Held {
            self.again.insert(index);
            return;
        }
        let at = match before {
            State::Submitting { .. } => self.queue.iter().position(|it| *it > index),
            _ => None,
        };
        self.queue.insert(at.unwrap_or(self.queue.len()), index);
    }

    /// That it is told to end is written down before it is: who finds it ended knows for whom.
    fn note_kill(&mut self, index: usize, before: State, after: State) {
        let why = |state| match state {
            State::Killing { why, .. } => Some(why),
            _ => None,
        };
        let Some(why) = why(after).filter(|after| why(before) != Some(*after)) else { return };
        if let Some(attempt) = self.jobs.get(index).map(|entry| entry.tried.count()) {
            self.records.push(&Record::Killing { index, attempt, by: why.into(), when: self.now });
        }
    }

    /// What comes is the next attempt's, or that there is none: neither has anything of the last one.
    fn forget_attempt(&mut self, index: usize) {
        if let Some(entry) = self.jobs.get_mut(index) {
            (entry.due, entry.polls, entry.prepared) = (false, 0, false);
            (entry.adopted, entry.was_told, entry.later) = (false, false, None);
            (entry.jid, entry.outcome, entry.usage, entry.rc) = (None, None, None, None);
            entry.times = (None, None);
        }
    }

    /// The scheduler has it no more, or it is let go.
    fn unlive(&mut self, index: usize) {
        if let Some(jid) = self.jobs.get(index).and_then(|entry| entry.jid.as_ref())
            && self.live.get(jid) == Some(&index)
        {
            self.live.remove(jid);
            // It may run for ever: the scheduler counts it, and this does not.
            self.withdraw();
            self.settings.ahead = 0;
        }
    }

    /// An attempt has ended, or the job.
    fn end(&mut self, index: usize, ends: Ends) {
        match ends {
            Ends::Nothing => {}
            Ends::Attempt(failure, wait) => self.end_attempt(index, failure, wait),
            Ends::Job(outcome) => self.end_job(index, outcome),
        }
    }

    fn end_attempt(&mut self, index: usize, failure: Failure, wait: Duration) {
        self.orders.push(Order::Timer(index, Timer::Backoff, Some(wait)));
        let Some(entry) = self.jobs.get_mut(index) else { return };
        let attempt = entry.tried.count();
        // It may never have run.
        entry.times.1 = entry.times.1.or(NonZeroU64::new(self.now));
        entry.tried.failed(&failure);
        let (why, rc, usage) = (failure.to_string(), entry.rc, entry.usage.map(Used::from));
        let retries = entry.spec().given_retry().unwrap_or(&self.settings.retry).retries;
        let used = entry.tried.paid;
        self.records.push(&if failure.costs_no_attempt() {
            Record::Excused { index, attempt, why: &why, rc, usage, when: self.now }
        } else {
            Record::Failed { index, attempt, why: &why, rc, usage, when: self.now }
        });
        self.records.push(&Record::Retry {
            index,
            attempt,
            used,
            retries,
            wait: store::millis(wait),
            when: self.now,
        });
        self.note_unknown(index, &failure);
        if let Some(entry) = self.jobs.get_mut(index) {
            entry.outcome = Some(Outcome::Failed(failure));
        }
        self.orders.push(Order::Timer(index, Timer::Backoff, Some(wait)));
        self.write_end(index, Status::Failed);
    }

    fn end_job(&mut self, index: usize, outcome: Outcome) {
        let stopping = self.is_stopping();
        let Some(entry) = self.jobs.get_mut(index) else { return };
        let (attempt, status) = (entry.tried.count(), outcome.status());
        let (rc, usage, when) = (entry.rc, entry.usage.map(Used::from), self.now);
        let why = if outcome == Outcome::Succeeded { String::new() } else { outcome.to_string() };
        let left_over = is_left_over(&outcome, stopping);
        self.records.push(&if left_over {
            Record::Unstarted { index, why: &why, when }
        } else {
            Record::Ended { index, attempt, status: status.code(), why: &why, rc, usage, when }
        });
        if let Outcome::Failed(failure) = &outcome {
            entry.times.1 = entry.times.1.or(NonZeroU64::new(when));
            let policy = entry.spec().given_retry().unwrap_or(&self.settings.retry);
            if policy.retries > 0 {
                let (used, retries, covered) = (entry.tried.paid, policy.retries, policy.covers(failure));
                self.records.push(&Record::GaveUp { index, attempt, used, retries, covered, when });
            }
        }
        let count = match &outcome {
            Outcome::Succeeded => &mut self.counts.succeeded,
            Outcome::Skipped { .. } => &mut self.counts.skipped,
            Outcome::Failed(_) => &mut self.counts.failed,
            Outcome::Killed(_) => &mut self.counts.killed,
            Outcome::Cancelled(_) => &mut self.counts.cancelled,
        };
        *count += 1;
        let well = outcome.is_success();
        entry.outcome = Some(outcome);
        if entry.ran || !left_over {
            self.write_end(index, status);
        }
        self.jobs.set_end(index, well);
        self.note_end(index);
    }

    /// What never ran has no files; what does not run again has those of its last attempt, and they say how it ended.
    fn write_end(&mut self, index: usize, status: Status) {
        let Some(entry) = self.jobs.get(index) else { return };
        if self.settings.files && entry.may_have_files() {
            let ended = SmallFile::End { rc: entry.rc, status };
            let file = if entry.ran { ended } else { SmallFile::Status(status) };
            self.orders.push(Order::Write(index, file));
        }
    }

    fn perform(&mut self, index: usize, effect: Effect, timeout: Option<Duration>) {
        match effect {
            Effect::Tell(moment) => self.tell(index, moment),
            Effect::AskGate => self.ask(index, Moment::Submitting, Event::Allowed),
            Effect::AskKill => self.ask(index, Moment::Killing, Event::KillAllowed),
            Effect::AskVerify => self.ask(index, Moment::Verifying, Event::Judged(Ok(()))),
            Effect::Submit => self.submit(index),
            Effect::Postpone => self.orders.push(Order::Timer(index, Timer::Resubmit, Some(RESUBMIT))),
            Effect::Term => self.kill_with(index, Kill::Term, self.settings.grace),
            Effect::Kill => self.kill_with(index, Kill::Kill, UNKILLABLE),
            Effect::StartTimeout if timeout.is_some() => {
                self.orders.push(Order::Timer(index, Timer::Timeout, timeout));
            }
            Effect::StartTimeout => {}
        }
    }

    /// The intent is in the journal before the scheduler is asked.
    fn submit(&mut self, index: usize) {
        if self.broken.is_some() || self.abandoned {
            return;
        }
        let Some(entry) = self.jobs.get(index) else { return };
        self.records.push(&Record::Submitting { index, attempt: entry.tried.count() });
        self.orders.push(Order::Submit(index));
    }

    fn kill_with(&mut self, index: usize, how: Kill, grace: Duration) {
        let Some(jid) = self.jobs.get(index).and_then(|entry| entry.jid.clone()) else { return };
        self.orders.push(Order::Kill(jid, how));
        self.orders.push(Order::Timer(index, Timer::Grace, Some(grace)));
    }

    /// Asks hooks; where there are none, goes on at once.
    fn ask(&mut self, index: usize, moment: Moment, go: Event) {
        // While the journal cannot be written hooks are not called: a kill does not wait for that.
        let is_held = self.broken.is_some() && moment == Moment::Killing;
        let told = &self.settings.told;
        let is_told = self.jobs.get(index).is_some_and(|entry| told.has_for(entry, moment));
        if is_told && !is_held {
            self.tell(index, moment);
        } else {
            self.publish(index, moment);
            self.step(index, go);
        }
    }

    /// Hooks of one job are called one after the other: those of later moments wait for those of earlier ones.
    pub(super) fn tell(&mut self, index: usize, moment: Moment) {
        self.publish(index, moment);
        let Some(entry) = self.jobs.get_mut(index) else { return };
        if self.abandoned || !self.settings.told.has_for(entry, moment) {
            return;
        }
        let job = entry.snapshot(index, moment);
        if entry.waiting.capacity() == 0 {
            entry.waiting = self.spare.pop().unwrap_or_default();
        }
        entry.waiting.push(Notice { moment, job });
        if !entry.calling {
            self.call(index);
        }
    }

    /// Has the hooks of a job called about all that waits to be told.
    pub(super) fn call(&mut self, index: usize) {
        if let Some(entry) = self.jobs.get_mut(index) {
            entry.calling = true;
            self.calling += 1;
            self.calls.push(index);
        }
    }

    fn publish(&mut self, index: usize, moment: Moment) {
        if !self.publishing || matches!(moment, Moment::Polling(_)) {
            return;
        }
        let Some(entry) = self.jobs.get(index) else { return };
        let job = entry.snapshot(index, moment);
        self.orders.push(Order::Publish(Box::new(Notice { moment, job })));
    }

    /// The wait before the next attempt is over. What hooks read of the last one stays until they have returned.
    pub(super) fn due(&mut self, index: usize) {
        match self.jobs.get_mut(index) {
            Some(entry) if entry.state == State::Waiting && entry.calling => entry.due = true,
            Some(entry) if entry.state == State::Waiting => self.step(index, Event::Due),
            _ => {}
        }
    }

    pub(super) fn resubmit(&mut self, index: usize) {
        if self.may_start()
            && !self.is_stopping()
            && self.jobs.get(index).is_some_and(|it| it.state == State::Postponed)
        {
            self.step(index, Event::Resubmit);
        }
    }

    /// Lets go of what was asked, once nobody needs it. A user's data in it is dropped elsewhere: that may block or panic.
    pub(super) fn settle(&mut self, index: usize) {
        self.orders.extend(self.jobs.settle(index).map(Order::Discard));
    }
}

/// Whether a job is left for another run on the same work directory: this one was stopped before its turn came, or while it
/// ran. Who stopped the run did not judge the job.
fn is_left_over(outcome: &Outcome, stopping: bool) -> bool {
    match outcome {
        // It would have been run again.
        Outcome::Failed(Failure::Unknown(_)) => stopping,
        Outcome::Cancelled(Cancelled::Stopped(reason)) => *reason != KillReason::User,
        // The next run may see the job that it waited for succeed.
        Outcome::Cancelled(Cancelled::Dependency { .. }) => true,
        Outcome::Killed(reason) => *reason != KillReason::User,
        _ => false,
    }
}
