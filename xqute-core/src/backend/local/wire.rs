//! What do a program and the supervisor of its jobs say to each other? Messages with their length before them, many in one
//! call of the system.

use std::ffi::CStr;
use std::fmt;

use thiserror::Error;

use super::child::{NotStarted, Stage};
use super::record::{Attempt, Record, SIZE};
use crate::backend::Kill;

/// Raised when a message changes: a supervisor may outlive the program that started it by days.
pub(super) const VERSION: u32 = 3;
/// The longest message: the system takes less than that as a program's arguments.
pub(super) const LONGEST: usize = 16 * 1024 * 1024;

/// These bytes are no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("no message of this protocol")]
pub(super) struct Broken;

/// From the program. It is answered in order: a start by its record or by a refusal, the others each by their own.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Request<'a> {
    /// The first: how the program's own surroundings are. Text without `cwd`: it cannot be told.
    Hello {
        version: u32,
        cwd: &'a CStr,
        env: Vec<&'a CStr>,
    },
    Start(Start<'a>),
    /// Processes by number and start.
    Kill {
        how: Kill,
        processes: Vec<(i32, u64)>,
    },
    /// Drop what has not started. It is not answered itself; each of those starts is.
    Withdraw,
}

/// A job to start.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Start<'a> {
    pub(super) attempt: Attempt,
    /// It is to start when fewer jobs than this run. Those behind it wait for it.
    pub(super) at_once: u32,
    pub(super) argv: Vec<&'a CStr>,
    /// `NAME=VALUE`, beside what the program has; each name once.
    pub(super) env: Vec<&'a CStr>,
    /// Empty: where the program is.
    pub(super) cwd: &'a CStr,
    pub(super) output: To<'a>,
}

/// Where a job's output goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum To<'a> {
    /// To files of its own, which may be the same; `append`: behind what they have.
    Files { stdout: &'a CStr, stderr: &'a CStr, append: bool },
    /// To the files for all jobs in this directory.
    Bundle { directory: &'a CStr },
}

/// To the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reply {
    /// To a hello: the starts of all that runs.
    Welcome { version: u32, live: Vec<Record> },
    /// A start, or an end, which nobody asked for.
    Told(Record),
    /// There is no process.
    Refused(NotStarted),
    /// There is none, because the program did not want it any more.
    Withdrawn,
    /// The signals are sent.
    Signalled,
    /// What jobs have written that have ended cannot be kept for now: the system's error. Their ends are told when it can.
    Held { errno: i32 },
}

/// Variables may be secrets.
impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hello { version, cwd, .. } => write!(f, "Hello {version} from {cwd:?}"),
            Self::Start(it) => write!(f, "Start {:?}: {:?}", it.attempt, it.argv),
            Self::Kill { how, processes } => write!(f, "{how:?} {processes:?}"),
            Self::Withdraw => f.write_str("Withdraw"),
        }
    }
}

impl Request<'_> {
    pub(super) fn encode(&self, to: &mut Vec<u8>) {
        match self {
            Self::Hello { version, cwd, env } => framed(to, 1, |to| {
                to.extend(version.to_le_bytes());
                text(to, cwd);
                texts(to, env);
            }),
            Self::Start(it) => framed(to, 2, |to| {
                to.extend(it.attempt.run.to_le_bytes());
                to.extend(it.attempt.index.to_le_bytes());
                to.extend(it.attempt.number.to_le_bytes());
                to.extend(it.at_once.to_le_bytes());
                let (kind, first, second) = match it.output {
                    To::Files { stdout, stderr, append } => (u8::from(append), stdout, stderr),
                    To::Bundle { directory } => (2, directory, c""),
                };
                to.push(kind);
                [it.cwd, first, second].iter().for_each(|it| text(to, it));
                texts(to, &it.argv);
                texts(to, &it.env);
            }),
            Self::Kill { how, processes } => framed(to, 3, |to| {
                to.push(u8::from(*how == Kill::Kill));
                for (pid, start) in processes {
                    to.extend(pid.to_le_bytes());
                    to.extend(start.to_le_bytes());
                }
            }),
            Self::Withdraw => framed(to, 4, |_| {}),
        }
    }
}

impl<'a> Request<'a> {
    pub(super) fn decode(message: &'a [u8]) -> Result<Self, Broken> {
        let mut it = Reader(message);
        let request = match it.byte()? {
            1 => Self::Hello { version: it.u32()?, cwd: it.text()?, env: it.texts()? },
            2 => {
                let attempt = Attempt { run: it.u64()?, index: it.u64()?, number: it.u32()? };
                let at_once = it.u32()?;
                let kind = it.byte()?;
                let (cwd, first, second) = (it.text()?, it.text()?, it.text()?);
                let output = match kind {
                    0 | 1 => To::Files { stdout: first, stderr: second, append: kind == 1 },
                    2 => To::Bundle { directory: first },
                    _ => return Err(Broken),
                };
                let (argv, env) = (it.texts()?, it.texts()?);
                Self::Start(Start { attempt, at_once, argv, env, cwd, output })
            }
            3 => {
                let how = if it.byte()? == 1 { Kill::Kill } else { Kill::Term };
                let mut processes = Vec::new();
                while !it.0.is_empty() {
                    processes.push((it.u32()?.cast_signed(), it.u64()?));
                }
                Self::Kill { how, processes }
            }
            4 => Self::Withdraw,
            _ => return Err(Broken),
        };
        if it.0.is_empty() { Ok(request) } else { Err(Broken) }
    }
}

impl Reply {
    pub(super) fn encode(&self, to: &mut Vec<u8>) {
        match self {
            Self::Welcome { version, live } => framed(to, 1, |to| {
                to.extend(version.to_le_bytes());
                live.iter().for_each(|it| to.extend(it.encode()));
            }),
            Self::Told(record) => framed(to, 2, |to| to.extend(record.encode())),
            Self::Refused(NotStarted { stage, errno }) => framed(to, 3, |to| {
                to.push(*stage as u8);
                to.extend(errno.to_le_bytes());
            }),
            Self::Signalled => framed(to, 4, |_| {}),
            Self::Withdrawn => framed(to, 6, |_| {}),
            Self::Held { errno } => framed(to, 5, |to| to.extend(errno.to_le_bytes())),
        }
    }

    pub(super) fn decode(message: &[u8]) -> Result<Self, Broken> {
        let mut it = Reader(message);
        let reply = match it.byte()? {
            1 => {
                let (version, mut live) = (it.u32()?, Vec::new());
                while !it.0.is_empty() {
                    live.push(it.record()?);
                }
                Self::Welcome { version, live }
            }
            2 => Self::Told(it.record()?),
            3 => {
                let stage = Stage::from_number(it.byte()?).ok_or(Broken)?;
                Self::Refused(NotStarted { stage, errno: it.u32()?.cast_signed() })
            }
            4 => Self::Signalled,
            5 => Self::Held { errno: it.u32()?.cast_signed() },
            6 => Self::Withdrawn,
            _ => return Err(Broken),
        };
        if it.0.is_empty() { Ok(reply) } else { Err(Broken) }
    }
}

/// The first message of these bytes, and how many of them it takes; `None`: it is not all there.
pub(super) fn message(bytes: &[u8]) -> Result<Option<(&[u8], usize)>, Broken> {
    let Some((length, rest)) = bytes.split_first_chunk() else { return Ok(None) };
    let length = u32::from_le_bytes(*length) as usize;
    if length > LONGEST {
        return Err(Broken);
    }
    Ok(rest.get(..length).map(|it| (it, length + size_of::<u32>())))
}

fn framed(to: &mut Vec<u8>, kind: u8, body: impl FnOnce(&mut Vec<u8>)) {
    let begin = to.len();
    to.extend([0; size_of::<u32>()]);
    to.push(kind);
    body(to);
    let length = to.len() - begin - size_of::<u32>();
    // One that is too long for its number is too long for the other side too.
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    to[begin..begin + size_of::<u32>()].copy_from_slice(&length.to_le_bytes());
}

/// With its NUL, so that it can be given to the system where it lies.
fn text(to: &mut Vec<u8>, text: &CStr) {
    let bytes = text.to_bytes_with_nul();
    to.extend(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes());
    to.extend(bytes);
}

fn texts(to: &mut Vec<u8>, all: &[&CStr]) {
    to.extend(u32::try_from(all.len()).unwrap_or(u32::MAX).to_le_bytes());
    all.iter().for_each(|it| text(to, it));
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, size: usize) -> Result<&'a [u8], Broken> {
        let (taken, rest) = self.0.split_at_checked(size).ok_or(Broken)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Broken> {
        self.take(N)?.try_into().map_err(|_| Broken)
    }

    fn byte(&mut self) -> Result<u8, Broken> {
        Ok(self.array::<1>()?[0])
    }

    fn u32(&mut self) -> Result<u32, Broken> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn u64(&mut self) -> Result<u64, Broken> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    fn record(&mut self) -> Result<Record, Broken> {
        Record::decode(&self.array::<SIZE>()?).ok_or(Broken)
    }

    fn text(&mut self) -> Result<&'a CStr, Broken> {
        let size = self.u32()? as usize;
        CStr::from_bytes_with_nul(self.take(size)?).map_err(|_| Broken)
    }

    fn texts(&mut self) -> Result<Vec<&'a CStr>, Broken> {
        // No room is made for a number that was only said.
        (0..self.u32()?).map(|_| self.text()).collect()
    }
}

#[cfg(test)]
mod tests;
