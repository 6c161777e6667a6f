//! How does a program speak to the supervisor of its jobs? What it asks for is answered in order; what happens to jobs comes in
//! between.

use std::collections::VecDeque;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::io::AsyncReadExt;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Notify, oneshot};

use super::child::NotStarted;
use super::record::Record;
use super::wire::{self, Reply};
use crate::backend::Accepted;

/// What a request is answered.
#[derive(Debug)]
pub(super) enum Answer {
    Started(Accepted),
    Refused(NotStarted),
    Signalled,
}

/// The way to a supervisor.
#[derive(Debug)]
pub(super) struct Link {
    to: OwnedWriteHalf,
    asked: Mutex<Asked>,
    /// There is something left to write.
    more: Notify,
}

#[derive(Debug, Default)]
struct Asked {
    unsent: Vec<u8>,
    unanswered: VecDeque<oneshot::Sender<Answer>>,
    /// There is nobody on the other side.
    is_lost: bool,
}

/// What comes back.
#[derive(Debug)]
pub(super) struct Heard {
    from: OwnedReadHalf,
    bytes: Vec<u8>,
}

impl Link {
    pub(super) fn new(stream: UnixStream, bytes: Vec<u8>) -> (Self, Heard) {
        let (from, to) = stream.into_split();
        (Self { to, asked: Mutex::default(), more: Notify::new() }, Heard { from, bytes })
    }

    /// Sends requests, to which this many answers come; none comes any more where the link is lost. It does not wait, so that
    /// nobody can give up in the middle of one.
    pub(super) fn ask(&self, requests: &[u8], answers: usize) -> Vec<oneshot::Receiver<Answer>> {
        let mut asked = self.lock();
        if asked.is_lost {
            return (0..answers).map(|_| oneshot::channel().1).collect();
        }
        asked.unsent.extend_from_slice(requests);
        let mut receivers = Vec::with_capacity(answers);
        for _ in 0..answers {
            let (sender, receiver) = oneshot::channel();
            asked.unanswered.push_back(sender);
            receivers.push(receiver);
        }
        if !self.send(&mut asked) {
            self.more.notify_one();
        }
        receivers
    }

    /// Whether all is sent. Where it cannot be, the other side is found to be gone by who listens.
    fn send(&self, asked: &mut Asked) -> bool {
        while !asked.unsent.is_empty() {
            match self.to.try_write(&asked.unsent) {
                Ok(size) => drop(asked.unsent.drain(..size)),
                Err(error) => return error.kind() != io::ErrorKind::WouldBlock,
            }
        }
        true
    }

    /// Sends what could not be sent at once; never returns.
    async fn send_rest(&self) {
        loop {
            self.more.notified().await;
            while self.to.writable().await.is_ok() && !self.send(&mut self.lock()) {}
        }
    }

    /// Answers the oldest request.
    fn answer(&self, answer: Answer) {
        if let Some(asked) = self.lock().unanswered.pop_front() {
            // Who asked may be gone.
            let _ = asked.send(answer);
        }
    }

    /// Nobody is answered any more.
    pub(super) fn lose(&self) {
        let mut asked = self.lock();
        asked.is_lost = true;
        asked.unanswered.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Heard {
    /// Listens until the other side is gone: what happens to a job is told to `tell`, which names those that start.
    pub(super) async fn listen(mut self, link: &Link, mut tell: impl FnMut(Record) -> Option<Accepted>) {
        let listens = async {
            loop {
                if self.take(link, &mut tell).is_err() {
                    tracing::error!(
                        "the supervisor of this machine's jobs says what this program does not understand"
                    );
                    return;
                }
                match self.from.read_buf(&mut self.bytes).await {
                    Ok(0) => return,
                    Ok(_) => {}
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(_) => return,
                }
            }
        };
        tokio::select! {
            () = listens => {}
            () = link.send_rest() => {}
        }
    }

    /// Takes in every message that is there.
    fn take(
        &mut self,
        link: &Link,
        tell: &mut impl FnMut(Record) -> Option<Accepted>,
    ) -> Result<(), wire::Broken> {
        let mut at = 0;
        while let Some((message, size)) = wire::message(&self.bytes[at..])? {
            match Reply::decode(message)? {
                Reply::Told(record) => {
                    if let Some(accepted) = tell(record) {
                        link.answer(Answer::Started(accepted));
                    }
                }
                Reply::Refused(why) => link.answer(Answer::Refused(why)),
                Reply::Signalled => link.answer(Answer::Signalled),
                Reply::Welcome { .. } => return Err(wire::Broken),
            }
            at += size;
        }
        self.bytes.drain(..at);
        Ok(())
    }
}
