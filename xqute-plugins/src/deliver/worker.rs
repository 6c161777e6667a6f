//! What does a courier's thread do? It looks at what failed, writes messages, and delivers them, in this order, again and again.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::courier::{End, InHand, Shared};
use super::job::Failed;
use super::message::{Ended, Message};
use super::pace::{Attempts, Hourly};
use super::{Carrier, Refusal};

/// As long as so many messages wait, what happens is gathered and not written: a receiver that is down for days fills no disk.
const MOST_WAITING: usize = 10;
/// After so many attempts with one message in a row another is tried; fewer than after which the end of a run waits no longer.
const PATIENCE: u32 = 3;
/// The longest sleep: a clock cannot be asked for any time at all.
const LONGEST: Duration = Duration::from_secs(3600);

pub(super) struct Worker {
    shared: Arc<Shared>,
    carrier: Box<dyn Carrier>,
    /// The oldest first.
    waiting: VecDeque<Letter>,
    hourly: Hourly,
    attempts: Attempts,
    /// So many failed in a row with the message that is tried.
    tries: u32,
    /// The run has ended, and waits until then.
    until: Option<Instant>,
    is_dropped: bool,
}

/// A message that waits.
enum Letter {
    /// In the outbox, under this identifier.
    Kept(String),
    /// Here alone, because it could not be kept.
    Held(Box<Message>),
}

/// Also where a carrier panics: nobody waits for who is gone.
impl Drop for Worker {
    fn drop(&mut self) {
        self.shared.is_over();
    }
}

impl Worker {
    pub(super) fn new(shared: Arc<Shared>, carrier: Box<dyn Carrier>) -> io::Result<Self> {
        let waiting = shared.outbox.ids()?.into_iter().map(Letter::Kept).collect();
        let hourly = Hourly::new(shared.speak.per_hour);
        Ok(Self {
            shared,
            carrier,
            waiting,
            hourly,
            attempts: Attempts::default(),
            tries: 0,
            until: None,
            is_dropped: false,
        })
    }

    pub(super) fn work(mut self) {
        loop {
            self.look();
            self.write();
            if self.has_ended() {
                return;
            }
            self.deliver();
            if self.has_ended() {
                return;
            }
            self.wait();
        }
    }

    fn has_ended(&self) -> bool {
        let drained =
            |until| self.waiting.is_empty() || self.attempts.are_hopeless(until) || Instant::now() >= until;
        self.is_dropped || self.until.is_some_and(drained)
    }

    /// Looks at what the jobs wrote that failed.
    fn look(&self) {
        while let Some((failed, _in_hand)) = self.next_failed() {
            let stderr = failed.stderr();
            self.shared.state().digest.add(failed, stderr);
        }
    }

    /// Where nobody waits any more, whoever dropped it keeps the rest.
    fn next_failed(&self) -> Option<(Failed, InHand<'_>)> {
        let mut state = self.shared.state();
        if matches!(state.end, Some(End::Dropped)) {
            return None;
        }
        let failed = state.queue.pop_front()?;
        let in_hand = self.shared.takes(&mut state);
        Some((failed, in_hand))
    }

    /// Writes what has happened down as a message, if it is time.
    fn write(&mut self) {
        let now = Instant::now();
        let shared = Arc::clone(&self.shared);
        let mut state = shared.state();
        let is_dropped = matches!(state.end, Some(End::Dropped));
        if !state.queue.is_empty() && !is_dropped {
            return;
        }
        let mut ended: Option<Ended> = None;
        match state.end.take() {
            // What had happened is kept by whoever dropped it.
            Some(End::Dropped) => {
                self.is_dropped = true;
                return;
            }
            Some(End::Done { ended: how, until }) => {
                self.until = Some(until);
                self.attempts.hurry();
                ended = how.map(|it| *it);
            }
            None if self.until.is_some() || self.due(state.since, now).is_none_or(|it| it > now) => return,
            None => self.hourly.count(now),
        }
        let digest = std::mem::take(&mut state.digest);
        state.since = None;
        let _in_hand = shared.takes(&mut state);
        drop(state);
        if !digest.is_empty() || ended.is_some() {
            let message = self.shared.message(digest, ended);
            self.keep(message);
        }
        if self.until.is_some() && self.tries > 0 {
            self.turn();
        }
    }

    /// When what has happened since then may be a message; `None`: nothing has, or not as long as others wait.
    fn due(&mut self, since: Option<Instant>, now: Instant) -> Option<Instant> {
        if self.waiting.len() >= MOST_WAITING {
            return None;
        }
        let gathered = since? + self.shared.speak.digest.min(24 * LONGEST);
        Some(self.hourly.next(now)?.max(gathered))
    }

    fn keep(&mut self, message: Message) {
        let letter = match self.shared.outbox.keep(&message) {
            Ok(()) => Letter::Kept(message.id),
            Err(error) => {
                self.shared.is_unkept(&error);
                Letter::Held(Box::new(message))
            }
        };
        self.waiting.push_back(letter);
    }

    /// Tries to deliver the oldest message, if it is time.
    fn deliver(&mut self) {
        let now = Instant::now();
        if self.attempts.next().is_some_and(|it| it > now) {
            return;
        }
        let Some(letter) = self.waiting.pop_front() else { return };
        let answer = match &letter {
            Letter::Held(message) => self.carry(message),
            Letter::Kept(id) => match self.shared.outbox.read(id) {
                Ok(Some(message)) => self.carry(&message),
                Ok(None) => Ok(()),
                Err(error) => Err(unread(&error)),
            },
        };
        match answer {
            Ok(()) => self.was_delivered(&letter),
            Err(Refusal::ForGood(why)) => self.was_refused(&letter, why),
            Err(Refusal::Later(why, asked)) => {
                tracing::debug!(
                    plugin = self.shared.name,
                    why,
                    ?asked,
                    "a message was not delivered, and is tried again"
                );
                self.attempts.failed(Instant::now(), asked);
                self.shared.state().why = why;
                self.waiting.push_front(letter);
                // Who says when is busy, and would be with another one.
                self.tries = if asked.is_some() { 0 } else { self.tries + 1 };
                if self.tries >= PATIENCE {
                    self.turn();
                }
            }
        }
    }

    /// While it lasts, and where it never ends, the state knows since when.
    fn carry(&self, message: &Message) -> Result<(), Refusal> {
        self.shared.state().asked = Some(Instant::now());
        let answer = self.carrier.carry(message);
        self.shared.state().asked = None;
        answer
    }

    /// Others first: what no receiver takes does not keep back what it would.
    fn turn(&mut self) {
        self.tries = 0;
        let len = self.waiting.len();
        self.waiting.rotate_left(len.min(1));
    }

    fn was_delivered(&mut self, letter: &Letter) {
        self.succeeded();
        match letter {
            Letter::Held(_) => self.shared.state().unkept -= 1,
            Letter::Kept(id) => self.left(self.shared.outbox.remove(id)),
        }
    }

    fn was_refused(&mut self, letter: &Letter, why: String) {
        tracing::warn!(plugin = self.shared.name, why, "a message was refused");
        self.succeeded();
        let Letter::Kept(id) = letter else {
            // It counts as lost.
            self.shared.state().why = why;
            return;
        };
        let _in_hand = self.shared.takes(&mut self.shared.state());
        self.left(self.shared.outbox.refuse(id, &why));
        let mut state = self.shared.state();
        state.refused += 1;
        state.why_refused = why;
    }

    fn succeeded(&mut self) {
        self.attempts.succeeded();
        self.tries = 0;
    }

    /// A message's file is gone from the outbox; where it is not, it will be delivered again.
    fn left(&self, gone: io::Result<()>) {
        if let Err(error) = gone {
            tracing::warn!(plugin = self.shared.name, %error, "a message stays in the outbox");
            self.shared.state().why = format!("its file stays: {error}");
        }
    }

    /// Until something happens, or it is time for something.
    fn wait(&mut self) {
        let now = Instant::now();
        let since = self.shared.state().since;
        let due = self.due(since, now).filter(|_| self.until.is_none());
        let attempt = (!self.waiting.is_empty()).then(|| self.attempts.next().unwrap_or(now));
        let next = [due, attempt, self.until].into_iter().flatten().min();
        let shared = Arc::clone(&self.shared);
        let state = shared.state();
        // What came since is not seen in `next`.
        if state.end.is_some() || !state.queue.is_empty() || state.since != since {
            return;
        }
        let most = next.map_or(LONGEST, |it| it.saturating_duration_since(now)).min(LONGEST);
        drop(shared.wake.wait_timeout(state, most));
    }
}

/// A file that is no message stays none; where the system could not read it, it may another time.
fn unread(error: &io::Error) -> Refusal {
    let why = format!("its file cannot be read: {error}");
    match error.kind() {
        ErrorKind::InvalidData | ErrorKind::UnexpectedEof => Refusal::ForGood(why),
        _ => Refusal::Later(why, None),
    }
}
