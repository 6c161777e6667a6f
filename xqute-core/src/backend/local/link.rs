//! How does a program speak to the supervisor of its jobs? What it asks for is answered in order; what happens to jobs comes in
//! between.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::{Notify, oneshot};

use super::child::NotStarted;
use super::not_kept;
use super::record::Record;
use super::system;
use super::wire::{self, Reply};
use crate::backend::Accepted;

/// Most bytes read at once.
const ROOM: usize = 16 * 1024;

/// What a request is answered.
#[derive(Debug)]
pub(super) enum Answer {
    Started(Accepted),
    Refused(NotStarted),
    Withdrawn,
    Signalled,
}

/// What is asked for: the answers to starts come in their order, and those to kills in theirs.
#[derive(Debug, Clone, Copy)]
pub(super) enum About {
    Starts,
    Kill,
}

/// The way to a supervisor.
#[derive(Debug)]
pub(super) struct Link {
    to: UnixStream,
    asked: Mutex<Asked>,
    /// There is something left to write.
    more: Notify,
}

#[derive(Debug, Default)]
struct Asked {
    unsent: Vec<u8>,
    starts: VecDeque<oneshot::Sender<Answer>>,
    kills: VecDeque<oneshot::Sender<Answer>>,
    /// There is nobody on the other side.
    is_lost: bool,
}

/// Whoever listens has it. That may be dropped with its runtime, even before it has begun: who asks then waits for no answer.
#[derive(Debug)]
pub(super) struct Listening(pub(super) Arc<Link>);

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.lose();
    }
}

/// What comes back.
#[derive(Debug)]
pub(super) struct Heard {
    inbox: Inbox,
    /// The same stream once more, to be told when more can be written: when that is wanted, no descriptor may be left.
    to: OwnedFd,
}

#[derive(Debug)]
struct Inbox {
    /// The same stream. Nobody is woken each time that the other side has read: only who has something left to write asks for that.
    from: AsyncFd<OwnedFd>,
    room: Box<[u8]>,
    bytes: Vec<u8>,
}

impl Link {
    /// The stream does not block, and `bytes` were read from it.
    pub(super) fn new(to: UnixStream, bytes: Vec<u8>) -> io::Result<(Self, Heard)> {
        let from = system::watched(to.try_clone()?.into(), Interest::READABLE)?;
        let inbox = Inbox { from, room: vec![0; ROOM].into_boxed_slice(), bytes };
        let heard = Heard { inbox, to: to.try_clone()?.into() };
        Ok((Self { to, asked: Mutex::default(), more: Notify::new() }, heard))
    }

    /// Sends requests, to which this many answers come; none comes any more where the link is lost. It does not wait, so that
    /// nobody can give up in the middle of one.
    pub(super) fn ask(
        &self,
        requests: &[u8],
        about: About,
        answers: usize,
    ) -> Vec<oneshot::Receiver<Answer>> {
        let mut asked = self.lock();
        if asked.is_lost {
            return (0..answers).map(|_| oneshot::channel().1).collect();
        }
        asked.unsent.extend_from_slice(requests);
        let mut receivers = Vec::with_capacity(answers);
        for _ in 0..answers {
            let (sender, receiver) = oneshot::channel();
            match about {
                About::Starts => asked.starts.push_back(sender),
                About::Kill => asked.kills.push_back(sender),
            }
            receivers.push(receiver);
        }
        if !self.send(&mut asked) {
            self.more.notify_one();
        }
        receivers
    }

    /// Has those starts answered that wait.
    pub(super) fn withdraw(&self) {
        let mut request = Vec::new();
        wire::Request::Withdraw.encode(&mut request);
        self.ask(&request, About::Starts, 0);
    }

    /// Whether all is sent. Where it cannot be, the other side is found to be gone by who listens.
    fn send(&self, asked: &mut Asked) -> bool {
        while !asked.unsent.is_empty() {
            match (&self.to).write(&asked.unsent) {
                Ok(size) => drop(asked.unsent.drain(..size)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return error.kind() != io::ErrorKind::WouldBlock,
            }
        }
        true
    }

    /// Sends what could not be sent at once; returns only where that cannot be.
    async fn send_rest(&self, mut to: OwnedFd) -> io::Result<()> {
        loop {
            self.more.notified().await;
            let watched = system::watched(to, Interest::WRITABLE)?;
            loop {
                let mut ready = watched.writable().await?;
                if self.send(&mut self.lock()) {
                    break;
                }
                ready.clear_ready();
            }
            to = watched.into_inner();
        }
    }

    /// Answers the oldest request of its kind.
    fn answer(&self, answer: Answer) {
        let mut asked = self.lock();
        let kind = if matches!(answer, Answer::Signalled) { &mut asked.kills } else { &mut asked.starts };
        if let Some(asked) = kind.pop_front() {
            // Who asked may be gone.
            let _ = asked.send(answer);
        }
    }

    /// Nobody is answered any more, and the other side, if it is there, may let somebody else in.
    fn lose(&self) {
        let mut asked = self.lock();
        asked.is_lost = true;
        (asked.starts, asked.kills) = Default::default();
        // If it is gone, there is nothing to close.
        let _ = self.to.shutdown(Shutdown::Both);
    }

    pub(super) fn is_lost(&self) -> bool {
        self.lock().is_lost
    }

    fn lock(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Heard {
    /// Listens until the other side is gone: what happens to a job is told to `tell`, which names those that start.
    pub(super) async fn listen(
        self,
        link: &Link,
        workdir: &Path,
        mut tell: impl FnMut(Record) -> Option<Accepted>,
    ) {
        let Self { mut inbox, to } = self;
        let listens = async {
            loop {
                if inbox.take(link, workdir, &mut tell).is_err() {
                    tracing::error!(
                        "the supervisor of this machine's jobs says what this program does not understand"
                    );
                    return;
                }
                match inbox.read().await {
                    Ok(0) | Err(_) => return,
                    Ok(_) => {}
                }
            }
        };
        tokio::select! {
            () = listens => {}
            _ = link.send_rest(to) => {}
        }
    }
}

impl Inbox {
    async fn read(&mut self) -> io::Result<usize> {
        let Self { from, room, bytes } = self;
        loop {
            let mut ready = from.readable().await?;
            let Ok(read) = ready.try_io(|it| Ok(rustix::io::read(it, &mut room[..])?)) else { continue };
            match read {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
                Ok(size) => {
                    // Where less came than there was room for, nothing is left: the next is told anew.
                    if size < room.len() {
                        ready.clear_ready();
                    }
                    bytes.extend_from_slice(&room[..size]);
                    return Ok(size);
                }
            }
        }
    }

    /// Takes in every message that is there.
    fn take(
        &mut self,
        link: &Link,
        workdir: &Path,
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
                Reply::Withdrawn => link.answer(Answer::Withdrawn),
                Reply::Signalled => link.answer(Answer::Signalled),
                Reply::Held { errno } => {
                    tracing::warn!("{}", not_kept(workdir, &io::Error::from_raw_os_error(errno)));
                }
                Reply::Welcome { .. } => return Err(wire::Broken),
            }
            at += size;
        }
        self.bytes.drain(..at);
        Ok(())
    }
}
