//! Does a condition hold, now and for this job?

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use xqute::units::Size;
use xqute::{Job, Run};

use super::turns::SOON;
use super::window::Window;
use super::{Asked, LIMIT, command, outdated};

/// What has to hold.
#[derive(Debug)]
pub(super) enum Condition {
    /// Nothing can.
    Never,
    Outdated,
    MinFree {
        least: Size,
        path: PathBuf,
    },
    Exists(PathBuf),
    Absent(PathBuf),
    Command {
        argv: Vec<String>,
        limit: Duration,
    },
    Between(Window),
}

/// Whether it does.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Holds {
    Yes,
    /// For this reason, without figures that change; `until`: it will not for so long.
    No {
        why: String,
        until: Option<Duration>,
    },
    /// It can be told after so long, for this reason.
    NotYet(String, Duration),
    /// Nobody can tell, for this reason.
    Unknown(String),
}

impl Condition {
    /// Looks. Where too many commands run already, one that `waits` is told so at once: the gate that it stands in has a slot.
    pub(super) async fn look(&self, run: &Run, job: &Job, asked: &Asked, waits: bool) -> Holds {
        match self {
            Self::Never => no("it is one of those that are not to be submitted".to_owned()),
            // A file that the last attempt has left, which failed, is not done.
            Self::Outdated if job.trial_count() > 0 => Holds::Yes,
            Self::Outdated => asked.looks.look(LIMIT, outdated::look(job)).await,
            Self::MinFree { least, path } => {
                let (least, path) = (*least, job.resolve(path));
                asked.looks.look(LIMIT, move || has_room(&path, least)).await
            }
            Self::Exists(path) => {
                let (at, path) = (job.resolve(path), path.clone());
                asked.looks.look(LIMIT, move || is_there(&at, &path, true)).await
            }
            Self::Absent(path) => {
                let (at, path) = (job.resolve(path), path.clone());
                asked.looks.look(LIMIT, move || is_there(&at, &path, false)).await
            }
            Self::Command { argv, limit } => {
                let turn = if waits { asked.turns.take(job.index()) } else { asked.turns.wait().await };
                match turn {
                    Some(_turn) => command::look(argv, *limit, run, job).await,
                    None => Holds::NotYet(format!("its turn to ask `{}` has not come", argv.join(" ")), SOON),
                }
            }
            Self::Between(window) => match window.opens_in(Timestamp::now()) {
                None => Holds::Yes,
                Some(until) => Holds::No { why: format!("it is not {window}"), until: Some(until) },
            },
        }
    }
}

fn has_room(path: &Path, least: Size) -> Holds {
    match rustix::fs::statvfs(path) {
        Ok(it) if it.f_bavail.saturating_mul(it.f_frsize) >= least.0 => Holds::Yes,
        Ok(_) => no(format!("less than {} is free in {}", short(least.0), path.display())),
        Err(error) => unknown(path, &error.into()),
    }
}

/// Whether something is there, or not there, as is `wanted`.
fn is_there(at: &Path, path: &Path, wanted: bool) -> Holds {
    let is_there = match fs::metadata(at) {
        Ok(_) => true,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => false,
        Err(error) => return unknown(path, &error),
    };
    match is_there {
        _ if is_there == wanted => Holds::Yes,
        true => no(format!("{} is there", path.display())),
        false => no(format!("{} is not there", path.display())),
    }
}

pub(super) fn no(why: String) -> Holds {
    Holds::No { why, until: None }
}

fn unknown(path: &Path, error: &io::Error) -> Holds {
    Holds::Unknown(format!("{}: {error}", path.display()))
}

/// A size in the largest unit of which it is so many.
pub(super) fn short(bytes: u64) -> String {
    let units = [(40, "T"), (30, "G"), (20, "M"), (10, "K")];
    let whole = units.iter().find(|(bits, _)| bytes.trailing_zeros() >= *bits && bytes > 0);
    whole.map_or_else(|| format!("{bytes} bytes"), |(bits, unit)| format!("{}{unit}", bytes >> bits))
}
