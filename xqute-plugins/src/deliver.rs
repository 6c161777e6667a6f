//! How do messages about a run leave this machine, so that no job waits for them and none is lost on the way?
//!
//! Shared by the plugins that tell people and programs elsewhere. A hook only puts what it has seen into a [`Courier`]'s queue. Its
//! thread gathers failures into digests, keeps each message in the work directory before it first tries to deliver it, and tries
//! again as long as the run lives. What is left is delivered by the next run on the work directory.
//!
//! A plugin brings what is its own, a [`Carrier`], and its configuration, made by [`config`](crate::deliver::config), so that what
//! all of them can be told is said, documented and defaulted once.

mod config;
mod courier;
mod digest;
mod job;
mod left;
mod message;
mod outbox;
mod pace;
mod tell;
mod worker;

#[cfg(test)]
mod tests;

pub(crate) use config::{Speak, config};
pub(crate) use courier::Courier;
#[cfg(test)]
pub(crate) use message::{Ended, LongJob};
pub(crate) use message::{Group, Message};

use std::time::Duration;

/// What brings one message to where it shall go.
pub(crate) trait Carrier: Send {
    /// Brings it there. It may block, for seconds rather than minutes: the message has been written down, and it may be
    /// carried again under the same [`Message::id`] if the program dies meanwhile.
    fn carry(&self, message: &Message) -> Result<(), Refusal>;
}

/// Why a message was not taken. The reason is shown to people: it must hold no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It would not be taken another time either.
    ForGood(String),
    /// It may be taken later: no earlier than after this time, if the receiver said so.
    Later(String, Option<Duration>),
}
