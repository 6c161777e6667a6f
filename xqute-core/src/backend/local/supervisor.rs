//! Who starts and outlives? One thread, in a process of its own or, where that cannot be, in the program: it starts what its
//! client asks for, and tells how it ends. A client may go, and another come; it is gone after its last child.

use std::env;
use std::ffi::{CStr, OsStr};
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::child::{NotStarted, Stage};
use super::client::Client;
use super::nursery::Nursery;
use super::reach;
use super::record::Record;
use super::surroundings::Surroundings;
use super::wire::{self, Broken, Reply, Request, Start, VERSION};

/// Most jobs started between two looks at what has ended.
const BATCH: usize = 16;

pub(super) struct Supervisor {
    nursery: Nursery,
    /// `None`: it serves the client that it has, in the client's own process, and ends with it.
    door: Option<UnixListener>,
    client: Option<Client>,
    surroundings: Surroundings,
    /// Nobody else may start jobs of the work directory as long as this is open.
    lock: File,
}

/// What there is to do.
struct Woken {
    door: bool,
    client: PollFlags,
    /// Which of the nursery's descriptors.
    ended: Vec<bool>,
}

impl Supervisor {
    /// One in a process of its own.
    pub(super) fn alone(nursery: Nursery, door: UnixListener, lock: File) -> io::Result<Self> {
        door.set_nonblocking(true)?;
        Ok(Self { nursery, door: Some(door), client: None, surroundings: Surroundings::default(), lock })
    }

    /// One that is a thread of its client.
    pub(super) fn within(nursery: Nursery, client: UnixStream, lock: File) -> io::Result<Self> {
        let client = Some(Client::new(client)?);
        Ok(Self { nursery, door: None, client, surroundings: Surroundings::default(), lock })
    }

    /// Until nobody needs it.
    pub(super) fn serve(mut self) {
        // Its first client waits at the door already.
        self.admit();
        while !self.is_over() {
            let Ok(woken) = self.wait() else { continue };
            self.turn(&woken);
        }
        self.nursery.close();
        if self.door.is_some() {
            reach::remove_door(&self.lock);
        }
    }

    fn is_over(&mut self) -> bool {
        if self.client.is_some() {
            return false;
        }
        // Who has come in the last moment is let in; who comes later finds the door closed, and knows what that means.
        self.door.is_none() || (self.nursery.is_idle() && !self.admit())
    }

    fn wait(&self) -> io::Result<Woken> {
        let limit = self.pause(Instant::now()).and_then(|it| Timespec::try_from(it).ok());
        let mut fds: Vec<PollFd<'_>> = Vec::new();
        let door = self.door.as_ref().filter(|_| self.is_open());
        if let Some(door) = door {
            fds.push(PollFd::new(door, PollFlags::IN));
        }
        if let Some(client) = &self.client {
            fds.push(PollFd::from_borrowed_fd(client.stream.as_fd(), client.interest()));
        }
        let own = fds.len();
        fds.extend(self.nursery.descriptors().map(|it| PollFd::from_borrowed_fd(it, PollFlags::IN)));
        poll(&mut fds, limit.as_ref())?;
        let is_ready = |it: &PollFd<'_>| !it.revents().is_empty();
        let ended = fds[own..].iter().map(is_ready).collect();
        let mut own = fds[..own].iter();
        let door = door.is_some() && own.next().is_some_and(is_ready);
        let client = own.next().map_or(PollFlags::empty(), PollFd::revents);
        Ok(Woken { door, client, ended })
    }

    /// How long until there is something to do that no descriptor tells of.
    fn pause(&self, now: Instant) -> Option<Duration> {
        let room = self.nursery.count();
        if self.client.as_ref().is_some_and(|it| it.has_message() || it.has_next(room)) {
            return Some(Duration::ZERO);
        }
        let told = self.client.as_ref().and_then(|it| it.due).map(|it| it.saturating_duration_since(now));
        self.nursery.pause(now).into_iter().chain(told).min()
    }

    fn turn(&mut self, woken: &Woken) {
        let before = self.nursery.fault();
        let ends = self.nursery.look(|at| woken.ended[at], Instant::now());
        if let Some(client) = self.client.as_mut().filter(|it| it.is_welcome) {
            ends.into_iter().for_each(|it| client.say(&Reply::Told(it)));
            let fault = self.nursery.fault().filter(|it| before != Some(*it));
            fault.into_iter().for_each(|errno| client.say(&Reply::Held { errno }));
        }
        if woken.door {
            self.admit();
        } else if let Some(client) = &mut self.client {
            client.hear(woken.client);
        }
        self.obey();
        if let Some(client) = &mut self.client {
            if !client.gathers(Instant::now()) {
                client.flush();
            }
            if client.is_done() {
                self.client = None;
            }
        }
    }

    /// There is one client, the program that has the work directory: as long as it lives, nobody else is let in.
    fn is_open(&self) -> bool {
        !self.client.as_ref().is_some_and(|it| it.is_welcome)
    }

    /// Lets in who waits at the door.
    fn admit(&mut self) -> bool {
        let Some(door) = &self.door else { return false };
        let Ok((stream, _)) = door.accept() else { return false };
        self.client = Client::new(stream).ok();
        self.client.is_some()
    }

    /// Does what the client asks for.
    fn obey(&mut self) {
        let Self { nursery, client: Some(client), surroundings, door, .. } = self else { return };
        let (inbox, mut at) = (std::mem::take(&mut client.inbox), client.at);
        loop {
            let (message, size) = match wire::message(&inbox[at..]) {
                Ok(Some(it)) => it,
                Ok(None) => break,
                Err(Broken) => {
                    client.breaks();
                    break;
                }
            };
            match Request::decode(message) {
                Ok(Request::Hello { version, cwd, env }) => {
                    *surroundings = Surroundings::new(&env);
                    nursery.close();
                    // In the client's own process, it is where the client is.
                    let gone = if door.is_none() { Ok(()) } else { go_to(cwd) };
                    client.is_welcome = version == VERSION && gone.is_ok();
                    client.say(&match gone {
                        Err(why) if version == VERSION => Reply::Refused(why),
                        _ => Reply::Welcome { version: VERSION, live: nursery.live() },
                    });
                }
                Ok(_) if !client.is_welcome => client.breaks(),
                Ok(Request::Start(Start { at_once, .. })) => {
                    client.next.push_back((at_once as usize, message.to_vec()));
                }
                Ok(Request::Withdraw) => client.withdraw(),
                Ok(Request::Kill { how, processes }) => {
                    processes.into_iter().for_each(|(pid, start)| nursery.kill(pid, start, how));
                    client.say(&Reply::Signalled);
                }
                Err(Broken) => client.breaks(),
            }
            at += size;
        }
        client.keep(inbox, at);
        self.start_next();
    }

    /// Starts what the client has asked for, as far as there is room for it.
    fn start_next(&mut self) {
        let Self { nursery, client: Some(client), surroundings, .. } = self else { return };
        if client.is_gone {
            client.next.clear();
        }
        let mut starts = 0;
        while starts < BATCH && client.has_next(nursery.count()) {
            let Some((_, message)) = client.next.pop_front() else { break };
            // It was understood when it came in.
            let Ok(Request::Start(job)) = Request::decode(&message) else { continue };
            starts += 1;
            client.say(&nursery.start(&job, surroundings).map_or_else(Reply::Refused, Reply::Told));
        }
        if starts > 0 {
            nursery.weigh();
        }
    }
}

/// Goes where the client is. Where that cannot tell, it is where it started this process.
fn go_to(cwd: &CStr) -> Result<(), NotStarted> {
    let path = Path::new(OsStr::from_bytes(cwd.to_bytes()));
    if cwd.is_empty() || env::current_dir().is_ok_and(|it| it == path) {
        return Ok(());
    }
    let fault = |it: io::Error| NotStarted { stage: Stage::Directory, errno: it.raw_os_error().unwrap_or(0) };
    env::set_current_dir(path).map_err(fault)
}

/// Writes down who starts the jobs that follow.
pub(super) fn introduction() -> Record {
    let pid = rustix::process::getpid();
    let start = super::proc::Stat::read(pid).map_or(0, |it| it.start);
    let place = super::proc::here();
    Record::Supervisor { place, pid: pid.as_raw_nonzero().get(), start, when: super::record::now() }
}
