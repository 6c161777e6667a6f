//! What does the supervisor know of the program that it serves? What was said and is not done yet, and what it is still to be told.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use rustix::event::PollFlags;

use super::wire::{self, Reply};

/// How many jobs have to wait for their turn for the client to be told later of those that ran: it need not hurry.
const ENOUGH: usize = 4;
/// How much later.
const GATHERS: Duration = Duration::from_millis(4);
/// Most bytes read at once.
const READ: usize = 64 * 1024;

/// The program, as the supervisor sees it.
pub(super) struct Client {
    pub(super) stream: UnixStream,
    /// Room for what is read.
    room: Box<[u8]>,
    /// What it said, from `at` on not looked at yet.
    pub(super) inbox: Vec<u8>,
    pub(super) at: usize,
    /// The jobs that it wants to have started, each as soon as fewer than so many run.
    pub(super) next: VecDeque<(usize, Vec<u8>)>,
    /// What it is to be told.
    outbox: Vec<u8>,
    /// Until when that may wait, for more to come.
    pub(super) due: Option<Instant>,
    /// It has said hello.
    pub(super) is_welcome: bool,
    /// It is no more: what it wanted to have started is not.
    pub(super) is_gone: bool,
    /// It has said its last.
    is_silent: bool,
}

impl Client {
    pub(super) fn new(stream: UnixStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        let (inbox, outbox, no) = (Vec::new(), Vec::new(), false);
        let room = vec![0; READ].into_boxed_slice();
        let next = VecDeque::new();
        let (is_welcome, is_gone, is_silent) = (no, no, no);
        Ok(Self { stream, room, inbox, at: 0, next, outbox, due: None, is_welcome, is_gone, is_silent })
    }

    /// Where it is gone, there is nothing to wait for but the descriptor's own news of that.
    pub(super) fn interest(&self) -> PollFlags {
        let waits = self.outbox.is_empty() || self.due.is_some();
        let write = if waits { PollFlags::empty() } else { PollFlags::OUT };
        PollFlags::IN | write
    }

    pub(super) fn has_message(&self) -> bool {
        // Too long a one is found out when it is read.
        !matches!(wire::message(&self.inbox[self.at..]), Ok(None))
    }

    /// Reads what it said. If it is gone, all of that: its last words may be to kill.
    pub(super) fn hear(&mut self, woken: PollFlags) {
        self.is_gone |= woken.intersects(PollFlags::HUP | PollFlags::ERR);
        if !woken.contains(PollFlags::IN) {
            self.is_silent = self.is_gone;
            return;
        }
        loop {
            let read = self.stream.read(&mut self.room);
            self.inbox.extend_from_slice(&self.room[..*read.as_ref().unwrap_or(&0)]);
            match read {
                Ok(0) => return self.ends(),
                Ok(_) if self.is_gone => {}
                Ok(_) => return,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return self.ends(),
            }
        }
    }

    fn ends(&mut self) {
        (self.is_gone, self.is_silent) = (true, true);
    }

    pub(super) fn say(&mut self, reply: &Reply) {
        reply.encode(&mut self.outbox);
    }

    /// Keeps what of its words was not looked at.
    pub(super) fn keep(&mut self, mut inbox: Vec<u8>, at: usize) {
        self.at = at;
        if self.at == inbox.len() || self.at > READ {
            inbox.drain(..self.at);
            self.at = 0;
        }
        self.inbox = inbox;
    }

    /// It does not speak this protocol.
    pub(super) fn breaks(&mut self) {
        self.ends();
        self.is_welcome = false;
    }

    /// Whether one of the jobs that it waits for may start, with so many that run.
    pub(super) fn has_next(&self, running: usize) -> bool {
        self.next.front().is_some_and(|(at_once, _)| running < *at_once)
    }

    /// It does not want any more what has not started.
    pub(super) fn withdraw(&mut self) {
        for _ in self.next.drain(..) {
            Reply::Withdrawn.encode(&mut self.outbox);
        }
    }

    /// Whether what it is to be told waits for more to come.
    pub(super) fn gathers(&mut self, now: Instant) -> bool {
        let hurries = self.outbox.is_empty() || self.next.len() < ENOUGH;
        let due = *self.due.get_or_insert(now + GATHERS);
        self.due = self.due.filter(|_| !hurries && due > now);
        self.due.is_some()
    }

    pub(super) fn flush(&mut self) {
        while !self.outbox.is_empty() {
            match self.stream.write(&self.outbox) {
                Ok(size) => drop(self.outbox.drain(..size)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => {
                    self.is_gone = true;
                    self.outbox.clear();
                }
            }
        }
    }

    /// Nothing of what it said is left to do, and it will say no more.
    pub(super) fn is_done(&self) -> bool {
        self.is_silent && (!self.is_welcome || !self.has_message())
    }
}
