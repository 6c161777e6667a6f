//! What is left of a run when nobody waits for its courier any longer, and what do people hear of it?

use std::io;
use std::sync::MutexGuard;

use super::courier::{End, Shared, State};
use super::message::Ended;

impl Shared {
    /// The run was given up: what happened in it is kept for the next.
    pub(super) fn dropped(&self) {
        let mut state = self.state();
        if state.end.is_none() && !state.is_over {
            state.end = Some(End::Dropped);
            self.leave(state, None);
        }
    }

    /// The thread still carries an earlier message, and nobody waits for it any longer: the last one is kept for the next run.
    pub(super) fn rescue(&self) {
        let mut state = self.state();
        match state.end.take() {
            Some(End::Done { ended, .. }) => {
                state.end = Some(End::Dropped);
                self.leave(state, ended.map(|it| *it));
            }
            end => state.end = end,
        }
    }

    /// Keeps what is in no message yet, without the thread.
    fn leave(&self, state: MutexGuard<'_, State>, ended: Option<Ended>) {
        self.wake.notify_one();
        let mut state = self.settled(state);
        let (queue, mut digest) = (std::mem::take(&mut state.queue), std::mem::take(&mut state.digest));
        drop(state);
        queue.into_iter().for_each(|it| digest.add(it, Vec::new()));
        if digest.is_empty() && ended.is_none() {
            return;
        }
        if let Err(error) = self.outbox.keep(&self.message(digest, ended)) {
            self.is_unkept(&error);
        }
    }

    /// A message could not be kept.
    pub(super) fn is_unkept(&self, error: &io::Error) {
        tracing::warn!(plugin = self.name, %error, "a message could not be kept for the next run");
        let mut state = self.state();
        state.unkept += 1;
        state.why_unkept = error.to_string();
    }

    /// What people should know.
    pub(super) fn notes(&self) -> Vec<String> {
        let (mut notes, name, dir) = (Vec::new(), self.name, self.outbox.dir());
        let state = self.settled(self.state());
        let messages = |count: usize| format!("{count} message{}", if count == 1 { "" } else { "s" });
        let why = match (state.asked, &*state.why) {
            (Some(asked), _) => {
                format!("it had not answered within {:.1} s", asked.elapsed().as_secs_f64())
            }
            (None, "") => "there was no time".to_owned(),
            (None, why) => why.to_owned(),
        };
        match self.outbox.ids().map(|it| it.len()) {
            Ok(0) => {}
            Ok(left) => notes.push(format!(
                "{name}: {} not delivered ({why}); kept in {}, and sent by the next run on this work directory",
                messages(left),
                dir.display()
            )),
            Err(error) => notes.push(format!("{name}: what was not delivered cannot be told: {}: {error}", dir.display())),
        }
        if state.refused > 0 {
            let (dir, why) = (self.outbox.refused_dir(), &state.why_refused);
            notes.push(format!(
                "{name}: {} refused ({why}); kept in {}",
                messages(state.refused),
                dir.display()
            ));
        }
        if state.unkept > 0 {
            let lost = messages(state.unkept);
            notes.push(format!(
                "{name}: {lost} lost: not delivered ({why}), and not kept: {}",
                state.why_unkept
            ));
        }
        notes
    }
}
